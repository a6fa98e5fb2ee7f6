/**
 * Archives that were folders a moment ago. The kernel goes on believing that, and answers EIO if it is told of another kind
 * meanwhile: so it is told what it believes, until it looks the name up anew.
 */
import type { Attributes } from '../../fs/filesystem.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Milliseconds } from '../../units.js'
import { believedAtMost } from './believed-for.js'

export class PackedFolders {
  readonly #clock: Clock
  readonly #until = new Map<string, Milliseconds>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Whether the kernel believes in no such folder. */
  get isEmpty(): boolean {
    for (const path of [...this.#until.keys()]) if (this.has(path)) return false
    return true
  }

  /** The folder that the kernel knows by that path is an archive now. */
  add(path: string): void {
    this.#until.set(path, this.#clock.monotonic() + believedAtMost)
  }

  has(path: string): boolean {
    const until = this.#until.get(path)
    if (until === undefined) return false
    if (until > this.#clock.monotonic()) return true
    this.#until.delete(path)
    return false
  }

  /** The kernel is told of something new by that path. */
  remove(path: string): void {
    this.#until.delete(path)
  }

  /** What the kernel is told of a path. */
  asBelieved(path: string, now: Attributes): Attributes {
    if (now.kind === 'folder' || !this.has(path)) return now
    return { kind: 'folder', mode: 0o755, size: 0, mtime: now.mtime }
  }
}
