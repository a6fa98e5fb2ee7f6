/**
 * One try to upload one message: what is looked for before it, what the journal has of it before each step, and what becomes of
 * the message by its outcome.
 */
import { sentencesOf } from '../../s3/lacks.js'
import { StoreError } from '../../s3/store-error.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Bytes, EpochMs, Key, Milliseconds } from '../../units.js'
import type { DuplicatePolicy } from '../../config.js'
import type { Told } from '../life/change.js'
import { isDuplicate, suffixed } from '../life/duplicates.js'
import { type Meaning, meaningOf, sentenceOf } from './failures.js'
import type { Leftovers } from './leftovers.js'
import { LostUploads, type FoundUpload, type Look } from './lost-upload.js'
import { without, type Attempt, type Message } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import { withoutData } from '../life/recovery.js'
import { retryDelay } from './retry-delay.js'
import type { BucketView } from '../sender.js'
import { wasSent } from '../life/six-hours.js'
import { checksum, upload, type Uploaded, type UploadOptions } from './upload.js'

export interface AttemptsOptions extends UploadOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly leftovers: Leftovers
  readonly keyOf: (message: Message) => Key
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** Bytes of a message that are in the bucket already. */
  readonly onProgress: (id: string, bytes: Bytes) => void
  /** A message is in the bucket. */
  readonly onSubmitted: (message: Message) => void
  /** A try has failed, with what that means. */
  readonly onFailed: (meaning: Meaning) => void
}

/** How far a try has come. */
interface Try {
  readonly begunAt: Milliseconds
  /** From here on it may be in the bucket. */
  hasBegun: boolean
}

const denied = {
  earlier: 'It may be in the bucket already, and the keys may not look for it there (AccessDenied).',
  first: 'Its key is taken in AS2/send, and the keys may not look by what: by another file, or by this one.',
}
const duplicate = 'The name was sent within six hours: the gateway would drop it. Rename the file, or retry later.'

export class Attempts {
  readonly #options: AttemptsOptions
  readonly #lost: LostUploads
  #hasSaidSo = false
  /** Acknowledged by S3, and not written down yet: of the file as it was then. */
  readonly #acknowledged = new Map<string, { readonly sent: Message; readonly result: Uploaded }>()

  constructor(options: AttemptsOptions) {
    this.#options = options
    this.#lost = new LostUploads(options)
  }

  /**
   * @param signal ends the try; whatever the journal says then is looked at by the next one
   * @throws FsError if the journal can't be written, and whatever the try threw if `signal` ended it
   */
  async run(message: Message, signal: AbortSignal, stop: AbortSignal): Promise<void> {
    const state: Try = { begunAt: this.#options.clock.monotonic(), hasBegun: false }
    try {
      await this.#run(message, state, signal)
    } catch (error) {
      if (stop.aborted) throw error
      await this.#failed(message, state, error, signal)
    }
  }

  async #run(message: Message, state: Try, signal: AbortSignal): Promise<void> {
    const acknowledged = this.#acknowledged.get(message.id)
    // Renamed or written again since, it is another message: what became of the first one is looked for as ever.
    if (acknowledged?.sent.path === message.path && acknowledged.sent.closedAt === message.closedAt) {
      return this.#submitted(without(message, 'upload'), acknowledged.result, state)
    }
    if (message.attempt && (await this.#isSettled(message, message.attempt, state, signal))) return
    if (!(await this.#isWhole(message))) return
    const checked = await this.#checked(await this.#options.leftovers.abort(message, signal), signal)
    if (!checked) return
    // Before the first byte: of a multipart upload the bucket may say that it was there since it was begun.
    const now = await this.#options.bucket.time(signal)
    const uploading: Message = { ...checked, state: 'uploading', tries: message.tries + 1 }
    const isOnePut = uploading.size <= this.#options.multipartThreshold
    const from = checked.path === message.path ? {} : { from: message.path, policy: '--on-duplicate suffix' }
    await this.#change(isOnePut ? attempted(uploading, now) : uploading, { event: 'uploading', ...from })
    if (isOnePut) await this.#mustBeFree(uploading, signal)
    state.hasBegun = isOnePut
    const result = await this.#upload(uploading, state, now, signal)
    await this.#submitted(without(this.#options.book.get(message.id) ?? uploading, 'upload'), result, state)
  }

  #upload(message: Message, state: Try, now: EpochMs, signal: AbortSignal): Promise<Uploaded> {
    const { book, keyOf, onProgress } = this.#options
    const { id, size } = message
    const key = keyOf(message)
    const note = async (change: (message: Message) => Message): Promise<void> => {
      const current = book.get(id)
      if (current) await book.put([change(current)], { sync: true })
    }
    const begun = (uploadId: string) => note((current) => ({ ...current, upload: { id: uploadId, key } }))
    const completing = async (): Promise<void> => {
      await note((current) => attempted(current, now))
      await this.#mustBeFree(message, signal)
      state.hasBegun = true
    }
    const progress = (bytes: Bytes) => onProgress(id, bytes)
    return upload(this.#options, { id, size, key, begun, completing, progress }, signal)
  }

  /**
   * Where the server does not know If-None-Match, nothing but a look right before keeps an upload from overwriting.
   * @throws StoreError as the server would
   */
  async #mustBeFree(message: Message, signal: AbortSignal): Promise<void> {
    const { store, bucket, keyOf, log } = this.#options
    if (!store.lacks.has('if-none-match')) return
    if (!this.#hasSaidSo) log.warn(sentencesOf(new Set(['if-none-match'] as const)).join(' '))
    this.#hasSaidSo = true
    if (!(await bucket.has(message, message.path, signal))) return
    const key = keyOf(message)
    const reason = 'it is there already'
    throw new StoreError('EEXIST', 'condition', 'Listed', `Could not upload ${key}: ${reason}.`, { key, reason })
  }

  /** Looks for an earlier try of unknown outcome. @returns whether nothing is to be sent now */
  async #isSettled(message: Message, attempt: Attempt, state: Try, signal: AbortSignal): Promise<boolean> {
    const look = await this.#lost.look(message, attempt, false, signal)
    if (look.is === 'ours') {
      await this.#arrived(message, look.found, state)
      return true
    }
    // By what S3 said it is not there: another try may not overwrite anything.
    if (look.is === 'none' || attempt.isRefused === true) return false
    await this.#change({ ...without(message, 'wait'), state: 'failed', error: denied.earlier }, { event: 'failed' })
    return true
  }

  async #arrived(message: Message, { where, etag, mtime }: FoundUpload, state: Try): Promise<void> {
    this.#options.log.info({ id: message.id, where }, 'An upload whose answer was lost had arrived.')
    const crc32 = await checksum(this.#options.spool, message).catch(() => undefined)
    await this.#submitted(message, { etag, requestId: undefined, date: mtime, crc32 }, state)
  }

  /** Nothing is sent of a file that somebody cut or took out of the spool. */
  async #isWhole(message: Message): Promise<boolean> {
    const size = await this.#options.spool.size(message.id)
    if (size === message.size) return true
    await this.#change(withoutData(message, size), { event: 'failed' })
    return false
  }

  /** The check for duplicates that was not possible when the name was given. @returns undefined if it is not sent now */
  async #checked(message: Message, signal: AbortSignal): Promise<Message | undefined> {
    const { bucket, book, clock, onDuplicate } = this.#options
    if (message.isUnchecked !== true || onDuplicate === 'send') return message
    const seenAt = await bucket.seen(message, message.path, signal)
    const now = bucket.now() ?? clock.now()
    const checked = without(message, 'isUnchecked')
    if (!isDuplicate(seenAt, now) && !wasSent(book, message, message.path, now)) return checked
    return this.#onDuplicate(checked)
  }

  async #onDuplicate(message: Message): Promise<Message | undefined> {
    const { bucket, clock, onDuplicate } = this.#options
    if (onDuplicate === 'suffix') {
      return { ...message, path: suffixed(message.path, bucket.now() ?? clock.now()) }
    }
    const failed: Message = { ...without(message, 'wait'), state: 'failed', isUnchecked: true, error: duplicate }
    await this.#change(failed, { event: 'failed', policy: '--on-duplicate reject' })
    return undefined
  }

  async #submitted(message: Message, result: Uploaded, { begunAt }: Try): Promise<void> {
    const { clock, spool, onSubmitted } = this.#options
    const { etag, requestId, date, crc32 } = result
    const settled = without(message, 'attempt', 'wait', 'error', 'reason')
    const receipt = {
      ...{ etag, submittedAt: clock.now() },
      ...(crc32 === undefined ? {} : { crc32 }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(date === undefined ? {} : { sentAt: date }),
    }
    this.#acknowledged.set(message.id, { sent: message, result })
    const tookMs = Math.round(clock.monotonic() - begunAt)
    await this.#change({ ...settled, state: 'submitted', ...receipt }, { event: 'submitted', tookMs })
    this.#acknowledged.delete(message.id)
    await spool.remove(message.id)
    onSubmitted(message)
  }

  /** @param before as it was before this try: an earlier attempt of unknown fate stays one */
  async #failed(before: Message, state: Try, error: unknown, signal: AbortSignal): Promise<void> {
    const { hasBegun } = state
    const meaning = meaningOf(error)
    const sentence = sentenceOf(error)
    const current = this.#options.book.get(before.id) ?? before
    this.#options.onFailed(meaning)
    const message = withAttempt(current, attemptAfter(hasBegun ? meaning : 'not-taken', before, current))
    if (meaning === 'permanent') {
      if (hasBegun && (await this.#isStored(message, before, state, signal))) return
      const failed: Message = { ...without(message, 'wait'), state: 'failed', error: sentence }
      return this.#change(failed, { event: 'failed' })
    }
    if (meaning === 'taken') return this.#onTaken(current, before, state, sentence, signal)
    return this.#again(message, sentence, meaning === 'credentials' ? 0 : this.#delay(message))
  }

  /**
   * Who stands between may have tried a stored upload once more, and hand on what S3 refused then: what is in the bucket is
   * not told as failed, for somebody would send it again. @returns false too if it can't be told
   */
  async #isStored(message: Message, before: Message, state: Try, signal: AbortSignal): Promise<boolean> {
    if (!message.attempt) return false
    const look = await this.#lost
      .look(message, message.attempt, before.attempt === undefined, signal)
      .catch((): Look => ({ is: 'none' }))
    if (look.is !== 'ours') return false
    await this.#arrived(message, look.found, state)
    return true
  }

  /**
   * The key is there already: by a try of ours, this one even (whoever stands between may have tried it twice), or by somebody
   * else's file.
   */
  async #onTaken(message: Message, before: Message, state: Try, sentence: string, signal: AbortSignal): Promise<void> {
    const attempt = message.attempt ?? before.attempt
    const free = withAttempt(message, before.attempt)
    let look: Look
    let isThere: boolean
    try {
      look = attempt ? await this.#lost.look(message, attempt, before.attempt === undefined, signal) : { is: 'none' }
      if (look.is === 'ours') {
        await this.#arrived(message, look.found, state)
        return
      }
      isThere = look.is === 'denied' || (await this.#options.bucket.has(message, message.path, signal))
    } catch (error) {
      return this.#again(message, sentenceOf(error), this.#delay(message))
    }
    // It was moved on a moment ago: it is looked for once more, and asked for by name.
    if (!isThere) return this.#again({ ...message, isUnchecked: true }, sentence, this.#delay(message))
    if (look.is === 'denied') {
      const failed: Message = { ...without(message, 'wait'), state: 'failed', error: denied.first }
      return this.#change(failed, { event: 'failed' })
    }
    if (this.#options.onDuplicate === 'send') return this.#again(free, sentence, this.#delay(free))
    const renamed = await this.#onDuplicate(free)
    if (renamed) {
      await this.#again(renamed, sentence, 0, { from: message.path, policy: '--on-duplicate suffix' })
    }
  }

  #delay(message: Message): Milliseconds {
    return retryDelay(Math.max(1, message.tries), this.#options.random)
  }

  #again(message: Message, error: string, wait: Milliseconds, told: Omit<Told, 'event'> = {}): Promise<void> {
    return this.#change({ ...message, state: 'queued', wait, error }, { event: 'delayed', ...told })
  }

  async #change(message: Message, told: Told): Promise<void> {
    await this.#options.book.put([message], { sync: true, told: [told] })
  }
}

/** From now on it may be in the bucket. An earlier attempt of unknown fate may still arrive, so its time stays. */
function attempted(message: Message, now: EpochMs): Message {
  return { ...message, attempt: { after: message.attempt?.after ?? now } }
}

/** What is to be looked for after a try that ended so. */
function attemptAfter(meaning: Meaning, before: Message, current: Message): Attempt | undefined {
  if (meaning === 'not-taken') return before.attempt
  if (meaning === 'unknown' || !current.attempt) return current.attempt
  // An answer that says no: who stands between may have said it, after S3 had said yes.
  const isInDoubt = before.attempt !== undefined && before.attempt.isRefused !== true
  return isInDoubt ? before.attempt : { ...current.attempt, isRefused: true }
}

function withAttempt(message: Message, attempt: Attempt | undefined): Message {
  const rest = without(message, 'attempt')
  return attempt ? { ...rest, attempt } : rest
}
