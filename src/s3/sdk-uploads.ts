/** The writing half of the store on the AWS SDK. Nothing is tried twice here but a part: the caller journals each try. */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { CancelSignal } from '../cancellation.js'
import type { EpochMs, Key, Milliseconds } from '../units.js'
import {
  acceptAborted,
  acceptBegun,
  acceptCompleted,
  acceptPut,
  acceptStored,
  isFromS3,
  type AnswerHead,
} from './acceptable.js'
import { storeError, type StoreCall } from './failure.js'
import { wordsAcceptedBy } from './accepted.js'
import { type Lacks, withoutIt } from './lacks.js'
import type { RequestKind } from './prices.js'
import { S3Refusal } from './s3-refusal.js'
import { StoreError } from './store-error.js'
import type { ContentMd5, Lack, PartRequest, PutRequest, PutResult, UploadedPart } from './store.js'
import { watched, type UploadLimits, type UploadRequest, type UploadSteps } from './upload-limits.js'

export interface SdkUploadsOptions {
  readonly client: S3Client
  readonly bucket: string
  /** Whether the SDK sends no checksum of its own, as it does to AWS. */
  readonly wantsMd5: boolean
  /** Added to as it is found out. */
  readonly lacks: Lacks
  readonly limits: UploadLimits
  readonly dateOf: (answer: object) => EpochMs | undefined
  /** Keys were refused. */
  readonly onRefused: () => void
  /** One is sent that was sent before. */
  readonly onAgain: (kind: RequestKind) => void
}

/** Of parts that are put together: S3 begins its answer at once, and ends it when it is done. */
const longestAnswer: Milliseconds = 5 * 60_000
const usualAnswer: Milliseconds = 10_000

export class SdkUploads {
  readonly #options: SdkUploadsOptions

  constructor(options: SdkUploadsOptions) {
    this.#options = options
  }

  async put(request: PutRequest, signal: CancelSignal): Promise<PutResult> {
    const { key, size, body, md5, onlyIfAbsent = false, isAgain = false } = request
    const { bucket, client, onAgain } = this.#options
    if (isAgain) onAgain('put')
    const call = { what: `upload ${key}`, key, condition: 'EEXIST' } as const
    const asked = await this.#asked({ onlyIfAbsent, md5 })
    return this.#try(call, asked, { key, size }, signal, async (own, { moved }) => {
      const content = size === 0 ? undefined : watched(body(), moved)
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        ContentLength: size,
        ...asked.headers,
        Body: content ?? new Uint8Array(0),
      })
      const etag = wordsAcceptedBy(command, acceptPut)
      try {
        const answer = await client.send(command, { abortSignal: own })
        return { etag: etag(), requestId: answer.$metadata.requestId, date: this.#options.dateOf(answer) }
      } finally {
        content?.destroy()
      }
    })
  }

  createMultipart(key: Key, signal: CancelSignal): Promise<string> {
    const { bucket, client } = this.#options
    return this.#try({ what: `upload ${key}`, key }, nothing, { key, size: 0 }, signal, async (own) => {
      const command = new CreateMultipartUploadCommand({ Bucket: bucket, Key: key })
      const id = wordsAcceptedBy(command, (head, words) => acceptBegun(head, words, key))
      await client.send(command, { abortSignal: own })
      return id()
    })
  }

  async uploadPart(key: Key, uploadId: string, part: PartRequest, signal: CancelSignal): Promise<UploadedPart> {
    const call = { what: `upload part ${part.number} of ${key}`, key, mayBeAbsent: true }
    if (part.isAgain === true) this.#options.onAgain('uploadPart')
    const send = async (): Promise<UploadedPart> => {
      const asked = await this.#asked({ md5: part.md5 })
      return this.#try(call, asked, { key, size: part.size }, signal, (own, { moved }) =>
        this.#part(key, uploadId, { ...part, body: () => watched(part.body(), moved) }, asked, own),
      )
    }
    try {
      return await send()
    } catch (error) {
      // A part may be sent twice.
      if (error instanceof StoreError && error.failure === 'unsupported') return send()
      throw error
    }
  }

  async completeMultipart(
    key: Key,
    uploadId: string,
    parts: readonly UploadedPart[],
    onlyIfAbsent: boolean,
    signal: CancelSignal,
  ): Promise<PutResult> {
    const { bucket, client } = this.#options
    const call = { what: `upload ${key}`, key, condition: 'EEXIST', mayBeAbsent: true } as const
    const asked = await this.#asked({ onlyIfAbsent })
    return this.#try(call, asked, { key, size: 0 }, signal, async (own, { begun }) => {
      const command = new CompleteMultipartUploadCommand({
        Bucket: bucket,
        Key: key,
        UploadId: uploadId,
        ...asked.headers,
        MultipartUpload: { Parts: parts.map((it) => ({ PartNumber: it.number, ETag: `"${it.etag}"` })) },
      })
      const patience = (head: AnswerHead): Milliseconds => {
        if (!isFromS3(head)) return usualAnswer
        begun(longestAnswer)
        return longestAnswer
      }
      const etag = wordsAcceptedBy(command, (head, words) => acceptCompleted(head, words, key), { patience })
      const answer = await client.send(command, { abortSignal: own })
      return { etag: etag(), requestId: answer.$metadata.requestId, date: this.#options.dateOf(answer) }
    })
  }

  abortMultipart(key: Key, uploadId: string, signal: CancelSignal): Promise<void> {
    const { bucket, client } = this.#options
    const call = { what: `abort the upload of ${key}`, key, mayBeAbsent: true }
    return this.#try(call, nothing, { key, size: 0 }, signal, async (own) => {
      const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId })
      wordsAcceptedBy(command, acceptAborted)
      try {
        await client.send(command, { abortSignal: own })
      } catch (error) {
        if (storeError(error, call).failure !== 'absent') throw error
      }
    })
  }

  async #part(
    key: Key,
    uploadId: string,
    { number, size, body }: PartRequest,
    { headers }: Asked,
    signal: AbortSignal,
  ): Promise<UploadedPart> {
    const content = body()
    const command = new UploadPartCommand({
      Bucket: this.#options.bucket,
      Key: key,
      UploadId: uploadId,
      PartNumber: number,
      Body: content,
      ContentLength: size,
      ...headers,
    })
    const etag = wordsAcceptedBy(command, acceptStored)
    try {
      await this.#options.client.send(command, { abortSignal: signal })
      return { number, etag: etag() }
    } finally {
      content.destroy()
    }
  }

  /** What a server may lack goes along as far as it does not. @throws whatever reading the content does */
  async #asked({ onlyIfAbsent = false, md5 }: Wanted): Promise<Asked> {
    const { wantsMd5, lacks } = this.#options
    const wanted: Lack[] = []
    if (onlyIfAbsent) wanted.push('if-none-match')
    if (wantsMd5 && md5) wanted.push('content-md5')
    const sent = lacks.allowed(wanted)
    const headers = {
      ...(sent.includes('if-none-match') ? { IfNoneMatch: '*' } : {}),
      ...(md5 && sent.includes('content-md5') ? { ContentMD5: await md5() } : {}),
    }
    return { wanted, sent, headers }
  }

  async #try<T>(
    call: StoreCall,
    asked: Asked,
    request: UploadRequest,
    signal: CancelSignal,
    send: (signal: AbortSignal, steps: UploadSteps) => Promise<T>,
  ): Promise<T> {
    const { lacks, limits, onRefused } = this.#options
    try {
      const answer = await limits.within(request, signal, send)
      lacks.accepted(asked.wanted)
      return answer
    } catch (error) {
      const lack = error instanceof S3Refusal ? lacks.refused(error, asked.sent) : undefined
      if (lack !== undefined) throw withoutIt(lack, call, error)
      const failure = storeError(error, call)
      if (failure.failure === 'credentials') onRefused()
      throw failure
    }
  }
}

interface Wanted {
  readonly onlyIfAbsent?: boolean
  readonly md5?: ContentMd5 | undefined
}

/** What of a request a server may lack. */
interface Asked {
  readonly wanted: readonly Lack[]
  readonly sent: readonly Lack[]
  readonly headers: { readonly IfNoneMatch?: string; readonly ContentMD5?: string }
}

const nothing: Asked = { wanted: [], sent: [], headers: {} }
