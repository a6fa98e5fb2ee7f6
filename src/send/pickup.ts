/** Watches submitted files until the gateway has taken them: only while there are some, and less and less often. */
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Key, Milliseconds } from '../units.js'
import type { Told } from './change.js'
import type { Message } from './message.js'
import type { Partner } from '../view/partner.js'
import type { MessageBook } from './message-book.js'
import type { BucketView } from './sender.js'

export interface PickupOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly keyOf: (message: Message) => Key
  readonly clock: Clock
  readonly log: Logger
}

const firstLook: Milliseconds = 1_000
const longestPause: Milliseconds = 60_000
const patience: Milliseconds = 30_000
/** So many are written down in one line of the journal. */
const together = 500

export class Pickup {
  readonly #options: PickupOptions
  readonly #stop = new AbortController()
  #pause = firstLook
  #timer: NodeJS.Timeout | undefined
  #look: Promise<void> = Promise.resolve()
  /** Ids of submitted messages, and since when they surely were, by the clock that never steps. */
  readonly #since = new Map<string, Milliseconds>()

  constructor(options: PickupOptions) {
    this.#options = options
    const { book, clock } = options
    for (const { id, state } of book.all()) if (state === 'submitted') this.#since.set(id, clock.monotonic())
  }

  /** Something was submitted: looks soon, and then until it is gone. */
  watch(submitted?: Message): void {
    if (submitted) this.#since.set(submitted.id, this.#options.clock.monotonic())
    this.#pause = firstLook
    this.#schedule()
  }

  /** @see Sender.listed */
  async listed(partner: Partner, begunAt: Milliseconds, has: (key: Key) => boolean): Promise<void> {
    const { book, keyOf } = this.#options
    const gone: Message[] = []
    for (const [id, since] of this.#since) {
      const message = book.get(id)
      if (message?.state !== 'submitted') this.#since.delete(id)
      else if (since < begunAt && isOf(message, partner) && !has(keyOf(message))) gone.push(message)
    }
    await this.#forgetAll(gone)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#look
  }

  #schedule(): void {
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#look = this.#lookAtAll()
    }, this.#pause)
  }

  async #lookAtAll(): Promise<void> {
    const submitted = Array.from(this.#options.book.index.submitted(), (messages) => [...messages])
    if (submitted.length === 0) return
    const gone = (await Promise.all(submitted.map((messages) => this.#gone(messages)))).flat()
    await this.#forgetAll(gone)
    this.#pause = gone.length > 0 ? firstLook : Math.min(longestPause, this.#pause * 2)
    this.#schedule()
  }

  /** Those of one partner that the gateway has taken. */
  async #gone(messages: readonly Message[]): Promise<readonly Message[]> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)])
    const [first] = messages
    if (!first) return []
    try {
      const isWaiting = await this.#options.bucket.waiting(first, signal)
      return messages.filter((it) => !isWaiting(this.#options.keyOf(it)))
    } catch {
      // The bucket can't be asked now: the next look is later.
      return []
    }
  }

  async #forgetAll(gone: readonly Message[]): Promise<void> {
    for (let at = 0; at < gone.length; at += together) await this.#forget(gone.slice(at, at + together))
  }

  async #forget(messages: readonly Message[]): Promise<void> {
    const { book, bucket } = this.#options
    const now = bucket.now()
    const gone = messages.map((message): Message => ({ ...message, state: 'gone' }))
    const told = messages.map(({ sentAt }): Told => {
      const tookMs = now === undefined || sentAt === undefined ? undefined : Math.max(0, now - sentAt)
      return { event: 'taken', ...(tookMs === undefined ? {} : { tookMs }) }
    })
    try {
      await book.put(gone, { sync: false, told })
    } catch (err) {
      // What is wrong with the journal is in the log already.
      this.#options.log.debug({ err }, 'That the gateway took a file could not be written down; it is tried again.')
    }
  }
}

function isOf(message: Message, { station, partner }: Partner): boolean {
  return message.station === station && message.partner === partner
}
