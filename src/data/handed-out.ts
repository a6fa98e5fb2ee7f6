/** The blocks of one open object that its reader reads by itself: they stay as they are until it gives them back. */
import type { ByteRange } from '../s3/store.js'
import type { Bytes } from '../units.js'
import type { BlockReader } from './objects.js'

/** What was handed out, and is not back yet. */
interface HandedOutBlock {
  readonly range: ByteRange
  /** Whether it was wanted back: that it comes says nothing of how far the reader is. */
  isWanted: boolean
  want: () => void
}

export class HandedOut {
  readonly #reader: BlockReader
  readonly #blocks = new Map<Bytes, HandedOutBlock>()

  constructor(reader: BlockReader) {
    this.#reader = reader
  }

  /**
   * @param done called once it is back, with how many bytes were read of it, and whether it was wanted
   * @returns false: it was not taken
   */
  give(range: ByteRange, bytes: Uint8Array, done: (served: Bytes, isWanted: boolean) => void): boolean {
    const block: HandedOutBlock = { range, isWanted: false, want: () => undefined }
    const want = this.#reader.give(range.start, bytes, (served) => {
      if (this.#blocks.get(range.start) === block) this.#blocks.delete(range.start)
      done(served, block.isWanted)
    })
    if (!want) return false
    block.want = want
    this.#blocks.set(range.start, block)
    return true
  }

  has(position: Bytes): boolean {
    return this.#at(position) !== undefined
  }

  /** Up to where all of it is handed out from a position on. */
  reach(from: Bytes): Bytes {
    let position = from
    for (let block = this.#at(position); block; block = this.#at(position)) position = block.range.end
    return position
  }

  /** The block that begins there is wanted back. */
  want(start: Bytes): void {
    const block = this.#blocks.get(start)
    if (!block) return
    this.#blocks.delete(start)
    block.isWanted = true
    block.want()
  }

  wantAll(): void {
    for (const start of [...this.#blocks.keys()]) this.want(start)
  }

  #at(position: Bytes): { readonly range: ByteRange } | undefined {
    for (const block of this.#blocks.values()) {
      if (block.range.start <= position && position < block.range.end) return block
    }
    return undefined
  }
}
