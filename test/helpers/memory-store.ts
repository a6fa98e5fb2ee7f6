/** The Store of the tests: in memory, without a network, every call recorded, and faults where a test wants them. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { Bucket } from '../../src/demo/s3/bucket.js'
import { MultipartUploads } from '../../src/demo/s3/multipart.js'
import { S3Error } from '../../src/demo/s3/s3-error.js'
import { storeError } from '../../src/s3/failure.js'
import { StoreError } from '../../src/s3/store-error.js'
import type {
  ContentMd5,
  GetRequest,
  Lack,
  ListPage,
  ListRequest,
  ObjectInfo,
  PartRequest,
  PutRequest,
  PutResult,
  Store,
  UploadedPart,
} from '../../src/s3/store.js'
import { systemClock, type Clock } from '../../src/telemetry/clock.js'
import type { Bytes, Key, Prefix } from '../../src/units.js'

/** A call of the store. `key` is the prefix of a listing. */
export interface StoreCall {
  readonly operation: Exclude<keyof Store, 'close'>
  readonly key: string
}

/** What becomes of one call, in this order. `{}`: nothing unusual. */
export interface StoreFault {
  /** The call waits for this, or for the end of its signal: ETIMEDOUT then, without effect. */
  readonly hold?: Promise<unknown>
  /** Fails before it has had an effect. */
  readonly before?: StoreError
  /** Fails after it has had its effect: the answer is lost. */
  readonly after?: StoreError
}

export interface MemoryStoreOptions {
  readonly clock?: Clock
  /** Most entries of a page of a listing, whatever is asked for; 1,000. */
  readonly pageLimit?: number
  /** So many empty pages come before each that isn't, as a server may send them that looks for keys for too long. */
  readonly emptyPages?: number
}

export class MemoryStore implements Store {
  /** What a test wants it to lack; `if-none-match`: it is ignored then. */
  readonly lacks = new Set<Lack>()
  /** All calls so far, failed ones too. */
  readonly calls: StoreCall[] = []
  /** Keys that were put, by PUT or by a completed multipart upload, as often as they were. */
  readonly puts: string[] = []
  /** Told of each of them. */
  onPut: ((key: string) => void) | undefined
  /** Asked before each call. */
  intercept: ((call: StoreCall) => StoreFault | undefined) | undefined
  readonly #bucket = new Bucket()
  readonly #uploads = new MultipartUploads()
  readonly #clock: Clock
  readonly #pageLimit: number
  readonly #emptyPages: number

  constructor({ clock = systemClock, pageLimit = 1000, emptyPages = 0 }: MemoryStoreOptions = {}) {
    this.#clock = clock
    this.#pageLimit = pageLimit
    this.#emptyPages = emptyPages
  }

  /** Puts an object without a call. */
  set(key: string, content: string | Uint8Array, mtime = this.#clock.now(), etag?: string): ObjectInfo {
    return info(this.#bucket.put(key, Buffer.from(content), mtime, etag))
  }

  /** The bytes of an object, without a call. */
  bytes(key: string): Buffer | undefined {
    return this.#bucket.get(key)?.bytes
  }

  /** Deletes without a call. */
  delete(key: string): void {
    this.#bucket.delete(key)
  }

  /** All keys, in order, without a call. */
  keys(): string[] {
    return [...this.#bucket.all()].map((it) => it.key)
  }

  /** Keys of multipart uploads whose parts are there still. */
  unfinished(): string[] {
    return this.#uploads
      .list()
      .filter((it) => it.parts > 0)
      .map((it) => it.key)
  }

  /** How many calls of an operation there were. */
  count(operation: StoreCall['operation']): number {
    return this.calls.filter((it) => it.operation === operation).length
  }

  list(request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    return this.#call('list', request.prefix, signal, () => {
      const { prefix, delimiter = '', startAfter = '', token, maxKeys = 1000 } = request
      const limit = Math.min(maxKeys, this.#pageLimit)
      const [, empty = '0', after = startAfter] = token?.match(/^(\d+) ([^]*)$/) ?? []
      if (Number(empty) < this.#emptyPages) return { objects: [], prefixes: [], next: `${Number(empty) + 1} ${after}` }
      const page = this.#bucket.page({ prefix, delimiter, after, limit })
      const next = page.next === undefined ? undefined : `0 ${page.next}`
      return { objects: page.objects.map(info), prefixes: page.prefixes as Prefix[], next }
    })
  }

  get({ key, range, etag, into }: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    return this.#call('get', key, signal, () => {
      const object = this.#bucket.get(key)
      if (!object) throw new S3Error(404, 'NoSuchKey', 'There is no such key.')
      if (etag !== undefined && etag !== object.etag) throw new S3Error(412, 'PreconditionFailed', 'Another ETag.')
      if (range && range.start >= object.bytes.length) throw new S3Error(416, 'InvalidRange', 'Not in the object.')
      const part = range ? object.bytes.subarray(range.start, range.end) : object.bytes
      if (into?.length !== part.length) return new Uint8Array(part)
      into.set(part)
      return into
    })
  }

  head(key: Key, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#call('head', key, signal, () => {
      const object = this.#bucket.get(key)
      return object && info(object)
    })
  }

  put({ key, size, body, md5, onlyIfAbsent = false }: PutRequest, signal: AbortSignal): Promise<PutResult> {
    return this.#call('put', key, signal, async () => {
      const bytes = await wholeBody(body(), size)
      await this.#verify(bytes, md5)
      this.#check(key, onlyIfAbsent)
      return this.#stored(key, bytes)
    })
  }

  createMultipart(key: Key, signal: AbortSignal): Promise<string> {
    return this.#call('createMultipart', key, signal, () => this.#uploads.create(key))
  }

  uploadPart(key: Key, uploadId: string, part: PartRequest, signal: AbortSignal): Promise<UploadedPart> {
    return this.#call('uploadPart', key, signal, async () => {
      const bytes = await wholeBody(part.body(), part.size)
      await this.#verify(bytes, part.md5)
      return { number: part.number, etag: this.#uploads.add(uploadId, part.number, bytes) }
    })
  }

  completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: AbortSignal,
  ): Promise<PutResult> {
    return this.#call('completeMultipart', key, signal, () => {
      this.#check(key, onlyIfAbsent)
      const { bytes, etag } = this.#uploads.complete(uploadId, parts)
      return this.#stored(key, bytes, etag)
    })
  }

  abortMultipart(key: Key, uploadId: string, signal: AbortSignal): Promise<void> {
    return this.#call('abortMultipart', key, signal, () => {
      if (this.#uploads.list().some((it) => it.id === uploadId)) this.#uploads.abort(uploadId)
    })
  }

  close(): void {
    // There are no connections.
  }

  async #call<T>(
    operation: StoreCall['operation'],
    key: string,
    signal: AbortSignal,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    const call = { operation, key }
    this.calls.push(call)
    const fault = this.intercept?.(call) ?? {}
    const condition = operation === 'get' ? 'ESTALE' : 'EEXIST'
    const mayBeAbsent = operation !== 'list' && operation !== 'put'
    const attempt = { what: `${operation} ${key}`, key, condition, mayBeAbsent } as const
    try {
      await heldBy(fault.hold, signal)
      if (fault.before) throw fault.before
      const answer = await effect()
      if (fault.after) throw fault.after
      return answer
    } catch (error) {
      throw storeError(error instanceof S3Error ? asSdkError(error) : error, attempt)
    }
  }

  async #verify(bytes: Buffer, wanted: ContentMd5 | undefined): Promise<void> {
    if (!wanted || this.lacks.has('content-md5')) return
    const digest = createHash('md5').update(bytes).digest('base64')
    if (digest !== (await wanted())) throw new S3Error(400, 'BadDigest', 'The body has another MD5.')
  }

  #check(key: Key, onlyIfAbsent: boolean): void {
    if (Buffer.byteLength(key) > 1024) throw new S3Error(400, 'KeyTooLongError', 'The key is too long.')
    if (onlyIfAbsent && !this.lacks.has('if-none-match') && this.#bucket.get(key))
      throw new S3Error(412, 'PreconditionFailed', 'It is there already.')
  }

  #stored(key: Key, bytes: Buffer, etag?: string): PutResult {
    const object = this.#bucket.put(key, bytes, this.#clock.now(), etag)
    this.puts.push(key)
    this.onPut?.(key)
    return { etag: object.etag, requestId: `request-${this.calls.length}`, date: object.mtime }
  }
}

/** Unreachable: it may have been done or not. */
export function unreachable(): StoreError {
  return new StoreError('EIO', 'transient', 'ECONNRESET', 'S3 can’t be reached (ECONNRESET).')
}

/** Throttled: it was not done. */
export function slowDown(): StoreError {
  return new StoreError('EIO', 'transient', 'SlowDown', 'S3 asks to slow down (SlowDown).')
}

export function accessDenied(): StoreError {
  return new StoreError('EACCES', 'permanent', 'AccessDenied', 'The keys are not allowed to (AccessDenied).')
}

/** If-None-Match failed: something has the key. */
export function taken(): StoreError {
  return new StoreError('EEXIST', 'condition', 'PreconditionFailed', 'It is there already.')
}

export function keysRefused(): StoreError {
  return new StoreError('EACCES', 'credentials', 'InvalidAccessKeyId', 'The access key is not known.')
}

function info({ key, bytes, mtime, etag }: { key: string; bytes: Buffer; mtime: number; etag: string }): ObjectInfo {
  return { key: key as Key, size: bytes.length, mtime, etag }
}

async function wholeBody(body: Readable, size: Bytes): Promise<Buffer> {
  const bytes = Buffer.concat(await (body as AsyncIterable<Buffer> & Readable).toArray())
  if (bytes.length !== size) throw new Error(`the body has ${bytes.length} bytes, not the ${size} announced`)
  return bytes
}

async function heldBy(hold: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (!hold) return
  let abort: () => void = () => undefined
  const aborted = new Promise<never>((_resolve, reject) => (abort = () => reject(signal.reason as Error)))
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([hold, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** As the SDK throws it. */
function asSdkError(error: S3Error): Error {
  return Object.assign(new Error(error.message), { name: error.code, $metadata: { httpStatusCode: error.status } })
}
