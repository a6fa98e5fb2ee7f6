/** One open object: answers reads from blocks, and keeps a window of blocks on their way ahead of its reader. */
import type { CancelSignal } from '../cancellation.js'
import type { ByteRange, ObjectInfo } from '../s3/store.js'
import type { Bytes } from '../units.js'
import type { BlockSource } from './block-source.js'
import { blockAt, blockFrom, largestUnit, smallestUnit, wholeLimit } from './blocks.js'
import { HandedOut } from './handed-out.js'
import type { BlockReader, OpenObject } from './objects.js'
import type { SequentialReaders } from './sequential-readers.js'
import { controllerOfMany } from './shared-fetches.js'
import { nextWindow, widestAt, type Window, type WindowLimits } from './window.js'

const MiB: Bytes = 1024 * 1024
/** Two of the kernel's largest reads: one alone may be a look at the beginning. */
const opensAfter: Bytes = 256 * 1024
/** The kernel reads ahead 1 MiB in requests that arrive in any order. @see src/fuse/readahead.ts */
const slack: Bytes = MiB
/** What is handed out as a whole is copied. */
const mostHeld: Bytes = smallestUnit
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
  /** Undefined: all that is read is read here. */
  #handedOut: HandedOut | undefined

  constructor(info: ObjectInfo, readers: Readers, onFirstRead: () => void) {
    this.info = info
    this.#readers = readers
    this.#onFirstRead = onFirstRead
  }

  async read(wanted: ByteRange, signal: CancelSignal): Promise<Uint8Array> {
    const range = { start: wanted.start, end: Math.min(wanted.end, this.info.size) }
    if (range.start >= range.end) return new Uint8Array(0)
    const isFirst = this.#window === undefined
    this.#follow(range)
    const reading = this.#bytes(range, isFirst, signal)
    // After our own request: it must not wait behind those of others to come.
    if (isFirst) this.#onFirstRead()
    return reading
  }

  readBy(reader: BlockReader): void {
    if (this.info.size > wholeLimit) this.#handedOut = new HandedOut(reader)
  }

  held(): Uint8Array | undefined {
    const { size } = this.info
    if (size > mostHeld) return undefined
    const bytes = this.#readers.blocks.peek(this.info, { start: 0, end: size })
    if (bytes) this.#onFirstRead()
    return bytes
  }

  close(answered = 0): void {
    this.#readers.blocks.wereHits(answered)
    this.#closeWindow()
  }

  async #bytes(range: ByteRange, isFirst: boolean, signal: CancelSignal): Promise<Uint8Array> {
    const first = this.#blockOf(range, isFirst)
    if (range.end <= first.end) return this.#part(first, range, signal)
    const all = Buffer.allocUnsafe(range.end - range.start)
    const parts: Promise<void>[] = []
    for (let { start } = range, block = first; ; block = this.#blockOf({ start, end: range.end }, false)) {
      const part = { start, end: Math.min(range.end, block.end) }
      // While another block is waited for, the memory of this one may get another's bytes.
      parts.push(this.#part(block, part, signal).then((bytes) => all.set(bytes, part.start - range.start)))
      start = part.end
      if (start === range.end) break
    }
    await Promise.all(parts)
    return all
  }

  async #part(block: ByteRange, range: ByteRange, signal: CancelSignal): Promise<Uint8Array> {
    const { blocks } = this.#readers
    const bytes = blocks.held(this.info, block) ?? (await blocks.read(this.info, block, signal))
    return bytes.subarray(range.start - block.start, range.end - block.start)
  }

  #blockOf(range: ByteRange, isFirst: boolean): ByteRange {
    return this.#readers.blocks.find(this.info, range.start) ?? this.#blockFor(range, isFirst)
  }

  /** The block to fetch for one who waits. At the beginning a larger one: most files are read from there to the end. */
  #blockFor({ start, end }: ByteRange, isFirst: boolean): ByteRange {
    const { size } = this.info
    return isFirst && start === 0 ? blockAt(start, wholeLimit, size) : blockFrom(start, end - start, size)
  }

  /** Moves the window on, or closes it, and sets what is in it on its way. */
  #follow(range: ByteRange): void {
    const last = this.#window && this.#caughtUp(this.#window, range.start)
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
      if (!blocks.fetchAhead(this.info, block, signal, (bytes) => this.#handOut(block, bytes))) break
      position = block.end
    }
    this.#fetchedTo = position
  }

  #closeWindow(): void {
    this.#ahead?.abort()
    this.#ahead = undefined
    this.#handedOut?.wantAll()
    this.#readers.sequential.delete(this)
  }

  /** A block of the window has come: it is read elsewhere from now on, where that can be. */
  #handOut(block: ByteRange, bytes: Uint8Array): void {
    const out = this.#handedOut
    if (!this.#ahead || !out || out.has(block.start)) return
    const { blocks } = this.#readers
    const end = blocks.lend(this.info, block, bytes, () => out.want(block.start))
    const isTaken = out.give(block, bytes, (served, isWanted) => {
      end(served)
      if (!isWanted) this.#wasPassed(block, served)
    })
    if (!isTaken) end(0)
  }

  /** It came back: its reader is behind its end. */
  #wasPassed(block: ByteRange, served: Bytes): void {
    const window = this.#window
    if (this.#ahead && window && served > 0 && block.end > window.frontier) {
      this.#follow({ start: window.frontier, end: block.end })
    }
    // The kernel has its pages. Who read little of it has jumped.
    const length = block.end - block.start
    if (length === largestUnit && served >= length / 2) this.#readers.blocks.passed(this.info, block)
  }

  /** What was read elsewhere on the way to a position counts as read. */
  #caughtUp(window: Window, position: Bytes): Window {
    const reached = Math.min(position, this.#handedOut?.reach(window.frontier) ?? 0)
    if (reached <= window.frontier) return window
    return { ...window, frontier: reached, run: window.run + reached - window.frontier }
  }

  #limits(): WindowLimits {
    const { blocks, sequential } = this.#readers
    const share = Math.floor((blocks.limit * shareOfWindows) / sequential.countWith(this))
    const max = Math.max(smallestUnit, Math.min(widestAt(blocks.delay), share))
    return { opensAfter, first: Math.min(MiB, max), max, slack }
  }
}
