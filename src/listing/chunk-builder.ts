/** Packs the pages of a listing as they come: no more than half a page is ever held unpacked. */
import type { ObjectInfo } from '../s3/store.js'
import type { Prefix } from '../units.js'
import { Chunk, chunkLength } from './chunk.js'

export class ChunkBuilder {
  readonly #cut: number
  readonly #chunks: Chunk[] = []
  #rest: ObjectInfo[] = []

  /** @param prefix the view's: keys are packed without it */
  constructor(prefix: Prefix) {
    this.#cut = prefix.length
  }

  /** @param objects in key order, after those that were added before */
  add(objects: Iterable<ObjectInfo>): void {
    for (const object of objects) if (this.#rest.push(object) === chunkLength) this.#pack()
  }

  /** All that was added. Nothing may be added after this. */
  built(): readonly Chunk[] {
    if (this.#rest.length > 0) this.#pack()
    return this.#chunks
  }

  #pack(): void {
    this.#chunks.push(new Chunk(this.#rest, this.#cut))
    this.#rest = []
  }
}
