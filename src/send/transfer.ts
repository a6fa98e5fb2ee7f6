/** Takes queued messages to the bucket: when, how many at once, and what becomes of each. */
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Key, Milliseconds, Prefix } from '../units.js'
import type { DuplicatePolicy } from '../config.js'
import { isDuplicate, suffixed } from './duplicates.js'
import { meaningOf, sentenceOf } from './failures.js'
import { KeysGate } from './keys-gate.js'
import { Leftovers } from './leftovers.js'
import type { Locks } from './locks.js'
import { without, type Attempt, type Message } from './message.js'
import type { MessageBook } from './message-book.js'
import { LostUploads } from './lost-upload.js'
import { withoutData } from './recovery.js'
import { retryDelay } from './retry-delay.js'
import type { BucketView } from './sender.js'
import type { UploadQueue } from './upload-queue.js'
import { checksum, upload, type Uploaded, type UploadOptions } from './upload.js'

export interface TransferOptions extends UploadOptions {
  readonly book: MessageBook
  readonly queue: UploadQueue
  readonly bucket: BucketView
  readonly keyOf: (message: Message) => Key
  readonly root: Prefix
  readonly uploads: number
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
  /** While somebody changes a message, its turn has not come. */
  readonly locks: Locks
  /** A message is in the bucket. */
  readonly onSubmitted: (message: Message) => void
}

/** One try may take this long, and a minute for every 10 MB. */
const tryPatience: Milliseconds = 120_000
const patiencePerByte = 60_000 / 10_000_000
/** Until a change that could not be written down is tried again. */
const journalDelay: Milliseconds = 1_000
/** What somebody changes just now is looked at again after this. */
const soonest: Milliseconds = 5
/** On the way out, for the abort of what was begun. */
const lastPatience: Milliseconds = 2_000
/** After an outage all that waits is due at once; not again within this, should single files go on failing. */
const wakeEvery: Milliseconds = 10_000

/** How far a try has come. */
interface Try {
  /** From here on it may be in the bucket. */
  hasBegun: boolean
}

export class Transfer {
  readonly #options: TransferOptions
  readonly #stop = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #uploaded = new Map<string, Bytes>()
  readonly #lost: LostUploads
  readonly #gate: KeysGate
  readonly #leftovers: Leftovers
  #timer: NodeJS.Timeout | undefined
  /** Acknowledged by S3, and not written down yet: of the file as it was then. */
  readonly #acknowledged = new Map<string, { readonly sent: Message; readonly result: Uploaded }>()
  /** Something failed for the moment since an upload was last taken. */
  #hasFailed = false
  #wokenAt: Milliseconds = -wakeEvery

  constructor(options: TransferOptions) {
    this.#options = options
    this.#lost = new LostUploads(options)
    this.#gate = new KeysGate({ ...options, prefix: `${options.root}send/` as Prefix, onOpen: () => this.kick() })
    this.#leftovers = new Leftovers({ ...options, isUnderWay: (id) => this.isUnderWay(id) })
  }

  /** Bytes of a message that are in the bucket already, while it is being uploaded. */
  uploaded(id: string): Bytes {
    return this.#uploaded.get(id) ?? 0
  }

  /** Whether it is on its way, or about to be: then nobody else may change it. */
  isUnderWay(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** How many are on their way of which the journal does not say so yet. */
  begun(): number {
    let begun = 0
    for (const id of this.#underWay.keys()) if (this.#options.book.get(id)?.state === 'queued') begun += 1
    return begun
  }

  /** Looks for work: call it whenever a message was queued. */
  kick(): void {
    // What can't be written down is not begun: nobody would know of it after a crash.
    if (this.#stop.signal.aborted || this.#gate.isShut || this.#options.book.isBroken) return
    const { queue, locks, uploads } = this.#options
    for (const message of queue.take((id) => !locks.isLocked(id))) this.#begin(message)
    clearTimeout(this.#timer)
    const wait = queue.untilNext()
    if (wait === undefined || this.#underWay.size >= uploads) return
    this.#timer = setTimeout(() => this.kick(), Math.max(wait, soonest))
  }

  /** Uploads what is queued, without settling, until nothing is or the time is over. */
  async drain(limit: Milliseconds): Promise<void> {
    const end = performance.now() + limit
    for (const { id } of [...this.#options.queue.all()]) this.#options.queue.dueIn(id, 0)
    this.kick()
    while (performance.now() < end && !this.#options.queue.isEmpty) {
      const soon = new Promise<void>((resolve) => setTimeout(resolve, Math.min(50, end - performance.now())))
      await Promise.race([soon, ...this.#underWay.values()])
    }
  }

  /** Aborts what is left in the bucket of files that are not uploaded any more: call it when one was cancelled. */
  sweep(): void {
    this.#leftovers.sweep()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await Promise.all([...this.#underWay.values(), this.#gate.close(), this.#leftovers.close()])
  }

  #begin(message: Message): void {
    const done = this.#try(message)
      .catch((err: unknown) => {
        // What is wrong with the journal is in the log already.
        this.#options.log.debug({ err, id: message.id }, 'An upload could not be written down; it is tried again.')
        this.#later(message.id, journalDelay)
      })
      .finally(() => {
        this.#underWay.delete(message.id)
        this.#options.queue.giveBack(message.id)
        this.#uploaded.delete(message.id)
        if (this.#options.book.get(message.id)?.upload) this.sweep()
        this.kick()
      })
    this.#underWay.set(message.id, done)
  }

  async #try(message: Message): Promise<void> {
    const patience = Math.ceil(tryPatience + message.size * patiencePerByte)
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)])
    const state: Try = { hasBegun: false }
    try {
      const acknowledged = this.#acknowledged.get(message.id)
      // Renamed or written again since, it is another message: what became of the first one is looked for as ever.
      if (acknowledged?.sent.path === message.path && acknowledged.sent.closedAt === message.closedAt) {
        await this.#submitted(without(message, 'upload'), acknowledged.result)
        return
      }
      if (await this.#wasTaken(message, signal)) return
      if (!(await this.#isWhole(message))) return
      const checked = await this.#checked(await this.#leftovers.abort(message, signal), signal)
      if (!checked) return
      const { id, tries } = message
      const uploading: Message = { ...checked, state: 'uploading', tries: tries + 1 }
      const isOnePut = uploading.size <= this.#options.multipartThreshold
      await this.#change(isOnePut ? this.#attempted(uploading) : uploading)
      state.hasBegun = isOnePut
      const result = await this.#upload(uploading, state, signal)
      await this.#submitted(without(this.#options.book.get(id) ?? uploading, 'upload'), result)
    } catch (error) {
      // On the way out: what the journal says now is looked at by the next start.
      if (this.#stop.signal.aborted) return this.#leave(message.id)
      await this.#failed(message, state, error, signal)
    }
  }

  #upload({ id, size, ...rest }: Message, state: Try, signal: AbortSignal): Promise<Uploaded> {
    const { book } = this.#options
    const key = this.#options.keyOf({ id, size, ...rest })
    const note = async (change: (message: Message) => Message): Promise<void> => {
      const message = book.get(id)
      if (message) await book.put([change(message)], { sync: true })
    }
    const begun = (uploadId: string) => note((message) => ({ ...message, upload: { id: uploadId, key } }))
    const completing = async (): Promise<void> => {
      await note((message) => this.#attempted(message))
      state.hasBegun = true
    }
    const progress = (bytes: Bytes) => this.#uploaded.set(id, bytes)
    return upload(this.#options, { id, size, key, begun, completing, progress }, signal)
  }

  /** From now on it may be in the bucket. An earlier attempt of unknown fate may still arrive, so its time stays. */
  #attempted(message: Message): Message {
    return { ...message, attempt: message.attempt ?? { since: this.#options.clock.now() } }
  }

  /** Whether an upload whose answer was lost arrived after all. */
  async #wasTaken(message: Message, signal: AbortSignal): Promise<boolean> {
    const found = await this.#lost.find(message, signal)
    if (!found) return false
    this.#options.log.info({ id: message.id, where: found.where }, 'An upload whose answer was lost had arrived.')
    const crc32 = await checksum(this.#options.spool, message).catch(() => undefined)
    await this.#submitted(message, { etag: found.etag, requestId: undefined, crc32 })
    return true
  }

  /** Nothing is sent of a file that somebody cut or took out of the spool. */
  async #isWhole(message: Message): Promise<boolean> {
    const size = await this.#options.spool.size(message.id)
    if (size === message.size) return true
    await this.#change(withoutData(message, size))
    return false
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
    await this.#change({ ...without(message, 'wait'), state: 'failed', isUnchecked: true, error })
    return undefined
  }

  async #submitted(message: Message, { etag, requestId, date, crc32 }: Uploaded): Promise<void> {
    const settled = without(message, 'attempt', 'wait', 'error', 'reason')
    const receipt = {
      ...{ etag, submittedAt: this.#options.clock.now() },
      ...(crc32 === undefined ? {} : { crc32 }),
      ...(requestId === undefined ? {} : { requestId }),
      ...(date === undefined ? {} : { sentAt: date }),
    }
    this.#acknowledged.set(message.id, { sent: message, result: { etag, requestId, date, crc32 } })
    await this.#change({ ...settled, state: 'submitted', ...receipt })
    this.#acknowledged.delete(message.id)
    await this.#options.spool.remove(message.id)
    this.#options.onSubmitted(message)
    this.#wake()
  }

  /** @param before as it was before this try: an earlier attempt of unknown fate stays one */
  async #failed(before: Message, { hasBegun }: Try, error: unknown, signal: AbortSignal): Promise<void> {
    const meaning = meaningOf(error)
    const sentence = sentenceOf(error)
    const current = this.#options.book.get(before.id) ?? before
    const isKnown = !hasBegun || meaning !== 'unknown'
    const message = isKnown ? withAttempt(current, before.attempt) : current
    if (meaning === 'unknown' || meaning === 'not-taken') this.#hasFailed = true
    if (meaning === 'credentials') this.#gate.shut()
    if (meaning === 'permanent') {
      await this.#change({ ...without(message, 'wait'), state: 'failed', error: sentence })
    } else if (meaning === 'taken') await this.#onTaken(current, before, sentence, signal)
    else await this.#again(message, sentence, meaning === 'credentials' ? 0 : this.#delay(message))
  }

  /** The key is there already: by an earlier attempt of ours, or by somebody else. */
  async #onTaken(message: Message, before: Message, sentence: string, signal: AbortSignal): Promise<void> {
    const { onDuplicate } = this.#options
    const free = withAttempt(message, before.attempt)
    try {
      if (await this.#wasTaken(free, signal)) return
    } catch (error) {
      return this.#again(free, sentenceOf(error), this.#delay(free))
    }
    if (onDuplicate === 'send') return this.#again(free, sentence, this.#delay(free))
    const renamed = await this.#onDuplicate(free)
    if (renamed) await this.#again(renamed, sentence, 0)
  }

  /** The parts that are there are of no use to the next start. */
  async #leave(id: string): Promise<void> {
    const message = this.#options.book.get(id)
    if (message?.upload && !message.attempt) {
      await this.#leftovers.abort(message, AbortSignal.timeout(lastPatience)).catch(() => undefined)
    }
  }

  /** The bucket takes files again: those that failed for the moment need not wait out their delays. */
  #wake(): void {
    const { queue, clock, random } = this.#options
    const now = clock.monotonic()
    if (!this.#hasFailed || now - this.#wokenAt < wakeEvery) return
    this.#hasFailed = false
    this.#wokenAt = now
    for (const message of [...queue.all()]) {
      const isPaused = message.error !== undefined && (queue.waitOf(message.id) ?? 0) > 1_000
      if (isPaused && !this.isUnderWay(message.id)) queue.dueIn(message.id, random() * 1_000)
    }
  }

  #delay(message: Message): Milliseconds {
    return retryDelay(Math.max(1, message.tries), this.#options.random)
  }

  #again(message: Message, error: string, delay: Milliseconds): Promise<void> {
    return this.#change({ ...message, state: 'queued', wait: delay, error })
  }

  #later(id: string, delay: Milliseconds): void {
    const message = this.#options.book.get(id)
    if (message) this.#options.book.touch({ ...message, state: 'queued' })
    this.#options.queue.dueIn(id, delay)
  }

  async #change(message: Message): Promise<void> {
    await this.#options.book.put([message], { sync: true })
  }
}

function withAttempt(message: Message, attempt: Attempt | undefined): Message {
  const rest = without(message, 'attempt')
  return attempt ? { ...rest, attempt } : rest
}
