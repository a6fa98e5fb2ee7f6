/**
 * Watches submitted files until the gateway has taken them: only while there are some, and less and less often. What it has
 * taken leaves at once; whether it took it for a duplicate is told after a look at where it moves those.
 */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import { within } from '../../patience.js'
import { isDenied } from '../../s3/store-error.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Key, Milliseconds } from '../../units.js'
import type { Happening, LifeEvent } from '../life/events.js'
import type { Message } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import type { BucketView, SentObject } from '../sender.js'
import { byName, isOf, sentAfter } from './sent-objects.js'
import { Unlisted } from './unlisted.js'
import type { Partner } from '../../view/partner.js'

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
  readonly #unlisted: Unlisted
  readonly #looking = new BackgroundJob((signal) => this.#lookAtAll(signal))
  #pause = firstLook
  /** A look is under way, or is not further away than the first: whatever is submitted meanwhile does not put it off. */
  #isSoon = false
  /** Ids of submitted messages, and since when they surely were, by the clock that never steps. */
  readonly #since = new Map<string, Milliseconds>()

  constructor(options: PickupOptions) {
    this.#options = options
    this.#unlisted = new Unlisted(options)
    const { book, clock } = options
    for (const messages of book.index.submitted()) for (const { id } of messages) this.#since.set(id, clock.monotonic())
  }

  /** One sentence, where the keys may not look what becomes of a partner's files. */
  problemOf(partner: Partner): string | undefined {
    return this.#unlisted.problemOf(partner)
  }

  /** Something was submitted: looks soon, and then until it is gone. */
  watch(submitted?: Message): void {
    if (submitted) this.#since.set(submitted.id, this.#options.clock.monotonic())
    this.#pause = firstLook
    if (!this.#isSoon) this.#lookAgain()
  }

  /** @see Sender.listed */
  async listed(partner: Partner, begunAt: Milliseconds, has: (key: Key) => boolean): Promise<void> {
    const { book, keyOf } = this.#options
    const gone: Message[] = []
    for (const message of book.index.submittedOf(partner)) {
      const since = this.#since.get(message.id) ?? Infinity
      if (since < begunAt && !has(keyOf(message))) gone.push(message)
    }
    if (gone.length === 0) return
    await this.#leave(gone)
    // What is to be told of them is told soon.
    this.watch()
  }

  close(): Promise<void> {
    return this.#looking.stop()
  }

  #lookAgain(): void {
    this.#isSoon = this.#pause <= firstLook
    this.#looking.in(this.#pause)
  }

  async #lookAtAll(stop: CancelSignal): Promise<void> {
    // Those that are watched meanwhile are looked at when this look is over.
    this.#isSoon = true
    const { index } = this.#options.book
    const groups = Array.from(index.submitted(), (messages) => [...messages])
    const gone = await Promise.all(
      groups.map((messages) => within(patience, stop, (signal) => this.#lookAtThose(messages, signal))),
    )
    const told = await Promise.all(
      Array.from(index.untold(), (messages) => within(patience, stop, (signal) => this.#tell([...messages], signal))),
    )
    this.#pause = [...gone, ...told].includes(true) ? firstLook : Math.min(longestPause, this.#pause * 2)
    this.#isSoon = false
    if (!isEmpty(index.submitted()) || !isEmpty(index.untold())) this.#lookAgain()
  }

  /** Looks at those of one partner. @returns whether something has changed */
  async #lookAtThose(messages: readonly Message[], signal: CancelSignal): Promise<boolean> {
    const [partner] = messages
    if (!partner) return false
    try {
      const isWaiting = await this.#options.bucket.waiting(partner, signal)
      this.#unlisted.listed(partner)
      const gone = messages.filter((it) => !isWaiting(this.#options.keyOf(it)))
      await this.#leave(gone)
      return gone.length > 0
    } catch (error) {
      // Else the bucket can't be asked now: the next look is later.
      if (!isDenied(error)) return false
      return this.#lookWithoutListing(messages, signal).catch(() => false)
    }
  }

  async #lookWithoutListing(messages: readonly Message[], signal: CancelSignal): Promise<boolean> {
    const { gone, given } = await this.#unlisted.look(messages, signal)
    await this.#leave(gone)
    if (await this.#change(given, 'submitted', { type: 'unwatched' }))
      for (const { id } of given) this.#since.delete(id)
    return gone.length > 0
  }

  /** They leave `send/`, and their names are free. What became of them is told once that is known. */
  async #leave(gone: readonly Message[]): Promise<void> {
    if (await this.#change(gone, 'submitted', { type: 'left' })) for (const { id } of gone) this.#since.delete(id)
  }

  /** Of one partner. @returns whether they are told */
  async #tell(messages: readonly Message[], signal: CancelSignal): Promise<boolean> {
    const [partner] = messages
    if (!partner) return true
    try {
      const since = messages.reduce((least, it) => Math.min(least, sentAfter(it)), Infinity)
      const duplicates = byName(await this.#options.bucket.sent(partner, 'duplicate', since, signal))
      return await this.#change(messages, 'gone', (it) => this.#fateOf(it, duplicates.get(it.path) ?? []))
    } catch {
      return false
    }
  }

  #fateOf(message: Message, namesakes: readonly SentObject[]): LifeEvent {
    const isDuplicate = namesakes.some((it) => isOf(message, it))
    const now = this.#options.bucket.now()
    const tookMs = now === undefined || message.sentAt === undefined ? undefined : Math.max(0, now - message.sentAt)
    return { type: isDuplicate ? 'duplicate' : 'taken', tookMs }
  }

  /**
   * @param state in which it happens to them: whoever listed `AS2/send` has perhaps seen it before
   * @returns whether it is written down
   */
  async #change(
    messages: readonly Message[],
    state: Message['state'],
    event: LifeEvent | ((message: Message) => LifeEvent),
  ): Promise<boolean> {
    const decide = (them: readonly Message[]): Happening[] =>
      them
        .filter((it) => it.state === state)
        .map((it) => ({ id: it.id, event: typeof event === 'function' ? event(it) : event }))
    try {
      for (let at = 0; at < messages.length; at += together) {
        const ids = messages.slice(at, at + together).map((it) => it.id)
        await this.#options.book.change(ids, decide, { by: 'pickup', sync: false })
      }
      return true
    } catch (err) {
      // What is wrong with the journal is in the log already.
      this.#options.log.debug({ err }, 'That the gateway took a file could not be written down; it is tried again.')
      return false
    }
  }
}

function isEmpty(things: Iterable<unknown>): boolean {
  return things[Symbol.iterator]().next().done === true
}
