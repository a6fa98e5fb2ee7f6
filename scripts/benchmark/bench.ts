/** Takes the figures of a piece of work on a mount. */
import { setTimeout as pause } from 'node:timers/promises'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StatusReport } from '../../src/control/reports.js'
import type { Bytes, Milliseconds } from '../../src/units.js'
import { spent, type CpuReading } from './cpu.js'
import type { Mount } from './mount.js'
import type { Options } from './options.js'
import { OverLimit, run, type Outcome } from './processes.js'
import { difference, type Figure, type Measured, type Row } from './results.js'
import type { BenchServer } from './server/client.js'
import type { Counts } from './server/process.js'
import type { Sizes } from './sizes.js'
import type { Workspace } from './workspace.js'

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

interface Reading {
  readonly counts: Counts
  readonly cpu: CpuReading
}

export class Bench {
  readonly figures: Figure[] = []

  readonly mount: Mount
  readonly server: BenchServer
  readonly workspace: Workspace
  readonly sizes: Sizes
  /** How often work is done. */
  readonly runs: number
  /** Ends everything. */
  readonly signal: AbortSignal

  constructor(mount: Mount, { server, workspace, options, signal }: Surroundings) {
    this.mount = mount
    this.server = server
    this.workspace = workspace
    this.sizes = options.sizes
    this.runs = options.runs
    this.signal = signal
  }

  /** Takes the time, the CPU time and the requests of a command. @throws OverLimit, Wrong */
  async command(row: Row, command: readonly string[], expected: Expectation = {}): Promise<void> {
    await this.time(row, expected.bytes, async () => {
      const outcome = await this.run(command)
      const lines = outcome.stdout.split('\n').length - 1
      if (expected.lines !== undefined && lines !== expected.lines) {
        throw new Wrong(`${lines} lines instead of ${expected.lines}`)
      }
      return outcome.time
    })
  }

  /** Takes the rest of something that takes its time itself, in milliseconds. */
  async time(row: Row, bytes: Bytes | undefined, take: () => Promise<Milliseconds>): Promise<void> {
    await this.figure(row, async () => {
      const value = (await take()) / 1000
      return { unit: 'seconds', value, ...(bytes === undefined ? {} : { bytes }) }
    })
  }

  async figure(row: Row, take: () => Promise<Measured>): Promise<void> {
    const before = await this.#reading()
    try {
      const figure = await take()
      this.figures.push({ row, ...(await this.#since(before)), ...figure })
    } catch (error) {
      const since = await this.#since(before)
      this.figures.push({ row, unit: 'seconds', value: undefined, ...since, failure: failureOf(error) })
      throw error
    }
  }

  /** The memory of the daemon: as it is, or the most it had since it was mounted. */
  async memory(row: Row, which: 'now' | 'peak'): Promise<void> {
    await this.figure(row, async () => ({ unit: 'bytes', value: this.mount.memory()[which] }))
  }

  /** What as2fs has fetched for nothing since it was mounted; others don't say. */
  async fetchedForNothing({ id, words }: Row): Promise<void> {
    if (this.mount.contender.name !== 'as2fs') return
    const status = join(this.mount.mountpoint, '.as2fs/status.json')
    const { cache } = JSON.parse(await readFile(status, 'utf8')) as StatusReport
    const row = { id: `${id}-wasted`, words: `fetched for nothing, ${words}` }
    await this.figure(row, async () => ({ unit: 'bytes', value: cache.wasted }))
  }

  /** Runs a command that must succeed, untimed. */
  async run(command: readonly string[]): Promise<Outcome> {
    return succeeded(await run(command, { limit: this.sizes.limit, signal: this.signal }))
  }

  /** Runs one of the programs beside this, which prints a number. */
  async program(name: string, ...args: readonly string[]): Promise<number> {
    return Number((await this.run(programCommand(name, ...args))).stdout)
  }

  async pause(time: Milliseconds): Promise<void> {
    await pause(time, undefined, { signal: this.signal })
  }

  /** Asks again until it is so. @throws OverLimit */
  async until(ask: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + this.sizes.limit
    while (!(await ask())) {
      if (performance.now() > end) throw new OverLimit(this.sizes.limit)
      await this.pause(10)
    }
  }

  async #reading(): Promise<Reading> {
    return { counts: await this.server.counts(this.mount.contender.accessKey), cpu: this.mount.cpu() }
  }

  async #since(before: Reading): Promise<Pick<Figure, 'requests' | 'cpu'>> {
    // The time of asking the server is not the work's.
    const cpu = spent(before.cpu, this.mount.cpu())
    const counts = await this.server.counts(this.mount.contender.accessKey)
    return { cpu, requests: difference(counts, before.counts) }
  }
}

/** @throws Wrong */
export function succeeded(outcome: Outcome): Outcome {
  if (outcome.code !== 0) throw new Wrong(`exit ${outcome.code ?? 'by signal'}: ${outcome.stderr.slice(0, 200)}`)
  return outcome
}

export function programCommand(name: string, ...args: readonly string[]): readonly string[] {
  return [process.execPath, fileURLToPath(new URL(`programs/${name}.js`, import.meta.url)), ...args]
}

export function failureOf(error: unknown): string {
  if (error instanceof OverLimit) return `> ${error.limit / 1000} s`
  return error instanceof Error ? error.message : String(error)
}
