/** Bytes of objects in blocks, within one memory budget; one request under way for all who want the same block. */
import { LRUCache } from 'lru-cache'
import { FsError } from '../errors.js'
import type { ByteRange, ObjectInfo, Store } from '../s3/store.js'
import type { Bytes, Key, Milliseconds } from '../units.js'
import { blockAhead, blockRange, blocksOf, blockSize, wholeLimit } from './blocks.js'
import type { Objects, OpenObject } from './objects.js'
import { SharedFetches } from './shared-fetches.js'

export interface ObjectsOptions {
  readonly store: Store
  /** `--cache-size` */
  readonly budget: Bytes
  /** How long one GET may take, its retries included. */
  readonly deadline: Milliseconds
  /** The object is not, or no longer, what the listing says: it should look again. */
  readonly onGone: (key: Key) => void
  readonly onReplaced: (key: Key) => void
}

export function createObjects(options: ObjectsOptions): Objects {
  return new CachedObjects(options)
}

class CachedObjects implements Objects {
  readonly #options: ObjectsOptions
  readonly #cache: LRUCache<string, Uint8Array>
  readonly #fetches: SharedFetches<Uint8Array>

  constructor(options: ObjectsOptions) {
    this.#options = options
    this.#cache = new LRUCache({
      maxSize: Math.max(options.budget, 1),
      // An empty object has an empty block; the cache wants positive sizes.
      sizeCalculation: (block) => Math.max(block.length, 1),
    })
    this.#fetches = new SharedFetches(options.deadline)
  }

  open(info: ObjectInfo): OpenObject {
    return new PinnedObject(info, this)
  }

  usage(): { used: number; budget: number } {
    return { used: this.#cache.calculatedSize, budget: this.#options.budget }
  }

  /** A block of a version, from the cache or the bucket. */
  async block(info: ObjectInfo, index: number, signal: AbortSignal): Promise<Uint8Array> {
    const id = `${info.etag} ${index} ${info.key}`
    const cached = this.#cache.get(id)
    if (cached) return cached
    return this.#fetches.get(id, signal, async (own) => {
      const block = await this.#fetch(info, index, own)
      this.#cache.set(id, block)
      return block
    })
  }

  async #fetch(info: ObjectInfo, index: number, signal: AbortSignal): Promise<Uint8Array> {
    const range = blockRange(index, info.size)
    const pinned = { key: info.key, ...(info.etag === '' ? {} : { etag: info.etag }) }
    try {
      const block = await this.#options.store.get(info.size <= wholeLimit ? pinned : { ...pinned, range }, signal)
      if (block.length === range.end - range.start) return block
      throw new FsError('ESTALE', `${info.key} has another size than its listing says: it was replaced.`, {
        key: info.key,
      })
    } catch (error) {
      if (error instanceof FsError && error.code === 'ENOENT') this.#options.onGone(info.key)
      if (error instanceof FsError && error.code === 'ESTALE') this.#options.onReplaced(info.key)
      throw error
    }
  }
}

class PinnedObject implements OpenObject {
  readonly info: ObjectInfo
  readonly #objects: CachedObjects
  readonly #closed = new AbortController()
  #lastEnd: Bytes | undefined

  constructor(info: ObjectInfo, objects: CachedObjects) {
    this.info = info
    this.#objects = objects
  }

  async read(wanted: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const range = { start: wanted.start, end: Math.min(wanted.end, this.info.size) }
    if (range.start >= range.end) return new Uint8Array(0)
    this.#readAhead(range)
    const { first, last } = blocksOf(range, this.info.size)
    if (first === last) return slice(await this.#objects.block(this.info, first, signal), first, range)
    const indexes = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    const blocks = await Promise.all(indexes.map((index) => this.#objects.block(this.info, index, signal)))
    return Buffer.concat(blocks.map((block, i) => slice(block, first + i, range)))
  }

  close(): void {
    this.#closed.abort()
  }

  #readAhead(range: ByteRange): void {
    const ahead = blockAhead(this.#lastEnd, range, this.info.size)
    this.#lastEnd = range.end
    // Nobody waits for it: whoever does later hears of its failure then.
    if (ahead !== undefined) this.#objects.block(this.info, ahead, this.#closed.signal).catch(() => undefined)
  }
}

/** The part of a block that a range of the object covers; no copy. */
function slice(block: Uint8Array, index: number, range: ByteRange): Uint8Array {
  const offset = index * blockSize
  return block.subarray(Math.max(0, range.start - offset), range.end - offset)
}
