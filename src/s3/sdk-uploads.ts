/** The writing half of the store on the AWS SDK. Nothing is tried twice here but a part: the caller journals each try. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { EpochMs, Key } from '../units.js'
import { acceptAborted, acceptBegun, acceptCompleted, acceptStored } from './acceptable.js'
import { storeError, type Attempt } from './failure.js'
import { wordsJudgedBy } from './judged.js'
import { lackIn, withoutIt } from './lacks.js'
import { S3Refusal } from './s3-refusal.js'
import { unlessAborted } from './silence.js'
import { StoreError } from './store-error.js'
import type { ContentMd5, Lack, PartRequest, PutRequest, PutResult, UploadedPart } from './store.js'

export interface SdkUploadsOptions {
  readonly client: S3Client
  readonly bucket: string
  /** Whether the SDK sends no checksum of its own, as it does to AWS. */
  readonly wantsMd5: boolean
  /** Added to as it is found out. */
  readonly lacks: Set<Lack>
  readonly dateOf: (answer: object) => EpochMs | undefined
  /** Keys were refused. */
  readonly onRefused: () => void
}

export class SdkUploads {
  readonly #options: SdkUploadsOptions

  constructor(options: SdkUploadsOptions) {
    this.#options = options
  }

  async put({ key, size, body, ...request }: PutRequest, signal: AbortSignal): Promise<PutResult> {
    const { bucket, client } = this.#options
    const ifNoneMatch = this.#ifNoneMatch(request.onlyIfAbsent === true)
    const md5 = await this.#md5(request.md5)
    const attempt = { what: `upload ${key}`, key, condition: 'EEXIST' } as const
    return this.#try(attempt, sent({ ifNoneMatch, md5 }), signal, async () => {
      const command = new PutObjectCommand({
        ...{ Bucket: bucket, Key: key, ContentLength: size, IfNoneMatch: ifNoneMatch, ContentMD5: md5 },
        Body: size === 0 ? new Uint8Array(0) : body(),
      })
      const etag = wordsJudgedBy(command, acceptStored)
      const answer = await client.send(command, { abortSignal: signal })
      return { etag: etag(), requestId: answer.$metadata.requestId, date: this.#options.dateOf(answer) }
    })
  }

  createMultipart(key: Key, signal: AbortSignal): Promise<string> {
    const { bucket, client } = this.#options
    return this.#try({ what: `upload ${key}`, key }, [], signal, async () => {
      const command = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key })
      const id = wordsJudgedBy(command, (head, words) => acceptBegun(head, words, key))
      await client.send(command, { abortSignal: signal })
      return id()
    })
  }

  async uploadPart(key: Key, uploadId: string, part: PartRequest, signal: AbortSignal): Promise<UploadedPart> {
    const md5 = await this.#md5(part.md5)
    const attempt = { what: `upload part ${part.number} of ${key}`, key, mayBeAbsent: true }
    try {
      return await this.#try(attempt, sent({ md5 }), signal, () => this.#part(key, uploadId, part, md5, signal))
    } catch (error) {
      // A part may be sent twice.
      const again = md5 !== undefined && error instanceof StoreError && error.failure === 'unsupported'
      if (!again) throw error
      return this.#try(attempt, [], signal, () => this.#part(key, uploadId, part, undefined, signal))
    }
  }

  completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: AbortSignal,
  ): Promise<PutResult> {
    const { bucket, client } = this.#options
    const ifNoneMatch = this.#ifNoneMatch(onlyIfAbsent)
    const attempt = { what: `upload ${key}`, key, condition: 'EEXIST', mayBeAbsent: true } as const
    return this.#try(attempt, sent({ ifNoneMatch }), signal, async () => {
      const command = new CompleteMultipartUploadCommand({
        ...{ Bucket: bucket, Key: key, UploadId: uploadId, IfNoneMatch: ifNoneMatch },
        MultipartUpload: { Parts: parts.map((it) => ({ PartNumber: it.number, ETag: `"${it.etag}"` })) },
      })
      const etag = wordsJudgedBy(command, (head, words) => acceptCompleted(head, words, key))
      const answer = await client.send(command, { abortSignal: signal })
      return { etag: etag(), requestId: answer.$metadata.requestId, date: this.#options.dateOf(answer) }
    })
  }

  abortMultipart(key: Key, uploadId: string, signal: AbortSignal): Promise<void> {
    const { bucket, client } = this.#options
    const attempt = { what: `abort the upload of ${key}`, key, mayBeAbsent: true }
    return this.#try(attempt, [], signal, async () => {
      const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
      wordsJudgedBy(command, acceptAborted)
      try {
        await client.send(command, { abortSignal: signal })
      } catch (error) {
        if (storeError(error, attempt).failure !== 'absent') throw error
      }
    })
  }

  async #part(
    key: Key,
    uploadId: string,
    { number, size, body }: PartRequest,
    md5: string | undefined,
    signal: AbortSignal,
  ): Promise<UploadedPart> {
    const command = new UploadPartCommand({
      ...{ Bucket: this.#options.bucket, Key: key, UploadId: uploadId, PartNumber: number },
      ...{ Body: body(), ContentLength: size, ContentMD5: md5 },
    })
    const etag = wordsJudgedBy(command, acceptStored)
    await this.#options.client.send(command, { abortSignal: signal })
    return { number, etag: etag() }
  }

  #ifNoneMatch(isWanted: boolean): string | undefined {
    return isWanted && !this.#options.lacks.has('if-none-match') ? '*' : undefined
  }

  async #md5(md5: ContentMd5 | undefined): Promise<string | undefined> {
    const { wantsMd5, lacks } = this.#options
    return wantsMd5 && !lacks.has('content-md5') ? md5?.() : undefined
  }

  /** @param asked what of the request a server may lack */
  async #try<T>(attempt: Attempt, asked: readonly Lack[], signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    try {
      return await unlessAborted(send(), signal)
    } catch (error) {
      const lack = error instanceof S3Refusal ? lackIn(error, asked) : undefined
      if (lack !== undefined) {
        this.#options.lacks.add(lack)
        throw withoutIt(lack, attempt, error)
      }
      const failure = storeError(error, attempt)
      if (failure.failure === 'credentials') this.#options.onRefused()
      throw failure
    }
  }
}

/** The likelier to be lacked first. */
function sent({ ifNoneMatch, md5 }: { ifNoneMatch?: string | undefined; md5?: string | undefined }): Lack[] {
  return [
    ...(ifNoneMatch === undefined ? [] : (['if-none-match'] as const)),
    ...(md5 === undefined ? [] : (['content-md5'] as const)),
  ]
}
