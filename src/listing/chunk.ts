/**
 * A run of objects in key order, packed: about 36 bytes for each beside what its key doesn't share with the others.
 * Immutable, so that one listing and the next can have it in common.
 */
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Key, Prefix } from '../units.js'
import { cutEndings } from '../view/names.js'
import { firstWhere, compareKeys, sharedLength } from '../s3/key-order.js'
import { newHasher } from '../text-hash.js'
import { PackedEtags } from './packed-etags.js'

/** How many objects are packed together: half a page of a listing, so that a page makes no small rest. */
export const chunkLength = 500

const hasher = newHasher()

export class Chunk {
  readonly length: number
  /** The greatest key. */
  readonly last: string
  /** The newest LastModified. */
  readonly newest: EpochMs
  /** What all keys begin with, then the rest of each: one string, which keeps no page of a listing alive. */
  readonly #text: string
  readonly #shared: number
  readonly #ends: Uint32Array
  readonly #sizes: Float64Array
  readonly #mtimes: Float64Array
  readonly #etags: PackedEtags
  /** Made when somebody asks for it: indexes by the endings of names that are cut. */
  #cut: ReadonlyMap<string, readonly number[]> | undefined
  /** Likewise: a hash of the last segment of each key. */
  #names: Uint32Array | undefined

  /**
   * @param objects at least one, in key order
   * @param cut how much of the keys' beginning is left out: the view's prefix
   */
  constructor(objects: readonly ObjectInfo[], cut: number) {
    const count = objects.length
    this.length = count
    this.#shared = sharedLength(objects[0]?.key ?? '', objects[count - 1]?.key ?? '') - cut
    const buffer = new ArrayBuffer(count * (8 + 8 + 4))
    this.#sizes = new Float64Array(buffer, 0, count)
    this.#mtimes = new Float64Array(buffer, 8 * count, count)
    this.#ends = new Uint32Array(buffer, 16 * count, count)
    const texts = [objects[0]?.key.slice(cut, cut + this.#shared) ?? '']
    let end = this.#shared
    objects.forEach(({ key, size, mtime }, i) => {
      texts.push(key.slice(cut + this.#shared))
      end += key.length - cut - this.#shared
      this.#ends[i] = end
      this.#sizes[i] = size
      this.#mtimes[i] = mtime
    })
    this.#text = texts.join('')
    this.#etags = new PackedEtags(objects)
    this.last = this.key(count - 1)
    this.newest = this.#mtimes.reduce((newest, mtime) => Math.max(newest, mtime), 0)
  }

  /** Without the view's prefix. */
  key(index: number): string {
    const start = index === 0 ? this.#shared : (this.#ends[index - 1] ?? 0)
    return this.#text.slice(0, this.#shared) + this.#text.slice(start, this.#ends[index])
  }

  mtime(index: number): EpochMs {
    return this.#mtimes[index] ?? 0
  }

  object(index: number, prefix: Prefix): ObjectInfo {
    const key = (prefix + this.key(index)) as Key
    return { key, size: this.#sizes[index] ?? 0, mtime: this.mtime(index), etag: this.#etags.etag(index) }
  }

  /** Whether size, time and ETag are those of another object. */
  isSame(index: number, other: Chunk, otherIndex: number): boolean {
    return (
      this.#sizes[index] === other.#sizes[otherIndex] &&
      this.#mtimes[index] === other.#mtimes[otherIndex] &&
      this.#etags.isSame(index, other.#etags, otherIndex)
    )
  }

  /** Index of the first key that is not less. */
  lowerBound(key: string): number {
    return firstWhere(0, this.length, (index) => compareKeys(this.key(index), key) >= 0)
  }

  /** Indexes of the keys whose last segment that is. */
  *named(name: string): Generator<number, undefined> {
    this.#names ??= Uint32Array.from({ length: this.length }, (_, index) => hasher(lastSegment(this.key(index))).low)
    const { low } = hasher(name)
    let index = this.#names.indexOf(low)
    while (index >= 0) {
      if (lastSegment(this.key(index)) === name) yield index
      index = this.#names.indexOf(low, index + 1)
    }
  }

  /** Indexes of the keys that have a segment one of whose names is cut and ends so; of a folder's, the first one. */
  withCut(ending: string): readonly number[] {
    this.#cut ??= this.#cutNames()
    return this.#cut.get(ending) ?? []
  }

  #cutNames(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>()
    let before: readonly string[] = []
    for (let index = 0; index < this.length; index += 1) {
      const segments = this.key(index).split('/')
      // Folders that the key before is in, too, are found with that.
      const inFolders = Math.min(segments.length, before.length) - 1
      let depth = 0
      while (depth < inFolders && segments[depth] === before[depth]) depth += 1
      for (const ending of segments.slice(depth).flatMap(cutEndings)) {
        const indexes = found.get(ending)
        if (indexes) indexes.push(index)
        else found.set(ending, [index])
      }
      before = segments
    }
    return found
  }
}

function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
