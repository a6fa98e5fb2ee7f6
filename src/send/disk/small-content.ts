/** What small files hold, in memory, as long as they are open. */
import type { Bytes } from '../../units.js'
import { mostContent } from '../life/contents.js'

/** Memory for the contents of all small files that are open. */
export class ContentRoom {
  #left: Bytes

  constructor(limit: Bytes) {
    this.#left = limit
  }

  /** @returns false: there is not so much */
  take(length: Bytes): boolean {
    if (length > this.#left) return false
    this.#left -= length
    return true
  }

  give(length: Bytes): void {
    this.#left += length
  }
}

/** Bytes that come one after the other, as long as they are few. */
export class SmallContent {
  readonly #room: ContentRoom
  readonly #parts: Uint8Array[] = []
  #length: Bytes = 0

  constructor(room: ContentRoom) {
    this.#room = room
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  /** Takes a copy. @returns false: they are not what comes next, or too many */
  add(bytes: Uint8Array, position: Bytes): boolean {
    if (position !== this.#length || position + bytes.length > mostContent || !this.#room.take(bytes.length))
      return false
    this.#parts.push(Uint8Array.from(bytes))
    this.#length += bytes.length
    return true
  }

  drop(): void {
    this.#room.give(this.#length)
    this.#length = 0
    this.#parts.length = 0
  }
}
