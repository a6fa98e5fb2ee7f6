/** The store interface: all that as2fs asks of S3. The SDK stands behind it in `sdk-store.ts`; tests have one in memory. */
import type { Readable } from 'node:stream'
import type { CancelSignal } from '../cancellation.js'
import type { Bytes, EpochMs, Key, Prefix } from '../units.js'

/** One object as a listing shows it. */
export interface ObjectInfo {
  readonly key: Key
  readonly size: Bytes
  /** LastModified. */
  readonly mtime: EpochMs
  /** Without quotes; empty where the server gives none. */
  readonly etag: string
}

/** One page of a listing, in UTF-8 binary order of keys. */
export interface ListPage {
  readonly objects: readonly ObjectInfo[]
  /** Common prefixes, each ending in the delimiter; empty without a delimiter. */
  readonly prefixes: readonly Prefix[]
  /** Token of the next page; undefined at the end. The only sign of the end: a short page is none. */
  readonly next: string | undefined
}

export interface ListRequest {
  readonly prefix: Prefix
  readonly delimiter?: '/'
  /** Keys greater than this one, in binary order. */
  readonly startAfter?: Key
  readonly token?: string
  /** 1 to 1,000; default 1,000. */
  readonly maxKeys?: number
  /** Who asks does without it where the keys may not list that: nobody has to be told. */
  readonly isShortcut?: boolean
  /** Somebody waits to be told of a mistake: where no server is found at all, it is not looked for again. */
  readonly failsFast?: boolean
}

/** Byte range of an object; `end` is exclusive. */
export interface ByteRange {
  readonly start: Bytes
  readonly end: Bytes
}

export interface GetRequest {
  readonly key: Key
  /** Omitted: the whole object, whose checksum is verified where the server gives one. */
  readonly range?: ByteRange
  /** If-Match: the version pinned at open. */
  readonly etag?: string
  /** Of the whole object, as it was listed: what has another is not it. */
  readonly size?: Bytes
  /** LastModified as it was listed, where there is no ETag to pin: what has another, by a second or more, is another version. */
  readonly mtime?: EpochMs
  /** Memory that is used if the body has just its size; else the body comes in memory of its own. */
  readonly into?: Uint8Array
}

export interface PutRequest {
  readonly key: Key
  readonly size: Bytes
  /** Makes the body anew for each try: exactly `size` bytes. */
  readonly body: () => Readable
  /**
   * If-None-Match: * — refuse to overwrite. Some servers that do not know it ignore it; from one that refuses it
   * (`Store.lacks`) it is left out: whoever asks looks for the key first.
   */
  readonly onlyIfAbsent?: boolean
  /** @see ContentMd5 */
  readonly md5?: ContentMd5
  /** It was tried before; for the count. */
  readonly isAgain?: boolean
}

/** MD5 of a body, base64: asked for only where it goes along as Content-MD5, so that another body is refused. */
export type ContentMd5 = () => Promise<string>

export interface PutResult {
  readonly etag: string
  /** x-amz-request-id, for the audit trail. */
  readonly requestId: string | undefined
  /** The answer's Date header: the bucket's time. */
  readonly date?: EpochMs | undefined
}

export interface PartRequest {
  /** From 1. */
  readonly number: number
  readonly size: Bytes
  readonly body: () => Readable
  readonly md5?: ContentMd5
  /** It was tried before; for the count. */
  readonly isAgain?: boolean
}

/** A part that is already in the bucket. */
export interface UploadedPart {
  readonly number: number
  readonly etag: string
}

/**
 * What a server refuses to do. It is found out by the first request that needs it, and gone around from then on.
 * - `if-none-match`: uploads go without it, so nothing but a look before them keeps them from overwriting.
 * - `content-md5`: uploads go without a checksum of their content.
 * - `encoding-type`: keys are listed as they are.
 */
export type Lack = 'if-none-match' | 'content-md5' | 'encoding-type'

/**
 * The bucket. Every call takes a signal last and throws FsError only:
 * ENOENT (no such key), ESTALE (If-Match failed), EEXIST (If-None-Match failed), EACCES (AccessDenied),
 * EIO / ETIMEDOUT (unreachable, 5xx, throttled), with `StoreError` details for those who retry.
 * Reads are retried inside with backoff and jitter while the signal allows; writes never are: the caller journals each try.
 */
export interface Store {
  /** As far as it was found out since the mount. */
  readonly lacks: ReadonlySet<Lack>
  list(request: ListRequest, signal: CancelSignal): Promise<ListPage>
  /** @returns exactly the range, shorter only at the object's end; length (and checksum, for whole objects) verified. */
  get(request: GetRequest, signal: CancelSignal): Promise<Uint8Array>
  head(key: Key, signal: CancelSignal): Promise<ObjectInfo | undefined>
  put(request: PutRequest, signal: CancelSignal): Promise<PutResult>
  createMultipart(key: Key, signal: CancelSignal): Promise<string>
  uploadPart(key: Key, uploadId: string, part: PartRequest, signal: CancelSignal): Promise<UploadedPart>
  completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: CancelSignal,
  ): Promise<PutResult>
  abortMultipart(key: Key, uploadId: string, signal: CancelSignal): Promise<void>
  /** Ends idle connections. */
  close(): void
}
