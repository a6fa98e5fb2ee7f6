/** Blocks of one bucket on disk, by their version; a finer block is found in a coarser one. */
import type { ByteRange, ObjectInfo } from '../s3/store.js'
import { blockAt, units } from './blocks.js'
import type { BlockName } from './disk-block.js'
import type { DiskCache } from './disk-cache.js'
import type { DiskUsage } from './objects.js'

export class BlockDisk {
  readonly #cache: DiskCache
  readonly #bucket: string

  /** @param bucket tells buckets apart that share a cache: server and name */
  constructor(cache: DiskCache, bucket: string) {
    this.#cache = cache
    this.#bucket = bucket
  }

  /** @returns whether the block was there: it is in `into` then, which is untouched else */
  async read(info: ObjectInfo, block: ByteRange, into: Uint8Array): Promise<boolean> {
    // Without an ETag versions can't be told apart.
    if (info.etag === '') return false
    for (const range of covering(info, block)) {
      const bytes = await this.#cache.read(this.#nameOf(info, range), block)
      if (!bytes) continue
      into.set(bytes)
      return true
    }
    return false
  }

  /** @param done called when the bytes may change */
  write(info: ObjectInfo, block: ByteRange, bytes: Uint8Array, done: () => void): void {
    if (info.etag === '') done()
    else this.#cache.write(this.#nameOf(info, block), bytes, done)
  }

  usage(): DiskUsage {
    return this.#cache.usage()
  }

  #nameOf({ key, etag }: ObjectInfo, range: ByteRange): BlockName {
    return { bucket: this.#bucket, key, etag, range }
  }
}

/** The block itself, then those on coarser grids that it is a part of. */
function covering({ size }: ObjectInfo, block: ByteRange): ByteRange[] {
  const all = [block, ...units.map((unit) => blockAt(block.start, unit, size))]
  const wider = all.filter(({ start, end }) => start <= block.start && end >= block.end)
  return wider.filter((it, i) => wider.findIndex(({ start, end }) => it.start === start && it.end === end) === i)
}
