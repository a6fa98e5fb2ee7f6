/** Watches submitted files until the gateway has taken them: only while there are some, and less and less often. */
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Key, Milliseconds } from '../units.js'
import type { Message } from './message.js'
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

  constructor(options: PickupOptions) {
    this.#options = options
  }

  /** Something was submitted: looks soon, and then until it is gone. */
  watch(): void {
    this.#pause = firstLook
    this.#schedule()
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
    for (let at = 0; at < gone.length; at += together) await this.#forget(gone.slice(at, at + together))
    this.#pause = gone.length > 0 ? firstLook : Math.min(longestPause, this.#pause * 2)
    this.#schedule()
  }

  /** Those of one partner that the gateway has taken. */
  async #gone(messages: readonly Message[]): Promise<readonly Message[]> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(patience)])
    const [first] = messages
    if (!first) return []
    const since = messages.reduce((latest, it) => Math.max(latest, it.submittedAt ?? 0), 0)
    try {
      const isWaiting = await this.#options.bucket.waiting(first, since, signal)
      return messages.filter((it) => !isWaiting(this.#options.keyOf(it)))
    } catch {
      // The bucket can't be asked now: the next look is later.
      return []
    }
  }

  async #forget(messages: readonly Message[]): Promise<void> {
    const gone = messages.map((message): Message => ({ ...message, state: 'gone' }))
    try {
      await this.#options.book.put(gone, { sync: false })
    } catch (err) {
      // What is wrong with the journal is in the log already.
      this.#options.log.debug({ err }, 'That the gateway took a file could not be written down; it is tried again.')
    }
  }
}
