/** The objects of the benchmark's bucket: sorted keys, and contents that are computed where they are large. */
import { createHash } from 'node:crypto'
import type { Bytes } from '../../../src/units.js'

export interface BenchObject {
  readonly key: string
  readonly size: Bytes
  readonly etag: string
  readonly mtime: Date
  /** Undefined: the pattern. */
  readonly bytes: Buffer | undefined
  /** `x-amz-meta-*`, which s3fs and rclone want back. */
  readonly metadata: Readonly<Record<string, string>>
}

export interface PageRequest {
  readonly prefix: string
  readonly delimiter: string
  readonly after: string
  readonly limit: number
}

export interface Page {
  readonly objects: readonly BenchObject[]
  readonly prefixes: readonly string[]
  /** The key or prefix after which the next page begins. */
  readonly next: string | undefined
}

/** Larger contents repeat this, so that a GiB costs no memory. */
export const pattern = Buffer.alloc(8 * 1024 * 1024)
for (let at = 0, seed = 1; at < pattern.length; at += 4) {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  pattern.writeUInt32LE(seed, at)
}

export class BenchBucket {
  readonly #objects = new Map<string, BenchObject>()
  #keys: string[] = []
  /** Changes with every change of the keys. */
  generation = 0

  /** Adds many at once. */
  fill(objects: Iterable<BenchObject>): void {
    for (const object of objects) this.#objects.set(object.key, object)
    // All keys are ASCII, of which JavaScript's order is S3's.
    this.#keys = [...this.#objects.keys()].sort()
    this.generation += 1
  }

  put(object: BenchObject): void {
    if (!this.#objects.has(object.key)) this.#keys.splice(this.#firstFrom(object.key), 0, object.key)
    this.#objects.set(object.key, object)
    this.generation += 1
  }

  get(key: string): BenchObject | undefined {
    return this.#objects.get(key)
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return
    this.#keys.splice(this.#firstFrom(key), 1)
    this.generation += 1
  }

  below(prefix: string): BenchObject[] {
    const end = this.#firstFrom(`${prefix}\u{ffff}`)
    return this.#keys.slice(this.#firstFrom(prefix), end).flatMap((key) => this.#objects.get(key) ?? [])
  }

  page({ prefix, delimiter, after, limit }: PageRequest): Page {
    const objects: BenchObject[] = []
    const prefixes: string[] = []
    let at = this.#firstFrom(
      after > prefix ? `${after}${after.endsWith('/') && delimiter ? '\u{ffff}' : '\0'}` : prefix,
    )
    let last = ''
    for (let key = this.#keys[at]; key?.startsWith(prefix) === true; key = this.#keys[at]) {
      if (objects.length + prefixes.length === limit) return { objects, prefixes, next: last }
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const object = this.#objects.get(key)
      last = end < 0 ? key : key.slice(0, end + 1)
      if (end >= 0) prefixes.push(last)
      else if (object) objects.push(object)
      at = end < 0 ? at + 1 : this.#firstFrom(`${last}\u{ffff}`, at)
    }
    return { objects, prefixes, next: undefined }
  }

  /** Index of the first key that is not before a text. */
  #firstFrom(text: string, from = 0): number {
    // A folder's end is mostly near: steps that double, then the middle.
    let step = 1
    while (from > 0 && from + step < this.#keys.length && (this.#keys[from + step] ?? '') < text) step *= 2
    let [low, high] = [from, from > 0 ? Math.min(this.#keys.length, from + step) : this.#keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#keys[middle] ?? '') < text) low = middle + 1
      else high = middle
    }
    return low
  }
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}
