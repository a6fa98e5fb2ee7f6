/**
 * A run of objects in key order, packed: about 36 bytes for each beside what its key doesn't share with the others.
 * Immutable, so that one listing and the next can have it in common.
 */
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Key, Prefix } from '../units.js'
import { cutEndings } from '../view/names.js'
import { firstWhere, compareKeys, sharedLength } from '../s3/key-order.js'

/** How many objects are packed together: half a page of a listing, so that a page makes no small rest. */
export const chunkLength = 500
/** An ETag is an MD5, as a rule; others (of multipart uploads) are kept as they are. */
const md5Bytes = 16

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
  readonly #etags: Uint8Array
  readonly #otherEtags: ReadonlyMap<number, string> | undefined
  /** Made when somebody asks for it: indexes by the endings of names that are cut. */
  #cut: ReadonlyMap<string, readonly number[]> | undefined

  /**
   * @param objects at least one, in key order
   * @param cut how much of the keys' beginning is left out: the view's prefix
   */
  constructor(objects: readonly ObjectInfo[], cut: number) {
    const count = objects.length
    this.length = count
    this.#shared = sharedLength(objects[0]?.key ?? '', objects[count - 1]?.key ?? '') - cut
    const buffer = new ArrayBuffer(count * (8 + 8 + 4 + md5Bytes))
    this.#sizes = new Float64Array(buffer, 0, count)
    this.#mtimes = new Float64Array(buffer, 8 * count, count)
    this.#ends = new Uint32Array(buffer, 16 * count, count)
    this.#etags = new Uint8Array(buffer, 20 * count, md5Bytes * count)
    const texts = [objects[0]?.key.slice(cut, cut + this.#shared) ?? '']
    const otherEtags = new Map<number, string>()
    let end = this.#shared
    objects.forEach(({ key, size, mtime, etag }, i) => {
      texts.push(key.slice(cut + this.#shared))
      end += key.length - cut - this.#shared
      this.#ends[i] = end
      this.#sizes[i] = size
      this.#mtimes[i] = mtime
      // A flat copy: a part of a string keeps the whole alive, and here that is the answer of the server.
      if (!writeMd5(etag, this.#etags, i * md5Bytes)) otherEtags.set(i, Buffer.from(etag).toString())
    })
    this.#text = texts.join('')
    this.#otherEtags = otherEtags.size > 0 ? otherEtags : undefined
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
    return { key, size: this.#sizes[index] ?? 0, mtime: this.mtime(index), etag: this.#etag(index) }
  }

  /** Whether size, time and ETag are those of another object. */
  isSame(index: number, other: Chunk, otherIndex: number): boolean {
    return (
      this.#sizes[index] === other.#sizes[otherIndex] &&
      this.#mtimes[index] === other.#mtimes[otherIndex] &&
      this.#etag(index) === other.#etag(otherIndex)
    )
  }

  /** Index of the first key that is not less. */
  lowerBound(key: string): number {
    return firstWhere(0, this.length, (index) => compareKeys(this.key(index), key) >= 0)
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

  #etag(index: number): string {
    const other = this.#otherEtags?.get(index)
    if (other !== undefined) return other
    const { buffer, byteOffset } = this.#etags
    return Buffer.from(buffer, byteOffset + index * md5Bytes, md5Bytes).toString('hex')
  }
}

/** Writes 32 lower-case hexadecimal digits as 16 bytes. @returns whether that is what they are */
function writeMd5(etag: string, bytes: Uint8Array, offset: number): boolean {
  if (etag.length !== 2 * md5Bytes) return false
  for (let i = 0; i < md5Bytes; i += 1) {
    const [high, low] = [hexDigit(etag.charCodeAt(2 * i)), hexDigit(etag.charCodeAt(2 * i + 1))]
    if (high < 0 || low < 0) return false
    bytes[offset + i] = 16 * high + low
  }
  return true
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
}
