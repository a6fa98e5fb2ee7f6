/**
 * Whether the disk has so much room that what is taken in memory now will find some later: else a program that heeds what its
 * writes say, and not what its close(2) says (a shell's `echo … > file`), would not hear that the disk is full.
 */
import { statfs } from 'node:fs/promises'
import type { Bytes, Milliseconds } from '../../units.js'

/** More than all that is in memory, and what others write until it is looked at again. */
const ample: Bytes = 64 * 1024 * 1024
const ampleFiles = 1_024
/** Looked at again, in the background, while somebody asks. */
const lookEvery: Milliseconds = 500
/** What was seen before that says nothing. */
const validFor: Milliseconds = 2_000
/** A quota is not seen in what the whole disk has. */
const afterFailure: Milliseconds = 60_000

/** What a spool asks of it. */
export type Room = Pick<AmpleRoom, 'isAmple' | 'failed' | 'look'>

export class AmpleRoom {
  readonly #directory: string
  readonly #now: () => Milliseconds
  #isAmple = false
  #seenAt: Milliseconds = -Infinity
  #failedAt: Milliseconds = -Infinity
  #looking: Promise<void> | undefined

  /** @param now monotonic; replaceable for tests */
  constructor(directory: string, now: () => Milliseconds = () => performance.now()) {
    this.#directory = directory
    this.#now = now
  }

  /** Of a moment ago; false as long as it is not known. */
  get isAmple(): boolean {
    const [now, seenAt] = [this.#now(), this.#seenAt]
    if (now - seenAt > lookEvery) void this.look()
    return this.#isAmple && now - seenAt < validFor && now - this.#failedAt > afterFailure
  }

  /** There was none for somebody. */
  failed(): void {
    this.#failedAt = this.#now()
  }

  /** Never throws: what can't be told is not ample. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<void> {
    this.#isAmple = await hasAmple(this.#directory).catch(() => false)
    this.#seenAt = this.#now()
  }
}

async function hasAmple(directory: string): Promise<boolean> {
  const { bavail, bsize, files, ffree } = await statfs(directory)
  // Some filesystems don't count files.
  return bavail * bsize >= ample && (files === 0 || ffree >= ampleFiles)
}
