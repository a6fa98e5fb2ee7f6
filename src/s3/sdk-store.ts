/** The store on the AWS SDK. */
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import type { Readable } from 'node:stream'
import type { Cancellation, CancelSignal } from '../cancellation.js'
import { systemClock } from '../telemetry/clock.js'
import type { Bytes, Key, Milliseconds } from '../units.js'
import { acceptHead, acceptObject } from './acceptable.js'
import { acceptPage, positionOf } from './acceptable-page.js'
import { watchDates } from './answer-dates.js'
import { readBody } from './body.js'
import type { BucketClock } from './bucket-clock.js'
import { storeError, type StoreCall } from './failure.js'
import { acceptedBy } from './accepted.js'
import { Awakening } from './awakening.js'
import { Lacks } from './lacks.js'
import { LeanGets } from './lean/lean-gets.js'
import { unquoted } from './list-page.js'
import { networkOf } from './network.js'
import { PageMemory, readPage } from './read-page.js'
import type { RequestKind } from './prices.js'
import type { RequestCounter } from './request-counter.js'
import { retried } from './retry.js'
import { createSdkClient, type SdkClientOptions } from './sdk-client.js'
import { SdkUploads } from './sdk-uploads.js'
import { silenceLimit, type HeardCall, whileHeard } from './silence.js'
import { TimesOfVersions } from './times-of-versions.js'
import { Traffic } from './traffic.js'
import { UploadLimits } from './upload-limits.js'
import { watchRequests } from './watch-requests.js'
import type {
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
} from './store.js'

export interface SdkStoreOptions extends SdkClientOptions {
  readonly bucket: string
  /** How long somebody waits for a read at most: `--op-timeout`. */
  readonly patience: Milliseconds
  /** How long the answer to an upload is waited for once its body has gone; twice the patience of reads, at least 20 s. */
  readonly uploadPatience?: Milliseconds
  /** Told of what is under way. */
  readonly traffic?: Traffic
  /** Told of every request that is sent. */
  readonly requests?: RequestCounter
  /** Told of the Date of every answer. */
  readonly bucketClock?: BucketClock
  /** Whether objects are read with the SDK alone: `--sdk-reads` */
  readonly sdkReads?: boolean
}

/** A server that is busy may take longer than a reader would wait. */
function uploadPatienceBy(patience: Milliseconds): Milliseconds {
  return Math.max(20_000, 2 * patience)
}

/** One try, and which one it is, from 1. */
type Try<T> = (signal: Cancellation, heard: (bytes?: Bytes) => void, tries: number) => Promise<T>

export function createSdkStore(options: SdkStoreOptions): Store {
  return new SdkStore(options)
}

class SdkStore implements Store {
  readonly #lacks = new Lacks()
  readonly #options: SdkStoreOptions
  readonly #client: S3Client
  readonly #lean: LeanGets | undefined
  readonly #uploads: SdkUploads
  readonly #pages = new PageMemory()
  readonly #times = new TimesOfVersions()
  readonly #traffic: Traffic
  readonly #awakening = new Awakening()

  constructor(options: SdkStoreOptions) {
    const network = options.network ?? networkOf()
    const client = createSdkClient({ ...options, network })
    this.#options = options
    this.#traffic = options.traffic ?? new Traffic(systemClock)
    this.#client = client
    if (options.requests) watchRequests(client, options.requests)
    const { requests, bucketClock, sdkReads = false } = options
    if (!sdkReads) this.#lean = new LeanGets({ client, network, requests, bucketClock, times: this.#times })
    this.#uploads = new SdkUploads({
      client,
      bucket: options.bucket,
      lacks: this.#lacks,
      wantsMd5: !(options.isAws ?? options.endpoint === undefined),
      limits: new UploadLimits(
        options.uploadPatience ?? uploadPatienceBy(options.patience),
        this.#traffic,
        systemClock,
      ),
      dateOf: watchDates(client, options.bucketClock),
      onRefused: () => options.credentials.refused(),
      onAgain: (kind) => options.requests?.again(kind),
    })
  }

  get lacks(): ReadonlySet<Lack> {
    return this.#lacks.found
  }

  list(request: ListRequest, signal: CancelSignal): Promise<ListPage> {
    const call = { what: `list ${request.prefix}`, key: request.prefix }
    const before = request.token === undefined ? undefined : positionOf(request.token)
    const send: Try<ListPage> = async (own, heard) => {
      const command = new ListObjectsV2Command({
        Bucket: this.#options.bucket,
        Prefix: request.prefix,
        Delimiter: request.delimiter,
        StartAfter: request.startAfter,
        ContinuationToken: before?.token,
        MaxKeys: request.maxKeys,
        // Keys may hold what XML can't.
        EncodingType: 'url',
      })
      const page = acceptedBy(command, async (answer) => {
        const listed = await readPage(answer, this.#pages, heard)
        if (!listed.isEncoded) this.#lacks.add('encoding-type')
        return acceptPage(listed, request, before)
      })
      await this.#client.send(command, { abortSignal: own.abortSignal })
      return page()
    }
    return this.#read('list', call, signal, send, request)
  }

  get(request: GetRequest, signal: CancelSignal): Promise<Uint8Array> {
    const call = { what: `read ${request.key}`, key: request.key, condition: 'ESTALE', mayBeAbsent: true } as const
    return this.#read('get', call, signal, async (own, heard, tries) => {
      // What has failed once is the SDK's.
      const bytes = tries === 1 ? await this.#lean?.get(request, own, heard) : undefined
      if (bytes) return bytes
      const { range, etag = '', into } = request
      const command = new GetObjectCommand({
        Bucket: this.#options.bucket,
        Key: request.key,
        Range: range && `bytes=${range.start}-${range.end - 1}`,
        IfMatch: etag === '' ? undefined : `"${etag}"`,
        // Of a part of an object there is no checksum to verify.
        ChecksumMode: range ? undefined : 'ENABLED',
      })
      const expected = acceptedBy(command, (answer) => acceptObject(answer, request, this.#times))
      const { Body: body } = await this.#client.send(command, { abortSignal: own.abortSignal })
      heard()
      return body ? readBody(body as Readable, { ...expected(), heard, into }) : new Uint8Array(0)
    })
  }

  head(key: Key, signal: CancelSignal): Promise<ObjectInfo | undefined> {
    const call = { what: `look at ${key}`, key, mayBeAbsent: true }
    return this.#read('head', call, signal, async (own) => {
      const command = new HeadObjectCommand({ Bucket: this.#options.bucket, Key: key })
      acceptedBy(command, acceptHead, { isHead: true })
      try {
        const head = await this.#client.send(command, { abortSignal: own.abortSignal })
        const mtime = head.LastModified?.getTime() ?? 0
        return { key, size: head.ContentLength ?? 0, mtime, etag: unquoted(head.ETag) }
      } catch (error) {
        if (storeError(error, call).failure === 'absent') return undefined
        throw error
      }
    })
  }

  put(request: PutRequest, signal: CancelSignal): Promise<PutResult> {
    return this.#uploads.put(request, signal)
  }

  createMultipart(key: Key, signal: CancelSignal): Promise<string> {
    return this.#uploads.createMultipart(key, signal)
  }

  uploadPart(key: Key, uploadId: string, part: PartRequest, signal: CancelSignal): Promise<UploadedPart> {
    return this.#uploads.uploadPart(key, uploadId, part, signal)
  }

  completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: CancelSignal,
  ): Promise<PutResult> {
    return this.#uploads.completeMultipart(key, uploadId, parts, onlyIfAbsent, signal)
  }

  abortMultipart(key: Key, uploadId: string, signal: CancelSignal): Promise<void> {
    return this.#uploads.abortMultipart(key, uploadId, signal)
  }

  close(): void {
    this.#lean?.close()
    this.#client.destroy()
  }

  async #read<T>(
    kind: RequestKind,
    call: StoreCall,
    signal: CancelSignal,
    send: Try<T>,
    { failsFast = false }: Pick<ListRequest, 'failsFast'> = {},
  ): Promise<T> {
    const { patience, credentials, requests } = this.#options
    const flow = this.#traffic.begin('read')
    const seen =
      (tries: number): HeardCall<T> =>
      async (own, heard) => {
        const noted = (bytes?: Bytes): void => {
          flow.answered(bytes)
          heard()
        }
        const answer = await send(own, noted, tries)
        noted()
        return answer
      }
    const among = this.#awakening.tries()
    try {
      const tried = async (tries: number): Promise<T> => {
        if (tries > 1) requests?.again(kind)
        const limits = { first: silenceLimit(tries, patience), between: silenceLimit(1, patience) }
        try {
          return await whileHeard(seen(tries), limits, signal, among)
        } catch (error) {
          const failure = storeError(error, call)
          if (failure.failure === 'credentials') credentials.refused()
          throw failure
        }
      }
      return await retried(tried, signal, { failsFast })
    } finally {
      flow.end()
    }
  }
}
