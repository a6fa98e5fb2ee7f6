/** Answers to the kernel's calls, encoded as the compiled binding takes them. */
import { constants } from 'node:os'
import type { Attributes, FilesystemFigures, Opened } from '../fs/filesystem.js'
import type { Milliseconds } from '../units.js'
import { openFlags, type Kernel, type Session } from './kernel.js'
import { encodeStat, numbersOf, type Ownership } from './stat.js'

/** Of names. */
const longestName = 255
/** How many files `df -i` says there may be: no bound is known. */
const manyFiles = 0xffffffff

export interface KernelRepliesOptions {
  readonly kernel: Kernel
  readonly owner: Ownership
  /** Is asked for from the first answer on. */
  readonly session: () => Session
}

/** Each to the call that the kernel knows by `unique`. */
export class KernelReplies {
  /** Where the kernel's half reads what something is like. */
  readonly numbers = new Float64Array(16)
  readonly #kernel: Kernel
  readonly #owner: Ownership
  readonly #session: () => Session

  constructor({ kernel, owner, session }: KernelRepliesOptions) {
    this.#kernel = kernel
    this.#owner = owner
    this.#session = session
  }

  /** @param errno negative; 0 is success with nothing to tell */
  error(unique: number, errno: number): void {
    this.#kernel.replyError(this.#session(), unique, -errno)
  }

  /** There is nothing by a name, and will not be for as long, but by calls of this kernel's. */
  absent(unique: number, holds: Milliseconds): void {
    this.#kernel.replyError(this.#session(), unique, constants.errno.ENOENT, holds)
  }

  /** What a name stands for. */
  entry(unique: number, it: Attributes): void {
    this.#kernel.replyEntry(this.#session(), unique, this.#encode(it))
  }

  attributes(unique: number, it: Attributes): void {
    this.#kernel.replyAttr(this.#session(), unique, this.#encode(it))
  }

  /** @returns false: nobody waits for it, and it will not be released */
  opened(unique: number, { handle, content, held }: Opened): boolean {
    const { version, size } = typeof content === 'object' ? content : {}
    const uncached = content === 'rendered' ? openFlags.uncached : 0
    // What can only be read has nothing to say at close(2).
    const flush = version === undefined ? 0 : openFlags.noFlush
    const all = version === undefined ? undefined : held?.()
    return this.#kernel.replyOpen(this.#session(), unique, handle, uncached | flush, version, size, all)
  }

  /** @returns as `opened` */
  created(unique: number, handle: number, it: Attributes): boolean {
    return this.#kernel.replyCreate(this.#session(), unique, handle, this.#encode(it))
  }

  data(unique: number, bytes: Uint8Array): void {
    this.#kernel.replyData(this.#session(), unique, bytes)
  }

  count(unique: number, written: number): void {
    this.#kernel.replyCount(this.#session(), unique, written)
  }

  /** @param names as of `packFolder` */
  folder(unique: number, names: Uint8Array): void {
    this.#kernel.replyFolder(this.#session(), unique, names)
  }

  figures(unique: number, { blockSize, totalBlocks, freeBlocks, files }: FilesystemFigures): void {
    this.numbers.set([blockSize, totalBlocks, freeBlocks, manyFiles, manyFiles - files, longestName])
    this.#kernel.replyStatfs(this.#session(), unique)
  }

  /** @param bytes as of `Kernel.replyXattr` */
  xattr(unique: number, bytes: Uint8Array): void {
    this.#kernel.replyXattr(this.#session(), unique, bytes)
  }

  /** What a call removes or replaces has its other name from now on. @see Kernel.hidden */
  hidden(unique: number): boolean | undefined {
    return this.#kernel.hidden(this.#session(), unique)
  }

  /** First of all in a release. @see Kernel.released */
  released(unique: number): string | undefined {
    const path = this.#kernel.released(this.#session(), unique)
    return typeof path === 'string' ? path : undefined
  }

  /** Has those that were closed told of. */
  tellClosed(): void {
    this.#kernel.tellClosed(this.#session())
  }

  /** Writes attributes where the kernel's half reads them. @returns what the inode's number is made of */
  #encode(it: Attributes): string | undefined {
    numbersOf(encodeStat(it, this.#owner), this.numbers)
    return it.identity
  }
}
