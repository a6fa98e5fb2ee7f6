/** One open object: answers reads from blocks, and keeps a window of blocks on their way ahead of its reader. */
import type { ByteRange, ObjectInfo } from '../s3/store.js'
import type { Bytes } from '../units.js'
import type { BlockSource } from './block-source.js'
import { blockAt, blockFrom, smallestUnit, wholeLimit } from './blocks.js'
import type { OpenObject } from './objects.js'
import type { SequentialReaders } from './sequential-readers.js'
import { controllerOfMany } from './shared-fetches.js'
import { nextWindow, type Window, type WindowLimits } from './window.js'

const MiB: Bytes = 1024 * 1024
/** Two of the kernel's largest reads: one alone may be a look at the beginning. */
const opensAfter: Bytes = 256 * 1024
/** At 25 ms to S3, 32 MiB on their way are 1.3 GB/s. */
const widest: Bytes = 32 * MiB
/** The kernel reads ahead 1 MiB in requests of 128 KiB, which arrive in any order. @see max_readahead */
const slack: Bytes = MiB
/** Those who read at the same time share this part of the budget: what was fetched must live until it is read. */
const shareOfWindows = 1 / 4

/** What the open objects of a mount have in common. */
export interface Readers {
  readonly blocks: BlockSource
  /** Those whose window is open. */
  readonly sequential: SequentialReaders
}

export class PinnedObject implements OpenObject {
  readonly info: ObjectInfo
  readonly #readers: Readers
  readonly #onFirstRead: () => void
  #window: Window | undefined
  /** Up to where the window's blocks are on their way, or were. */
  #fetchedTo: Bytes = 0
  /** Ends what is fetched ahead; undefined while the window is closed. */
  #ahead: AbortController | undefined

  constructor(info: ObjectInfo, readers: Readers, onFirstRead: () => void) {
    this.info = info
    this.#readers = readers
    this.#onFirstRead = onFirstRead
  }

  async read(wanted: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const range = { start: wanted.start, end: Math.min(wanted.end, this.info.size) }
    if (range.start >= range.end) return new Uint8Array(0)
    const isFirst = this.#window === undefined
    this.#follow(range)
    const reading = this.#bytes(range, isFirst, signal)
    // After our own request: it must not wait behind those of others to come.
    if (isFirst) this.#onFirstRead()
    return reading
  }

  close(): void {
    this.#closeWindow()
  }

  async #bytes(range: ByteRange, isFirst: boolean, signal: AbortSignal): Promise<Uint8Array> {
    let all: Uint8Array | undefined
    for (let position = range.start; position < range.end;) {
      const { start, end } = this.#blockOf(position, isFirst)
      const part = await this.#part({ start, end }, { start: position, end: Math.min(range.end, end) }, signal)
      if (part.length === range.end - range.start) return part
      // While the next block is waited for, the memory of this one may get another's bytes.
      all ??= Buffer.allocUnsafe(range.end - range.start)
      all.set(part, position - range.start)
      position = end
    }
    return all ?? new Uint8Array(0)
  }

  async #part(block: ByteRange, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const { blocks } = this.#readers
    const bytes = blocks.held(this.info, block) ?? (await blocks.read(this.info, block, signal))
    return bytes.subarray(range.start - block.start, range.end - block.start)
  }

  #blockOf(position: Bytes, isFirst: boolean): ByteRange {
    return this.#readers.blocks.find(this.info, position) ?? this.#blockFor(position, isFirst)
  }

  /** The block to fetch for one who waits. At the beginning a larger one: most files are read from there to the end. */
  #blockFor(position: Bytes, isFirst: boolean): ByteRange {
    return blockAt(position, isFirst && position === 0 ? wholeLimit : smallestUnit, this.info.size)
  }

  /** Moves the window on, or closes it, and sets what is in it on its way. */
  #follow(range: ByteRange): void {
    const last = this.#window
    const window = nextWindow(last, range, this.#limits())
    this.#window = window
    if (this.info.size <= wholeLimit) return
    if (window.ahead === 0) {
      if (last && last.ahead > 0) this.#closeWindow()
      return
    }
    this.#readers.sequential.add(this)
    if (last?.ahead === 0) this.#fetchedTo = range.start
    this.#fetchAhead(window, range.start)
  }

  #fetchAhead(window: Window, from: Bytes): void {
    const { blocks } = this.#readers
    const { signal } = (this.#ahead ??= controllerOfMany())
    const until = Math.min(this.info.size, window.frontier + window.ahead)
    let position = Math.max(this.#fetchedTo, Math.min(from, window.frontier))
    while (position < until) {
      const block = blocks.find(this.info, position) ?? blockFrom(position, window.ahead, this.info.size)
      if (!blocks.fetchAhead(this.info, block, signal)) break
      position = block.end
    }
    this.#fetchedTo = position
  }

  #closeWindow(): void {
    this.#ahead?.abort()
    this.#ahead = undefined
    this.#readers.sequential.delete(this)
  }

  #limits(): WindowLimits {
    const { blocks, sequential } = this.#readers
    const share = Math.floor((blocks.limit * shareOfWindows) / sequential.countWith(this))
    const max = Math.max(smallestUnit, Math.min(widest, share))
    return { opensAfter, first: Math.min(MiB, max), max, slack }
  }
}
