/** What the contract of the store is tried on, and the few tools that its tests share. */
import { Readable } from 'node:stream'
import { StoreError, type StoreFailure } from '../../../src/s3/store-error.js'
import type { ListRequest, ObjectInfo, PutResult, Store } from '../../../src/s3/store.js'
import type { Bytes, Key, Prefix } from '../../../src/units.js'

/** Where a server is known to differ from S3. The tests expect just that of it, so its next version is noticed. */
export type Difference =
  | 'If-None-Match is ignored by PutObject into a versioned bucket'
  | 'If-None-Match is ignored by CompleteMultipartUpload'
  | 'CompleteMultipartUpload answers an empty ETag'
  | 'CompleteMultipartUpload after an abort is an InternalError'
  | 'a key that is too long is an InvalidObjectName'

export interface Subject {
  readonly store: Store
  /** Puts and deletes, not by the store that is tried. */
  readonly put: (key: Key, content: Uint8Array) => Promise<unknown>
  readonly delete: (key: Key) => Promise<unknown>
  readonly differences: readonly Difference[]
}

const mebibyte: Bytes = 1024 * 1024
/** S3's smallest part, but for the last one. */
export const smallestPart: Bytes = 5 * mebibyte

let prefixes = 0
/** A part of the bucket that no other test uses. */
export function freshPrefix(): Prefix {
  prefixes += 1
  return `AS2/contract-${prefixes}/` as Prefix
}

export function keyOf(prefix: Prefix, rest: string): Key {
  return (prefix + rest) as Key
}

/** Long enough for a slow machine; whatever takes longer hangs. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(20_000)
}

/** Unlike any other, in every block of it. */
export function bytesOf(size: Bytes): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4)).map((_, i) => Math.imul(i + 1, 2654435761))
  return Buffer.from(words.buffer, 0, size)
}

/** As the sender does it: a stream of chunks that fit nothing. */
export function put(store: Store, key: Key, bytes: Buffer, onlyIfAbsent = false): Promise<PutResult> {
  return store.put({ key, size: bytes.length, body: () => streamOf(bytes), onlyIfAbsent }, patience())
}

export function streamOf(bytes: Buffer): Readable {
  const chunk = 60_001
  const count = Math.ceil(bytes.length / chunk)
  return Readable.from(Array.from({ length: count }, (_, i) => bytes.subarray(i * chunk, (i + 1) * chunk)))
}

export async function get(store: Store, key: Key): Promise<Buffer> {
  return Buffer.from(await store.get({ key }, patience()))
}

/** All pages of a listing, by the token alone. */
export async function listAll(
  store: Store,
  request: Omit<ListRequest, 'token'>,
): Promise<{ objects: ObjectInfo[]; keys: string[]; prefixes: string[]; pages: number }> {
  const [objects, prefixes]: [ObjectInfo[], string[]] = [[], []]
  let token: string | undefined
  let pages = 0
  do {
    const page = await store.list({ ...request, ...(token === undefined ? {} : { token }) }, patience())
    objects.push(...page.objects)
    prefixes.push(...page.prefixes)
    token = page.next
    pages += 1
  } while (token !== undefined)
  return { objects, keys: objects.map((it) => it.key), prefixes, pages }
}

/** How a call fails: the errno of users, and what it means for those who try again. */
export async function failureOf(call: Promise<unknown>): Promise<[code: string, failure: StoreFailure] | string> {
  try {
    await call
    return 'it did not fail'
  } catch (error) {
    if (error instanceof StoreError) return [error.code, error.failure]
    return `not a StoreError: ${String(error)}`
  }
}

/** S3's order. JavaScript's own differs beyond the Basic Multilingual Plane. */
export function inBinaryOrder(keys: readonly string[]): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}
