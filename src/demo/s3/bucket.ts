/** The objects of one bucket, in memory, in UTF-8 binary order of their keys. */
import { createHash } from 'node:crypto'
import type { EpochMs } from '../../units.js'

export interface StoredObject {
  readonly key: string
  readonly bytes: Buffer
  readonly etag: string
  readonly mtime: EpochMs
}

/** A page of a listing. */
export interface Page {
  readonly objects: readonly StoredObject[]
  readonly prefixes: readonly string[]
  /** The key or prefix after which the next page begins. */
  readonly next: string | undefined
}

export interface PageRequest {
  readonly prefix: string
  readonly delimiter: string
  readonly after: string
  readonly limit: number
}

export class Bucket {
  readonly #objects = new Map<string, StoredObject>()
  /** Sorted; made anew when a key came or went since the last listing. */
  #keys: string[] | undefined = []

  put(key: string, bytes: Buffer, mtime: EpochMs, etag = md5(bytes)): StoredObject {
    const object = { key, bytes, etag, mtime }
    if (!this.#objects.has(key)) this.#added(key)
    this.#objects.set(key, object)
    return object
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  delete(key: string): void {
    if (this.#objects.delete(key)) this.#keys = undefined
  }

  page({ prefix, delimiter, after, limit }: PageRequest): Page {
    const keys = this.#sorted()
    const objects: StoredObject[] = []
    const prefixes: string[] = []
    let last = ''
    for (let i = firstAfter(keys, after, prefix); i < keys.length; i += 1) {
      const key = keys[i] ?? ''
      if (!key.startsWith(prefix)) break
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      const folder = end < 0 ? undefined : key.slice(0, end + delimiter.length)
      if (folder !== undefined && (folder === prefixes.at(-1) || folder === after)) continue
      if (objects.length + prefixes.length === limit) return { objects, prefixes, next: last }
      const object = this.#objects.get(key)
      if (folder !== undefined) prefixes.push(folder)
      else if (object) objects.push(object)
      last = folder ?? key
    }
    return { objects, prefixes, next: undefined }
  }

  *all(): Iterable<StoredObject> {
    for (const key of this.#sorted()) {
      const object = this.#objects.get(key)
      if (object) yield object
    }
  }

  #added(key: string): void {
    const last = this.#keys?.at(-1)
    if (this.#keys && (last === undefined || compare(last, key) < 0)) this.#keys.push(key)
    else this.#keys = undefined
  }

  #sorted(): string[] {
    return (this.#keys ??= [...this.#objects.keys()]
      .map((key) => Buffer.from(key))
      .sort((a, b) => Buffer.compare(a, b))
      .map((key) => key.toString()))
  }
}

/** Index of the first key after `after` that can have the prefix. */
function firstAfter(keys: readonly string[], after: string, prefix: string): number {
  const isAfter = (key: string): boolean => compare(key, after) > 0 && compare(key, prefix) >= 0
  let [low, high] = [0, keys.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAfter(keys[middle] ?? '')) high = middle
    else low = middle + 1
  }
  return low
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}
