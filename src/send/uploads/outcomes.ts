/** What becomes of a message by how a try to upload it ended: submitted, tried again, or failed; and what is looked for by then. */
import type { CancelSignal } from '../../cancellation.js'
import type { DuplicatePolicy } from '../../config.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { EventOf } from '../life/events.js'
import type { Attempt, Message } from '../life/message.js'
import type { DuplicateCheck } from './duplicate-check.js'
import { fateAfter, saysSlowDown, type Fate } from './fate.js'
import { LostUploads, type FoundUpload, type Look, type LostUploadsOptions } from './lost-upload.js'
import { OnTheirWay } from './on-their-way.js'
import { retryDelay } from '../retry-delay.js'
import { checksum, type Uploaded } from './upload.js'
import type { UploadEvents } from './upload-events.js'

export interface OutcomesOptions extends LostUploadsOptions {
  readonly book: MessageBook
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  /** 0 to 1 */
  readonly random: () => number
  readonly log: Logger
  /** A message is in the bucket. */
  readonly onSubmitted: (message: Message) => void
  /** `--lost-answer` */
  readonly lostAnswer: Milliseconds
  /** A try has failed, with what became of the file by that. */
  readonly onFailed: (fate: Fate) => void
}

/** A try, and how far it has come. */
export interface Try {
  /** The message before it. */
  readonly before: Message
  /** By the monotonic clock. */
  readonly begunAt: Milliseconds
  /** By this try it may be in the bucket. */
  mayHaveArrived: boolean
  readonly signal: CancelSignal
}

const denied = {
  earlier: 'It may be in the bucket already, and the keys may not look for it there (AccessDenied).',
  first: 'Its key is taken in AS2/send, and the keys may not look by what: by another file, or by this one.',
}

const none: Look = { is: 'none' }

export class Outcomes {
  readonly #options: OutcomesOptions
  readonly #events: UploadEvents
  readonly #duplicates: DuplicateCheck
  readonly #lost: LostUploads
  readonly #onTheirWay: OnTheirWay
  /** Acknowledged by S3, and not written down yet: of the file as it was then. */
  readonly #acknowledged = new Map<string, { readonly sent: Message; readonly uploaded: Uploaded }>()

  constructor(options: OutcomesOptions, events: UploadEvents, duplicates: DuplicateCheck) {
    this.#options = options
    this.#events = events
    this.#duplicates = duplicates
    this.#lost = new LostUploads(options)
    this.#onTheirWay = new OnTheirWay(options.clock, options.lostAnswer)
  }

  /**
   * Whether nothing is to be sent any more: by an earlier try it is in the bucket, or nobody can tell.
   * @throws FsError or StoreError if it can't be looked for now
   */
  async isSettled(it: Try): Promise<boolean> {
    const { before } = it
    const known = this.#acknowledged.get(before.id)
    // Renamed or written again since, it is another message: what became of the first one is looked for as ever.
    if (known?.sent.path === before.path && known.sent.closedAt === before.closedAt) {
      await this.#submitted(it, before, known.uploaded, false)
      return true
    }
    return before.attempt !== undefined && (await this.#isEarlierSettled(it, before.attempt))
  }

  /** Of one that is not settled: in how long it is to be looked for again; undefined: it may be sent. */
  lookAgainIn({ id, attempt }: Message): Milliseconds | undefined {
    return attempt === undefined || attempt.isRefused === true ? undefined : this.#onTheirWay.lookAgainIn(id)
  }

  /** S3 has taken it. */
  async uploaded(it: Try, message: Message, uploaded: Uploaded): Promise<void> {
    await this.#submitted(it, this.#options.book.get(message.id) ?? message, uploaded, false)
  }

  /** The try has thrown. An earlier attempt of unknown fate stays one. */
  async failed(it: Try, error: unknown): Promise<void> {
    const { before, mayHaveArrived } = it
    const fate = fateAfter(error)
    const sentence = sentenceOf(error)
    const current = this.#options.book.get(before.id) ?? before
    this.#options.onFailed(fate)
    if (mayHaveArrived && fate === 'unknown') this.#onTheirWay[saysSlowDown(error) ? 'refused' : 'lost'](before.id)
    if (fate === 'key-exists') return this.#onKeyExists(it, current, sentence)
    const attempt = attemptAfter(mayHaveArrived ? fate : 'not-taken', before, current)
    if (fate !== 'permanent') {
      return this.#again(current, { attempt, error: sentence, ...(fate === 'credentials' ? { wait: 0 } : {}) })
    }
    const look = mayHaveArrived && attempt ? await this.#lookNow(it, current, attempt) : none
    if (look.is === 'ours') return this.#arrived(it, current, look.found)
    if (look.is === 'unknown') return this.#again(current, { attempt, error: sentence })
    return this.#events.failed(before.id, { error: sentence, attempt })
  }

  async #submitted(it: Try, message: Message, uploaded: Uploaded, hasParts: boolean): Promise<void> {
    const { clock, spool, onSubmitted, book } = this.#options
    const { id } = message
    const { etag, requestId, date, crc32 } = uploaded
    const receipt = {
      etag,
      ...(crc32 === undefined ? {} : { crc32 }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(date === undefined ? {} : { sentAt: date }),
    }
    this.#acknowledged.set(id, { sent: message, uploaded })
    await this.#events.submitted(id, { receipt, hasParts, tookMs: Math.round(clock.monotonic() - it.begunAt) })
    this.#acknowledged.delete(id)
    await spool.remove(id)
    onSubmitted(book.get(id) ?? message)
  }

  /** An upload of ours was found in the bucket. */
  async #arrived(it: Try, message: Message, { where, etag, mtime }: FoundUpload): Promise<void> {
    this.#options.log.info({ id: message.id, where }, 'An upload whose answer was lost had arrived.')
    const crc32 = await checksum(this.#options.spool, message).catch(() => undefined)
    await this.#submitted(it, message, { etag, requestId: undefined, date: mtime, crc32 }, true)
  }

  async #isEarlierSettled(it: Try, attempt: Attempt): Promise<boolean> {
    const look = await this.#lost.look(it.before, attempt, false, it.signal)
    if (look.is === 'ours') {
      await this.#arrived(it, it.before, look.found)
      return true
    }
    // By what S3 said it is not there: another try may not overwrite anything.
    if (look.is === 'none' || attempt.isRefused === true) return false
    await this.#events.failed(it.before.id, { error: denied.earlier, attempt })
    return true
  }

  /**
   * Who stands between may have tried a stored upload once more, and hand on what S3 refused then: what is in the bucket is
   * not told as failed, for somebody would send it again. @returns `unknown` if it can't be told now, but may be later
   */
  async #lookNow(it: Try, message: Message, attempt: Attempt): Promise<Look | { readonly is: 'unknown' }> {
    try {
      return await this.#look(it, message, attempt)
    } catch (error) {
      return fateAfter(error) === 'permanent' ? none : { is: 'unknown' }
    }
  }

  /**
   * The key is there already: by a try of ours, this one even (whoever stands between may have tried it twice), or by somebody
   * else's file.
   */
  async #onKeyExists(it: Try, message: Message, error: string): Promise<void> {
    const attempt = message.attempt ?? it.before.attempt
    let look: Look
    let isThere: boolean
    try {
      look = attempt ? await this.#look(it, message, attempt) : { is: 'none' }
      isThere = look.is !== 'none' || (await this.#options.bucket.has(message, message.path, it.signal))
    } catch (cause) {
      return this.#again(message, { attempt: message.attempt, error: sentenceOf(cause) })
    }
    if (look.is === 'ours') return this.#arrived(it, message, look.found)
    // It was moved on a moment ago: it is looked for once more, and asked for by name.
    if (!isThere) return this.#again(message, { attempt: message.attempt, error, isUnchecked: true })
    if (look.is === 'denied') {
      return this.#events.failed(message.id, { error: denied.first, attempt: message.attempt })
    }
    await this.#onKeyOfAnother(message, it.before.attempt, error)
  }

  async #onKeyOfAnother(message: Message, attempt: Attempt | undefined, error: string): Promise<void> {
    if (this.#options.onDuplicate === 'send') return this.#again(message, { attempt, error })
    const path = this.#duplicates.otherName(message)
    if (path === undefined) return this.#duplicates.refused(message, attempt)
    await this.#events.delayed(message.id, { attempt, error, wait: 0, path })
  }

  #look(it: Try, message: Message, attempt: Attempt): Promise<Look> {
    return this.#lost.look(message, attempt, it.before.attempt === undefined, it.signal)
  }

  #again(
    message: Message,
    details: Omit<EventOf<'delayed'>, 'type' | 'wait'> & { wait?: Milliseconds },
  ): Promise<void> {
    const wait = retryDelay(Math.max(1, message.tries), this.#options.random)
    return this.#events.delayed(message.id, { wait, ...details })
  }
}

/** What is to be looked for after a try that ended so. */
function attemptAfter(fate: Fate, before: Message, current: Message): Attempt | undefined {
  if (fate === 'not-taken') return before.attempt
  if (fate === 'unknown' || !current.attempt) return current.attempt
  // An answer that says no: who stands between may have said it, after S3 had said yes.
  const isInDoubt = before.attempt !== undefined && before.attempt.isRefused !== true
  return isInDoubt ? before.attempt : { ...current.attempt, isRefused: true }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
