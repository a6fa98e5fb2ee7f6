/** Mounts of one state directory after another, and what is seen of them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { StatusReport } from '../../../src/control/reports.js'
import { newSpaceFlags } from '../../../src/garbage.js'
import type { Bytes, Milliseconds } from '../../../src/units.js'
import { contendersOf, type Contender } from '../contenders.js'
import { spread } from '../figures/summaries.js'
import { links } from '../link.js'
import { Mount } from '../mount.js'
import { run } from '../processes.js'
import type { BenchServer } from '../server/client.js'
import { station } from '../server/fill.js'
import type { Counts } from '../server/process.js'
import { bucketOf, partnerAt, type World } from '../server/worlds.js'
import type { Workspace } from '../workspace.js'

/** What was measured, and the aim. */
export type Line = readonly [what: string, measured: string, atMost: string]

/** A start, and its memory when all is known that it is to know. */
export interface Start {
  readonly usable: Milliseconds
  readonly memory: Bytes
}

/** Starts that have what is measured, and starts that have not, in turn. */
export class Starts {
  readonly #with: Start[] = []
  readonly #without: Start[] = []

  async pair(having: () => Promise<Start>, lacking: () => Promise<Start>): Promise<void> {
    this.#with.push(await having())
    this.#without.push(await lacking())
  }

  usable(): readonly [having: Milliseconds, lacking: Milliseconds] {
    return [median(this.#with.map((it) => it.usable)), median(this.#without.map((it) => it.usable))]
  }

  /** By the least of each: half of the starts have some megabytes yet that V8 has not collected. */
  memory(pieces: number): Bytes {
    const least = (starts: readonly Start[]): Bytes => Math.min(...starts.map((it) => it.memory))
    return (least(this.#with) - least(this.#without)) / pieces
  }
}

/** Longer than a listing lives (`--list-ttl 5s`). */
export const expiry: Milliseconds = 6_000
const limit: Milliseconds = 600_000
const glance: Milliseconds = 20

export class Measuring {
  readonly server: BenchServer
  readonly workspace: Workspace
  readonly #signal: AbortSignal
  readonly #own: Contender

  constructor(server: BenchServer, workspace: Workspace, signal: AbortSignal) {
    const [own] = contendersOf({ as2fs: undefined, before: undefined, rclone: 'rclone', against: [] })
    if (!own) throw new Error('there is no as2fs')
    // As a daemon in the background has it: by default V8 keeps up to 48 MB for what was made just now, and memory is of no mark.
    const command: Contender['command'] = (place) => {
      const [node = '', ...rest] = own.command(place)
      return [node, ...newSpaceFlags, ...rest]
    }
    this.#own = { ...own, command }
    this.server = server
    this.workspace = workspace
    this.#signal = signal
  }

  /** Does something on a mount, and ends that. @param directory with the state, which stays */
  async mounted<T>(
    { world, directory, flags = [] }: { world: World; directory: string; flags?: readonly string[] },
    work: (mount: Mount) => Promise<T>,
  ): Promise<T> {
    const [link] = links
    if (!link) throw new Error('there is no way to the server')
    const subject = { contender: this.#own, server: this.server, link, workspace: this.workspace }
    const mount = await Mount.start({ ...subject, directory, flags, bucket: bucketOf(world) }, this.#signal)
    try {
      return await work(mount)
    } finally {
      await mount.end()
    }
  }

  /** Of a command that prints so many lines. @throws Error */
  async time(command: readonly string[], lines: number): Promise<Milliseconds> {
    const { code, stdout, stderr, time } = await run(command, { limit, signal: this.#signal })
    const seen = stdout.split('\n').length - 1
    if (code !== 0 || seen !== lines) throw new Error(`${command.join(' ')}: ${seen} lines, not ${lines}; ${stderr}`)
    return time
  }

  /** That the mount has made by now, by operation. */
  requests(): Promise<Counts> {
    return this.server.counts(this.#own.accessKey)
  }

  /** @throws Error when it takes too long */
  async until(isSo: () => boolean | Promise<boolean>): Promise<Milliseconds> {
    const began = performance.now()
    while (!(await isSo())) {
      if (performance.now() - began > limit) throw new Error('it took too long')
      await this.pause(glance)
    }
    return performance.now() - began
  }

  async pause(time: Milliseconds): Promise<void> {
    await pause(time, undefined, { signal: this.#signal })
  }
}

/** A folder of the first partner. */
export function folder(mount: Mount, view: string): string {
  return join(mount.mountpoint, station, partnerAt(0), view)
}

/** @throws Error where none are read */
export function receiptsOf(mount: Mount): NonNullable<StatusReport['receipts']> {
  const { receipts } = JSON.parse(readFileSync(join(mount.mountpoint, '.as2fs/status.json'), 'utf8')) as StatusReport
  if (!receipts) throw new Error('no receipts are read')
  return receipts
}

/** Of a file or folder of the state directory. */
export function stateFile(directory: string, name: string): string {
  const path = join(directory, 'tmp/state', name)
  if (!existsSync(path)) throw new Error(`${path} is not there`)
  return path
}

export function median(values: readonly number[]): number {
  return spread(values)?.median ?? NaN
}

export function seconds(time: Milliseconds): string {
  return `${(time / 1000).toFixed(2)} s`
}
