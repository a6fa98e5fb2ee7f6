/** What became of what was sent, as the receipts for it tell, and that none came in time. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import type { Deliveries, OutboxDeliveries } from '../delivery/deliveries.js'
import type { Receipts } from '../mdn/receipts.js'
import { inTime } from '../patience.js'
import { firstWhere } from '../s3/key-order.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { mdnPrefix } from '../view/tree.js'
import type { BucketEvent, DeliveryEvent } from './event.js'
import { objectEvent } from './object-event.js'
import { idOf, outcomesOf, type Outcome } from './outcome.js'
import { oldest } from './oldest.js'
import { forEachOwner, ownersIn, type OwnersOptions } from './owners.js'
import { compareMarks, type Eye, type Look, type Mark } from './source.js'

export interface OutcomesOptions extends OwnersOptions {
  readonly deliveries: Pick<Deliveries, 'of'>
  readonly receipts: Pick<Receipts, 'isOn' | 'counts' | 'idle' | 'details'> & {
    readonly table: { readonly changes: number }
  }
  /** `--mdn-overdue`; undefined: never. */
  readonly overdueAfter: Milliseconds | undefined
  readonly clock: {
    monotonic(): Milliseconds
    /** The bucket's time; undefined before its first answer. */
    now(): EpochMs | undefined
  }
}

/** All of them, as they were gone through last. */
interface Seen {
  readonly contents: readonly unknown[]
  readonly changes: number
  readonly since: EpochMs
  readonly young: ReadonlySet<string>
  readonly listedAt: Milliseconds | undefined
  /** Of the time, when they are worth going through again. */
  readonly nextAt: Milliseconds
  /** When the next one is overdue, by the bucket's clock. */
  readonly nextDue: EpochMs
}

/** The oldest after a mark, as they were found last. */
interface Ahead {
  readonly after: Mark
  readonly contents: readonly unknown[]
  readonly changes: number
  readonly outcomes: readonly Outcome[]
  /** There are no others after it. */
  readonly isAll: boolean
  /** Whether all receipts were read. */
  readonly isComplete: boolean
  /** By the bucket's clock: then one more is overdue. */
  readonly nextDue: EpochMs
}

/** Some 20 MB for who is told all of a hundred thousand, while he is. */
const batchesAhead = 8
/** New receipts are read within moments; a bucket's whole past is not waited for. */
const readWithin: Milliseconds = 5_000
const manyAtOnce = 1_000
/** Of what receipts say, from disk. */
const readAtOnce = 64
/** Of the time, what going through all messages may take. */
const share = 1 / 20

export class Outcomes implements Eye {
  readonly #options: OutcomesOptions
  #outboxes: readonly OutboxDeliveries[] = []
  #seen: Seen | undefined
  #ahead: Ahead | undefined
  #wasIncomplete = true

  constructor(options: OutcomesOptions) {
    this.#options = options
  }

  async look(since: EpochMs, signal: CancelSignal): Promise<Look> {
    const { receipts, deliveries } = this.#options
    if (!receipts.isOn) return { news: [], isFirst: false, listedAt: undefined, missing: undefined }
    const outboxes: OutboxDeliveries[] = []
    const missing = await forEachOwner(await ownersIn(this.#options, signal), async (owner) => {
      outboxes.push(await deliveries.of(owner, signal))
    })
    await inTime(receipts.idle(), readWithin)
    const { left } = receipts.counts()
    // What was read after it was looked for may be older than all that is looked for now.
    const isFirst = this.#wasIncomplete && left === 0 && missing === undefined
    this.#wasIncomplete = left > 0 || missing !== undefined
    this.#outboxes = outboxes
    const news = await this.#news(since, isFirst)
    const unread = left > 0 ? `${left} receipts are not read yet.` : undefined
    return { news, isFirst, listedAt: this.#seen?.listedAt, missing: missing ?? unread }
  }

  async oldest(after: Mark, most: number): Promise<readonly BucketEvent[]> {
    let next = this.#nextOf(this.#ahead, after, most)
    if (!next) {
      this.#ahead = await this.#lookAhead(after, batchesAhead * most)
      next = this.#nextOf(this.#ahead, after, most) ?? []
    }
    return this.#told(next)
  }

  forget(): void {
    this.#ahead = undefined
    this.#outboxes = []
    this.#seen = undefined
    this.#wasIncomplete = true
  }

  /** @returns undefined where it does not tell */
  #nextOf(ahead: Ahead | undefined, after: Mark, most: number): readonly Outcome[] | undefined {
    if (!ahead || !this.#isSo(ahead) || compareMarks(after, ahead.after) < 0) return undefined
    const { outcomes, isAll } = ahead
    const start = firstWhere(0, outcomes.length, (i) => compareMarks(outcomes[i] ?? after, after) > 0)
    return isAll || outcomes.length - start >= most ? outcomes.slice(start, start + most) : undefined
  }

  #isSo({ contents, changes, isComplete, nextDue }: Ahead): boolean {
    const { receipts, clock } = this.#options
    if (changes !== receipts.table.changes || isComplete === this.#wasIncomplete) return false
    return this.#areOutboxes(contents) && (clock.now() ?? 0) <= nextDue
  }

  /** Going through all messages costs the same for few and for many: who is told all will ask for the next ones, too. */
  async #lookAhead(after: Mark, most: number): Promise<Ahead> {
    const { changes } = this.#options.receipts.table
    const contents = this.#outboxes.map((it) => it.outbox.content)
    let kept: Outcome[] = []
    let [isAll, nextDue] = [true, Infinity]
    const isComplete = !this.#wasIncomplete
    for await (const it of this.#all(after.at, (due) => (nextDue = Math.min(nextDue, due)))) {
      if (compareMarks(it, after) <= 0) continue
      kept.push(it)
      if (kept.length < 2 * most) continue
      kept = oldest(kept, most, compareMarks)
      isAll = false
    }
    isAll &&= kept.length <= most
    return { after, contents, changes, outcomes: oldest(kept, most, compareMarks), isAll, isComplete, nextDue }
  }

  async #news(since: EpochMs, isFirst: boolean): Promise<readonly BucketEvent[]> {
    const { clock } = this.#options
    const before = this.#seen
    if (before && !isFirst && !this.#mayHaveChanged(before)) return []
    const startedAt = clock.monotonic()
    const changes = this.#options.receipts.table.changes
    const young = new Map<string, Outcome>()
    let nextDue = Infinity
    for await (const it of this.#all(since, (due) => (nextDue = Math.min(nextDue, due)))) young.set(idOf(it), it)
    const now = clock.monotonic()
    this.#seen = {
      contents: this.#outboxes.map((it) => it.outbox.content),
      changes,
      since,
      young: new Set(young.keys()),
      listedAt: this.#listedAt(),
      nextAt: now + (now - startedAt) / share,
      nextDue,
    }
    if (!before || isFirst) return []
    const news = [...young.entries()].filter(([id, it]) => it.at >= before.since && !before.young.has(id))
    return this.#told(news.map(([, it]) => it))
  }

  #mayHaveChanged(before: Seen): boolean {
    const { clock, receipts } = this.#options
    if (clock.monotonic() < before.nextAt) return false
    const isSame = this.#areOutboxes(before.contents)
    const isDue = (clock.now() ?? 0) > before.nextDue
    if (!isSame || isDue || receipts.table.changes !== before.changes) return true
    this.#seen = { ...before, listedAt: this.#listedAt() }
    return false
  }

  #areOutboxes(contents: readonly unknown[]): boolean {
    const own = this.#outboxes
    return own.length === contents.length && own.every((it, i) => it.outbox.content === contents[i])
  }

  #listedAt(): Milliseconds | undefined {
    return this.#outboxes.reduce<Milliseconds | undefined>(
      (first, it) => Math.min(first ?? it.listedAt, it.listedAt),
      undefined,
    )
  }

  /** @param onDue told when one will be overdue that is not yet */
  async *#all(since: EpochMs, onDue?: (at: EpochMs) => void): AsyncGenerator<Outcome, undefined> {
    const { overdueAfter = Infinity } = this.#options
    // Where not all receipts are read, nobody knows that one is missing.
    const late = this.#wasIncomplete ? undefined : overdueAfter
    let looked = 0
    for (const outbox of this.#outboxes) {
      for (const message of outbox.messages()) {
        looked += 1
        // There may be hundreds of thousands, and others are not to wait.
        if (looked % manyAtOnce === 0) await nextTurn()
        const { state } = message.delivery
        if (state === 'pending') onDue?.(message.sentAt + overdueAfter)
        for (const it of outcomesOf(message, outbox, late)) if (it.at >= since) yield it
      }
    }
  }

  async #told(outcomes: readonly Outcome[]): Promise<DeliveryEvent[]> {
    const told: DeliveryEvent[] = []
    for (let at = 0; at < outcomes.length; at += readAtOnce) {
      told.push(...(await Promise.all(outcomes.slice(at, at + readAtOnce).map((it) => this.#event(it)))))
    }
    return told
  }

  async #event({ at, event, message, outbox, receipt }: Outcome): Promise<DeliveryEvent> {
    const { receipts, root } = this.#options
    const { station, partner, sentAt, files } = message
    const said = receipt && (await receipts.details(receipt.row))
    const [file] = files
    if (!file) throw new RangeError('a message has a file')
    return {
      at: new Date(at).toISOString(),
      event,
      ...objectEvent({ station, partner }, 'outbox', file, { tree: outbox.outbox, root }),
      ...(message.message !== undefined && { message: message.message }),
      sentAt: new Date(sentAt).toISOString(),
      ...(said && { mdn: `${mdnPrefix(root, said.id.direction)}${said.id.key}` }),
      ...(said?.says && { disposition: said.says.disposition }),
      ...(receipt?.outcome === 'warned' && { warned: true }),
      ...(receipt?.isContradictory === true && { contradictory: true }),
    }
  }
}
