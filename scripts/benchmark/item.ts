/** A piece of work: what it may use, and how its figures are taken. */
import { setTimeout as pause } from 'node:timers/promises'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StatusReport } from '../../src/control/reports.js'
import type { Bytes, Milliseconds } from '../../src/units.js'
import type { ContenderName } from './contenders.js'
import type { Mount } from './mount.js'
import type { Options, Sizes } from './options.js'
import { OverLimit, run, type Outcome } from './processes.js'
import { difference, type Figure } from './results.js'
import type { BenchServer } from './server/client.js'
import type { Counts } from './server/process.js'
import type { World } from './server/worlds.js'
import type { Workspace } from './workspace.js'

export interface Item {
  readonly name: string
  /** Whether the network's delay has a part in it: not at all, or nothing but that is of interest. */
  readonly delay: 'never' | 'both' | 'always'
  /** A bucket of its own, in place of the one for all. */
  readonly world?: (sizes: Sizes) => World
  /** Flags of the mount that this work needs to be comparable. */
  readonly flags?: Partial<Record<ContenderName, readonly string[]>>
  /** Does the work on a mount of which nothing was looked at yet. */
  do(bench: Bench): Promise<void>
}

/** What all pieces of work share. */
export interface Surroundings {
  readonly options: Options
  readonly server: BenchServer
  readonly workspace: Workspace
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** The work was done wrongly, so its time means nothing. */
export class Wrong extends Error {}

export interface Expectation {
  /** What has to be in the output, as often as this. */
  readonly lines?: number
  /** How much was read or written. */
  readonly bytes?: Bytes
}

export class Bench {
  readonly figures: Figure[] = []

  readonly mount: Mount
  readonly server: BenchServer
  readonly workspace: Workspace
  readonly sizes: Sizes
  /** Ends everything. */
  readonly signal: AbortSignal

  constructor(mount: Mount, { server, workspace, options, signal }: Surroundings) {
    this.mount = mount
    this.server = server
    this.workspace = workspace
    this.sizes = options.sizes
    this.signal = signal
  }

  /** Takes the time and the requests of a command. @throws OverLimit, Wrong */
  async command(work: string, command: readonly string[], expected: Expectation = {}): Promise<void> {
    await this.time(work, expected.bytes, async () => {
      const outcome = await this.run(command)
      const lines = outcome.stdout.split('\n').length - 1
      if (expected.lines !== undefined && lines !== expected.lines) {
        throw new Wrong(`${lines} lines instead of ${expected.lines}`)
      }
      return outcome.time
    })
  }

  /** Takes the requests of something that takes its time itself, in milliseconds. */
  async time(work: string, bytes: Bytes | undefined, take: () => Promise<Milliseconds>): Promise<void> {
    await this.figure(work, async () => {
      const value = (await take()) / 1000
      return { unit: 'seconds', value, ...(bytes === undefined ? {} : { bytes }) }
    })
  }

  async figure(work: string, take: () => Promise<Omit<Figure, 'work'>>): Promise<void> {
    const before = await this.#counts()
    try {
      const figure = await take()
      this.figures.push({ work, ...figure, requests: difference(await this.#counts(), before) })
    } catch (error) {
      const requests = difference(await this.#counts(), before)
      this.figures.push({ work, unit: 'seconds', value: undefined, requests, failure: failureOf(error) })
      throw error
    }
  }

  /** What as2fs has fetched for nothing since it was mounted; others don't say. */
  async fetchedForNothing(what: string): Promise<void> {
    if (this.mount.contender.name !== 'as2fs') return
    const status = join(this.mount.mountpoint, '.as2fs/status.json')
    const { cache } = JSON.parse(await readFile(status, 'utf8')) as StatusReport
    await this.figure(`fetched for nothing, ${what}`, async () => ({ unit: 'bytes', value: cache.wasted }))
  }

  /** Runs a command that must succeed, untimed. */
  async run(command: readonly string[]): Promise<Outcome> {
    const outcome = await run(command, { limit: this.sizes.limit, signal: this.signal })
    if (outcome.code !== 0) throw new Wrong(`exit ${outcome.code ?? 'by signal'}: ${outcome.stderr.slice(0, 200)}`)
    return outcome
  }

  /** Runs one of the programs beside this, which prints a number. */
  async program(name: string, ...args: readonly string[]): Promise<number> {
    return Number((await this.run(programCommand(name, ...args))).stdout)
  }

  /** Asks again until it is so. @throws OverLimit */
  async until(ask: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + this.sizes.limit
    while (!(await ask())) {
      if (Date.now() > end) throw new OverLimit(this.sizes.limit)
      await pause(10, undefined, { signal: this.signal })
    }
  }

  #counts(): Promise<Counts> {
    return this.server.counts(this.mount.contender.accessKey)
  }
}

export function programCommand(name: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, fileURLToPath(new URL(`programs/${name}.js`, import.meta.url)), ...args]
}

export function failureOf(error: unknown): string {
  if (error instanceof OverLimit) return `> ${error.limit / 1000} s`
  return error instanceof Error ? error.message : String(error)
}
