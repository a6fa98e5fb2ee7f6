/** Takes queued messages to the bucket: when, how many at once, and what becomes of each. */
import { StoreError } from '../s3/store-error.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, EpochMs, Key, Milliseconds } from '../units.js'
import type { DuplicatePolicy } from '../config.js'
import { isDuplicate, suffixed } from './duplicates.js'
import { without, type Attempt, type Message } from './message.js'
import type { MessageBook } from './message-book.js'
import { nextDue, nextUploads, retryDelay } from './schedule.js'
import type { BucketView } from './sender.js'
import { checksum, upload, type Uploaded, type UploadOptions } from './upload.js'

export interface TransferOptions extends UploadOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly keyOf: (message: Message) => Key
  readonly uploads: number
  readonly settle: Milliseconds
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** Somebody is changing it at the moment: its turn comes after that. */
  readonly isLocked: (id: string) => boolean
  /** A message is in the bucket. */
  readonly onSubmitted: (message: Message) => void
}

/** Clocks may differ: S3 refuses a request when they do by more than 15 minutes. */
const clockSlack: Milliseconds = 20 * 60 * 1000
/** One try may take this long, and a minute for every 10 MB. */
const tryPatience: Milliseconds = 120_000
const patiencePerByte = 60_000 / 10_000_000
/** New keys may come at any time; asking costs one request. */
const credentialsDelay: Milliseconds = 10_000

/** Failures after which it is certain that S3 has not taken the file. */
const neverArrived = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'SlowDown'])

export class Transfer {
  readonly #options: TransferOptions
  readonly #stop = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #uploaded = new Map<string, Bytes>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: TransferOptions) {
    this.#options = options
  }

  /** Bytes of a message that are in the bucket already, while it is being uploaded. */
  uploaded(id: string): Bytes {
    return this.#uploaded.get(id) ?? 0
  }

  /** Whether it is on its way, or about to be: then nobody else may change it. */
  isUnderWay(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** Looks for work: call it whenever a message was queued. */
  kick(): void {
    if (this.#stop.signal.aborted) return
    const { clock, uploads, multipartThreshold } = this.#options
    const limits = { uploads, large: multipartThreshold }
    for (const message of nextUploads(this.#idle(), clock.now(), limits)) this.#begin(message)
    clearTimeout(this.#timer)
    const due = nextDue(this.#idle())
    if (due === undefined || this.#underWay.size >= uploads) return
    // A day at most: a timer of more than 24.8 days fires at once.
    const wait = Math.min(Math.max(due - clock.now(), 1), 24 * 60 * 60 * 1000)
    this.#timer = setTimeout(() => this.kick(), wait)
  }

  /** Uploads what is queued, without settling, until nothing is or the time is over. */
  async drain(limit: Milliseconds): Promise<void> {
    const end = performance.now() + limit
    for (const { state, id } of this.#options.book.all()) if (state === 'queued') this.#dueNow(id)
    this.kick()
    while (performance.now() < end && this.#waiting()) {
      const soon = new Promise<void>((resolve) => setTimeout(resolve, Math.min(50, end - performance.now())))
      await Promise.race([soon, ...this.#underWay.values()])
    }
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await Promise.all(this.#underWay.values())
  }

  /** Messages as the schedule may see them: what was begun counts as uploading before the journal says so. */
  *#idle(): Iterable<Message> {
    for (const message of this.#options.book.all()) {
      if (this.#underWay.has(message.id)) yield { ...message, state: 'uploading' }
      else if (!this.#options.isLocked(message.id)) yield message
    }
  }

  #waiting(): boolean {
    for (const { state } of this.#options.book.all()) if (state === 'queued' || state === 'uploading') return true
    return false
  }

  #dueNow(id: string): void {
    const message = this.#options.book.get(id)
    if (message) this.#options.book.touch({ ...message, notBefore: this.#options.clock.now() })
  }

  #begin(message: Message): void {
    const done = this.#try(message)
      .catch((err: unknown) => {
        this.#options.log.error({ err, id: message.id }, 'An upload could not be written down; it is tried again.')
        this.#later(message.id, credentialsDelay)
      })
      .finally(() => {
        this.#underWay.delete(message.id)
        this.#uploaded.delete(message.id)
        this.kick()
      })
    this.#underWay.set(message.id, done)
  }

  async #try(message: Message): Promise<void> {
    const patience = Math.ceil(tryPatience + message.size * patiencePerByte)
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)])
    try {
      if (message.attempt && (await this.#findLost(message, message.attempt, signal))) return
      const checked = await this.#checked(message, signal)
      if (!checked) return
      const { attempt: lost, ...rest } = checked
      if (lost) await this.#abortLost(message, lost, signal)
      const since = this.#options.clock.now()
      const uploading: Message = { ...rest, state: 'uploading', tries: message.tries + 1, attempt: { since } }
      await this.#change(uploading)
      await this.#submitted(uploading, await this.#upload(uploading, signal))
    } catch (error) {
      // On the way out: what the journal says now is looked at by the next start.
      if (this.#stop.signal.aborted) return
      await this.#failed(this.#options.book.get(message.id) ?? message, error, signal)
    }
  }

  #upload(message: Message, signal: AbortSignal): Promise<Uploaded> {
    const { id, size } = message
    const since = message.attempt?.since ?? this.#options.clock.now()
    return upload(
      this.#options,
      {
        ...{ id, size, key: this.#options.keyOf(message) },
        begun: (uploadId) => this.#options.book.put([{ ...message, attempt: { since, uploadId } }], { sync: true }),
        progress: (bytes) => this.#uploaded.set(id, bytes),
      },
      signal,
    )
  }

  /** Whether an upload whose answer was lost arrived after all. */
  async #findLost(message: Message, attempt: Attempt, signal: AbortSignal): Promise<boolean> {
    const name = message.path
    const where = await this.#options.bucket.find(message, name, message.size, attempt.since - clockSlack, signal)
    if (where === undefined) return false
    this.#options.log.info({ id: message.id, where }, 'An upload whose answer was lost had arrived.')
    const crc32 = await checksum(this.#options.spool, message)
    await this.#submitted(message, { etag: '', requestId: undefined, crc32 })
    return true
  }

  async #abortLost(message: Message, { uploadId }: Attempt, signal: AbortSignal): Promise<void> {
    if (uploadId === undefined) return
    await this.#options.store.abortMultipart(this.#options.keyOf(message), uploadId, signal)
  }

  /** The check for duplicates that was not possible when the name was given. @returns undefined if it is not sent now */
  async #checked(message: Message, signal: AbortSignal): Promise<Message | undefined> {
    if (message.isUnchecked !== true || this.#options.onDuplicate === 'send') return message
    const seenAt = await this.#options.bucket.seen(message, message.path, signal)
    const checked = without(message, 'isUnchecked')
    if (!isDuplicate(seenAt, this.#options.clock.now())) return checked
    return this.#onDuplicate(checked)
  }

  async #onDuplicate(message: Message): Promise<Message | undefined> {
    if (this.#options.onDuplicate === 'suffix') {
      return { ...message, path: suffixed(message.path, this.#options.clock.now()) }
    }
    const error = 'The name was sent within six hours: the gateway would drop it. Rename the file, or retry later.'
    await this.#change({ ...without(message, 'notBefore', 'attempt'), state: 'failed', isUnchecked: true, error })
    return undefined
  }

  async #submitted(message: Message, { etag, requestId, date, crc32 }: Uploaded): Promise<void> {
    const settled = without(message, 'attempt', 'notBefore', 'error', 'reason')
    const receipt = {
      ...{ etag, crc32, submittedAt: this.#options.clock.now() },
      ...(requestId === undefined ? {} : { requestId }),
      ...(date === undefined ? {} : { sentAt: date }),
    }
    await this.#change({ ...settled, state: 'submitted', ...receipt })
    await this.#options.spool.remove(message.id)
    this.#options.onSubmitted(message)
  }

  async #failed(message: Message, error: unknown, signal: AbortSignal): Promise<void> {
    const sentence = error instanceof Error ? error.message : String(error)
    const failure = error instanceof StoreError ? error.failure : undefined
    if (failure === 'credentials') return this.#again(without(message, 'attempt'), sentence, credentialsDelay)
    if (failure === 'condition') return this.#onTaken(message, sentence, signal)
    if (failure === 'permanent') {
      return this.#change({ ...without(message, 'attempt', 'notBefore'), state: 'failed', error: sentence })
    }
    if (error instanceof StoreError && neverArrived.has(error.s3Code)) {
      return this.#again(without(message, 'attempt'), sentence, this.#delay(message))
    }
    // What happened to the attempt is not known: it stays, and is looked for first.
    await this.#again(message, sentence, this.#delay(message))
  }

  /** The key is there already: by an attempt of ours, or by somebody else. */
  async #onTaken(message: Message, sentence: string, signal: AbortSignal): Promise<void> {
    const { onDuplicate } = this.#options
    if (message.attempt && message.tries > 1 && (await this.#findLost(message, message.attempt, signal))) return
    const free = without(message, 'attempt')
    if (onDuplicate === 'send') return this.#again(free, sentence, this.#delay(message))
    const renamed = await this.#onDuplicate(free)
    if (renamed) await this.#again(renamed, sentence, 0)
  }

  #delay(message: Message): Milliseconds {
    return retryDelay(Math.max(1, message.tries), this.#options.random)
  }

  #again(message: Message, error: string, delay: Milliseconds): Promise<void> {
    const notBefore = this.#options.clock.now() + delay
    return this.#change({ ...message, state: 'queued', notBefore, error })
  }

  #later(id: string, delay: Milliseconds): void {
    const message = this.#options.book.get(id)
    const notBefore: EpochMs = this.#options.clock.now() + delay
    if (message) this.#options.book.touch({ ...message, state: 'queued', notBefore })
  }

  async #change(message: Message): Promise<void> {
    await this.#options.book.put([message], { sync: true })
  }
}
