/** The store on the AWS SDK. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import type { EpochMs, Key, Milliseconds, Prefix } from '../units.js'
import { readBody } from './body.js'
import type { BucketClock } from './bucket-clock.js'
import { watchDates } from './answer-dates.js'
import type { CredentialSource } from './credentials.js'
import { storeError, type Attempt } from './failure.js'
import { PageMemory, readPageOf } from './fast-listing.js'
import { decodeKey, unquoted } from './list-page.js'
import { retried } from './retry.js'
import { silenceLimit, type Try, whileHeard } from './silence.js'
import { StoreError } from './store-error.js'
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

export interface SdkStoreOptions {
  readonly bucket: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly pathStyle: boolean
  readonly credentials: CredentialSource
  /** How long somebody waits for a read at most: `--op-timeout`. */
  readonly patience: Milliseconds
  /** Told of the Date of every answer. */
  readonly bucketClock?: BucketClock
}

/** Enough for reads and uploads in parallel; a bucket's limits are far above. */
const maxSockets = 64
const connectionTimeout = 5_000
/** Silence on a connection after which it is given up. */
const socketTimeout = 20_000

export function createSdkStore(options: SdkStoreOptions): Store {
  // Of the SDK's future on Node 20, which is no news for who mounts a bucket. @see the SDK's emitWarningIfUnsupportedVersion
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  return new SdkStore(options)
}

class SdkStore implements Store {
  readonly lacks = new Set<Lack>()
  readonly #bucket: string
  readonly #credentials: CredentialSource
  readonly #client: S3Client
  readonly #pages = new PageMemory()
  readonly #patience: Milliseconds
  readonly #dateOf: (answer: object) => EpochMs | undefined

  constructor(options: SdkStoreOptions) {
    this.#bucket = options.bucket
    this.#credentials = options.credentials
    this.#patience = options.patience
    this.#client = new S3Client(clientConfig(options))
    this.#dateOf = watchDates(this.#client, options.bucketClock)
  }

  list(request: ListRequest, signal: AbortSignal): Promise<ListPage> {
    const attempt = { what: `list ${request.prefix}`, key: request.prefix }
    return this.#read(attempt, signal, async (own, heard) => {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: request.prefix,
        Delimiter: request.delimiter,
        StartAfter: request.startAfter,
        ContinuationToken: request.token,
        MaxKeys: request.maxKeys,
        // Control characters can't stand in XML.
        EncodingType: 'url',
      })
      const read = readPageOf(command, this.#pages, heard)
      const answer = await this.#client.send(command, { abortSignal: own })
      return read() ?? pageOf(answer)
    })
  }

  get(request: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    const attempt = { what: `read ${request.key}`, key: request.key, condition: 'ESTALE' } as const
    return this.#read(attempt, signal, async (own, heard) => {
      const { range } = request
      const command = new GetObjectCommand({
        Bucket: this.#bucket,
        Key: request.key,
        Range: range && `bytes=${range.start}-${range.end - 1}`,
        IfMatch: request.etag === undefined ? undefined : `"${request.etag}"`,
        // Of a part of an object there is no checksum to verify.
        ChecksumMode: range ? undefined : 'ENABLED',
      })
      const answer = await this.#client.send(command, { abortSignal: own })
      heard()
      const body = answer.Body as Readable | undefined
      try {
        requireWhatWasAsked(request, answer)
        return body ? await readBody(body, answer.ContentLength, { heard, into: request.into }) : new Uint8Array(0)
      } catch (error) {
        // Without a listener the end of an unread body would end the process.
        body?.on('error', () => undefined).destroy()
        throw error
      }
    })
  }

  head(key: Key, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.#read({ what: `look at ${key}`, key }, signal, async (own) => {
      try {
        const head = await this.#client.send(new HeadObjectCommand({ Bucket: this.#bucket, Key: key }), {
          abortSignal: own,
        })
        const mtime = head.LastModified?.getTime() ?? 0
        return { key, size: head.ContentLength ?? 0, mtime, etag: unquoted(head.ETag) }
      } catch (error) {
        if (storeError(error, { what: 'look', key }).failure === 'absent') return undefined
        throw error
      }
    })
  }

  put(request: PutRequest, signal: AbortSignal): Promise<PutResult> {
    const attempt = { what: `upload ${request.key}`, key: request.key, condition: 'EEXIST' } as const
    return this.#once(attempt, async () => {
      const command = new PutObjectCommand({
        Bucket: this.#bucket,
        Key: request.key,
        Body: request.size === 0 ? new Uint8Array(0) : request.body(),
        ContentLength: request.size,
        IfNoneMatch: request.onlyIfAbsent === true ? '*' : undefined,
      })
      const answer = await this.#client.send(command, { abortSignal: signal })
      return { etag: unquoted(answer.ETag), requestId: answer.$metadata.requestId, date: this.#dateOf(answer) }
    })
  }

  createMultipart(key: Key, signal: AbortSignal): Promise<string> {
    return this.#once({ what: `upload ${key}`, key }, async () => {
      const command = new CreateMultipartUploadCommand({ Bucket: this.#bucket, Key: key })
      const { UploadId } = await this.#client.send(command, { abortSignal: signal })
      if (UploadId === undefined) throw new Error('S3 gave no id for the multipart upload')
      return UploadId
    })
  }

  uploadPart(key: Key, uploadId: string, part: PartRequest, signal: AbortSignal): Promise<UploadedPart> {
    return this.#once({ what: `upload part ${part.number} of ${key}`, key }, async () => {
      const command = new UploadPartCommand({
        Bucket: this.#bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: part.number,
        Body: part.body(),
        ContentLength: part.size,
      })
      const answer = await this.#client.send(command, { abortSignal: signal })
      return { number: part.number, etag: unquoted(answer.ETag) }
    })
  }

  completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: AbortSignal,
  ): Promise<PutResult> {
    return this.#once({ what: `upload ${key}`, key, condition: 'EEXIST' }, async () => {
      const command = new CompleteMultipartUploadCommand({
        Bucket: this.#bucket,
        Key: key,
        UploadId: uploadId,
        IfNoneMatch: onlyIfAbsent ? '*' : undefined,
        MultipartUpload: { Parts: parts.map((it) => ({ PartNumber: it.number, ETag: `"${it.etag}"` })) },
      })
      const answer = await this.#client.send(command, { abortSignal: signal })
      return { etag: unquoted(answer.ETag), requestId: answer.$metadata.requestId, date: this.#dateOf(answer) }
    })
  }

  abortMultipart(key: Key, uploadId: string, signal: AbortSignal): Promise<void> {
    return this.#once({ what: `abort the upload of ${key}`, key }, async () => {
      const command = new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: key, UploadId: uploadId })
      try {
        await this.#client.send(command, { abortSignal: signal })
      } catch (error) {
        if (storeError(error, { what: 'abort', key }).failure !== 'absent') throw error
      }
    })
  }

  close(): void {
    this.#client.destroy()
  }

  #read<T>(attempt: Attempt, signal: AbortSignal, send: Try<T>): Promise<T> {
    return retried((tries) => {
      const limit = silenceLimit(tries, this.#patience)
      return this.#once(attempt, () => whileHeard(send, limit, signal))
    }, signal)
  }

  async #once<T>(attempt: Attempt, send: () => Promise<T>): Promise<T> {
    try {
      return await send()
    } catch (error) {
      const failure = storeError(error, attempt)
      if (failure.failure === 'credentials') this.#credentials.refused()
      throw failure
    }
  }
}

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function clientConfig(options: SdkStoreOptions): S3ClientConfig {
  const agents = { keepAlive: true, maxSockets }
  const common: S3ClientConfig = {
    region: options.region,
    forcePathStyle: options.pathStyle,
    credentials: () => options.credentials.get(),
    // We retry ourselves: reads with their body, writes only after a look at what became of them.
    maxAttempts: 1,
    // Without one it writes to the console of each stream that could not be sent.
    logger: silent,
    requestHandler: new NodeHttpHandler({
      connectionTimeout,
      socketTimeout,
      httpAgent: new HttpAgent(agents),
      httpsAgent: new HttpsAgent(agents),
      socketAcquisitionWarningTimeout: 60_000,
    }),
  }
  if (options.endpoint === undefined) return common
  // Many S3-compatible servers refuse the checksum trailers that AWS wants.
  return {
    ...common,
    endpoint: options.endpoint,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
}

function pageOf(answer: ListObjectsV2CommandOutput): ListPage {
  return {
    objects: (answer.Contents ?? []).map((it) => ({
      key: decodeKey(it.Key ?? '') as Key,
      size: it.Size ?? 0,
      mtime: it.LastModified?.getTime() ?? 0,
      etag: unquoted(it.ETag),
    })),
    prefixes: (answer.CommonPrefixes ?? []).map((it) => decodeKey(it.Prefix ?? '') as Prefix),
    next: answer.IsTruncated === true ? answer.NextContinuationToken : undefined,
  }
}

/** Some servers ignore If-Match or Range, and a proxy may cut an answer: what then comes is not what was asked for. */
function requireWhatWasAsked({ key, etag, range, into }: GetRequest, answer: GetObjectCommandOutput): void {
  const isSame = etag !== undefined && answer.ETag !== undefined
  if (isSame && unquoted(answer.ETag) !== etag) {
    throw new StoreError('ESTALE', 'condition', 'OtherETag', `${key} was replaced since it was opened.`, { key })
  }
  const length = answer.ContentLength ?? 0
  const from = Number(answer.ContentRange?.match(/^bytes (\d+)-/)?.[1] ?? 0)
  if (range && (from !== range.start || length > range.end - range.start)) {
    throw new StoreError('EIO', 'permanent', 'OtherRange', `Could not read ${key}: S3 sent another part of it.`, {
      key,
    })
  }
  // Of the version that was asked for, so it is not the object that has another length.
  if (isSame && into && length !== into.length) {
    const sentence = `Could not read ${key}: S3 announced ${length} instead of ${into.length} bytes.`
    throw new StoreError('EIO', 'transient', 'OtherLength', sentence, { key })
  }
}
