/**
 * Tells once of each message what became of it: a line of the log, and an entry of the audit trail. What was told is written down
 * before it is told; what may not have come to the trail, because the daemon was killed between the two, is told at the next start.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import { BackgroundJob } from '../background-job.js'
import { FsError } from '../errors.js'
import { messageId } from '../view/message-id.js'
import { timeLimit } from '../patience.js'
import type { Timers } from '../telemetry/clock.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Deliveries, OutboxDeliveries, SentMessage } from './deliveries.js'
import { DeliveryBook, type DeliveryBookOptions } from './delivery-book.js'
import { entryOf, eventOf, idOf, isTold, type DeliveryEntry } from './delivery-entry.js'
import type { SentFile } from './sent-files.js'

/** Where entries go; it never fails and never blocks. */
interface Trail {
  append(entry: object): void
  flushed(): Promise<void>
  tail(): Promise<readonly object[]>
}

export interface DeliveryTrailOptions extends DeliveryBookOptions {
  readonly deliveries: Deliveries
  /** `--audit-log` */
  readonly audit: Trail | undefined
  /** All that an MDN says, and its key. */
  readonly mdnKey: (row: number) => Promise<string | undefined>
  /** How often partners are looked at who have yet to answer; ten times as long an hour after the last message to them. */
  readonly every: Milliseconds
  /** By which it waits; the system's by default. */
  readonly timers?: Pick<Timers, 'pause'>
}

/** Between two turns of others. */
const atOnce = 1_000
const patience: Milliseconds = 60_000
const anHour: Milliseconds = 3_600_000
/** Nobody waits any longer. */
const longestWait: Milliseconds = 7 * 24 * anHour
/** Times go by while nothing changes: what is overdue now was not then. */
const lookAgainAfter: Milliseconds = 5_000
/** What can't be written down is not told yet. */
const tellAgainAfter: Milliseconds = 5_000

interface Looked {
  readonly content: object
  readonly changes: number
  readonly at: EpochMs
}

export class DeliveryTrail {
  readonly #options: DeliveryTrailOptions
  readonly #book: DeliveryBook
  /** Partners who have yet to answer: when something was sent to them last. */
  readonly #waiting = new Map<string, { readonly partner: Partner; sentAt: EpochMs; lookedAt: EpochMs }>()
  readonly #looked = new Map<string, Looked>()
  #toLook = new Map<string, OutboxDeliveries>()
  /** To be told once they are written down. */
  readonly #noted: DeliveryEntry[] = []
  readonly #telling: BackgroundJob
  readonly #watching: BackgroundJob

  private constructor(options: DeliveryTrailOptions, book: DeliveryBook) {
    this.#options = options
    this.#telling = new BackgroundJob((signal) => this.#tellAll(signal), options)
    this.#watching = new BackgroundJob((signal) => this.#watch(signal), options)
    this.#book = book
    for (const it of book.lastSent) this.#waitFor(it, it.sentAt)
  }

  /** @throws the disk's own error, or NotOursError */
  static async open(options: DeliveryTrailOptions): Promise<DeliveryTrail> {
    const trail = new DeliveryTrail(options, await DeliveryBook.open(options))
    await trail.#reconcile()
    await trail.#book.compact()
    options.deliveries.onLooked((found) => trail.looked(found))
    if (options.audit) trail.#watching.in(options.every)
    return trail
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#book.problem
  }

  /** S3 has taken a file. */
  submitted(file: SentFile): void {
    if (!this.#book.sent(file)) return
    this.#waitFor(file, file.submittedAt)
    if (this.#book.isGrown) this.#telling.now()
  }

  /** When a program here closed the file that has become this object; undefined: another has sent it. */
  closedAt(partner: Partner, object: ObjectInfo): EpochMs | undefined {
    return this.#book.closedAt(partner, object)
  }

  /** Somebody has looked what became of an outbox. */
  looked(found: OutboxDeliveries): void {
    const name = nameOf(found.partner)
    const { content } = found.outbox
    const last = this.#looked.get(name)
    const isSame = last?.content === content && last.changes === found.changes
    if (isSame && this.#options.now() - last.at < lookAgainAfter) return
    this.#looked.set(name, { content, changes: found.changes, at: this.#options.now() })
    this.#toLook.set(name, found)
    this.#telling.now()
  }

  async close(): Promise<void> {
    await this.#watching.stop()
    await this.#telling.stop()
    await this.#book.close()
  }

  /** The trail has what was told before a power loss that has taken our own lines, and may lack what we had written down. */
  async #reconcile(): Promise<void> {
    const { audit } = this.#options
    const { unsure } = this.#book
    if (!audit) return
    const there = (await audit.tail().catch((): readonly object[] => [])).filter(isTold)
    const known = new Set(there.map(idOf))
    for (const entry of there) this.#book.noteTold(entry)
    for (const entry of unsure) if (!known.has(idOf(entry))) audit.append(entry)
    if (unsure.length > 0) await this.#flush()
  }

  #waitFor({ station, partner }: Partner, sentAt: EpochMs): void {
    this.#waiting.set(nameOf({ station, partner }), { partner: { station, partner }, sentAt, lookedAt: 0 })
  }

  async #tellAll(signal: CancelSignal): Promise<void> {
    const toLook = this.#toLook
    this.#toLook = new Map()
    for (const [name, found] of toLook) {
      const { untold, isSettled } = await this.#untold(found, signal)
      if (signal.aborted) return
      if (isSettled) this.#waiting.delete(name)
      await this.#note(untold)
      await this.#tell()
    }
    await this.#tell()
    if (this.#noted.length === 0) await this.#book.compact()
  }

  async #untold(found: OutboxDeliveries, signal: CancelSignal) {
    const untold: SentMessage[] = []
    let [count, isSettled, newest] = [0, true, 0]
    for (const message of found.messages()) {
      count += 1
      if (count % atOnce === 0) await nextTurn()
      if (signal.aborted) break
      newest = Math.max(newest, message.sentAt)
      if (message.message === undefined || message.sentAt < this.#book.from) continue
      const { state } = message.delivery
      if (state === 'pending' || state === 'overdue') isSettled = false
      if (state !== 'pending' && !this.#isTold(message)) untold.push(message)
    }
    const sentAt = this.#waiting.get(nameOf(found.partner))?.sentAt ?? 0
    return { untold, isSettled: isSettled && newest >= sentAt }
  }

  async #note(messages: readonly SentMessage[]): Promise<void> {
    const { mdnKey, now } = this.#options
    for (const message of messages) {
      const { receipt } = message.delivery
      const mdn = receipt && message.delivery.state !== 'overdue' ? await mdnKey(receipt.row) : undefined
      const [file] = message.files
      const closedAt = file && this.closedAt(message, file)
      const id = message.message === undefined ? undefined : messageId(message.message)
      const entry = entryOf(message, { mdn, messageId: id, closedAt, at: now() })
      this.#noted.push(entry)
      this.#book.told(entry)
    }
  }

  async #tell(): Promise<void> {
    if (this.#noted.length === 0) return
    if (!(await this.#book.written())) {
      this.#telling.in(tellAgainAfter)
      return
    }
    const { audit, log } = this.#options
    for (const entry of this.#noted.splice(0)) {
      audit?.append(entry)
      const { station, partner, name, event } = entry
      const sentence = `${station}/${partner}: ${name} was ${event === 'overdue' ? 'sent, and its receipt is overdue' : event}`
      if (event === 'delivered') log.info(entry, sentence)
      else log.warn(entry, sentence)
    }
    await this.#flush()
  }

  async #flush(): Promise<void> {
    await this.#options.audit?.flushed()
    this.#book.flushed()
  }

  /** Looks for those who wait for answers; nothing is listed while there are none. */
  async #watch(signal: CancelSignal): Promise<void> {
    const { deliveries, every, now } = this.#options
    for (const [name, waiting] of this.#waiting) {
      const age = now() - waiting.sentAt
      if (age > longestWait) this.#waiting.delete(name)
      else if (!signal.aborted && now() - waiting.lookedAt >= (age < anHour ? 0 : 10 * every)) {
        waiting.lookedAt = now()
        await deliveries.of(waiting.partner, timeLimit(patience)).catch((error: unknown) => {
          // In an outage, or where the keys may not: the next look will tell.
          if (!(error instanceof FsError)) throw error
        })
      }
    }
    this.#watching.in(every)
  }

  #isTold({ station, partner, message = '', delivery }: SentMessage): boolean {
    const event = eventOf(delivery.state)
    return event !== undefined && this.#book.isTold({ station, partner, message }, event)
  }
}

function nameOf({ station, partner }: Partner): string {
  return `${station}\n${partner}`
}
