/** Passes over all that is in an outbox: how many messages are in which state, and the latest of each. Kept as long as nothing has changed. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FsError } from '../errors.js'
import { deliveryStates, type DeliveryState } from '../delivery/delivery.js'
import type { OutboxDeliveries, SentMessage } from '../delivery/deliveries.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { Newest } from './newest.js'

/** A place in the order of messages, the latest first. */
export interface Mark {
  readonly sentAt: EpochMs
  readonly key: string
}

export interface OutboxScan {
  readonly counts: Readonly<Record<DeliveryState, number>>
  readonly latest: Readonly<Record<DeliveryState, Newest<SentMessage>>>
}

export interface ScanOptions {
  readonly since: EpochMs
  /** None before that one. */
  readonly after?: Mark | undefined
  /** So many of each state. */
  readonly most: number
}

interface Kept {
  readonly content: object
  readonly changes: number
  readonly since: EpochMs
  readonly at: Milliseconds
  readonly scan: Promise<OutboxScan>
}

/** Between two turns of others. */
const atOnce = 1_000
/** What is pending may have become overdue meanwhile. */
const keptFor: Milliseconds = 30_000

/** 100,000 messages take a second of the processor: who looks again and again does not look at all of them each time. */
export class OutboxScans {
  readonly #most: number
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #kept = new Map<string, Kept>()

  /** @param most messages of each state */
  constructor(most: number, clock: Pick<Clock, 'monotonic'>) {
    this.#most = most
    this.#clock = clock
  }

  of(found: OutboxDeliveries, since: EpochMs): Promise<OutboxScan> {
    const { outbox, changes, prefix } = found
    const at = this.#clock.monotonic()
    const kept = this.#kept.get(prefix)
    const isSame = kept?.content === outbox.content && kept.changes === changes && kept.since === since
    if (isSame && at - kept.at < keptFor) return kept.scan
    const scan = scanOutbox(found, { since, most: this.#most })
    this.#kept.set(prefix, { content: outbox.content, changes, since, at, scan })
    // What failed is looked at again.
    scan.catch(() => this.#kept.delete(prefix))
    return scan
  }
}

export async function scanOutbox(found: OutboxDeliveries, { since, after, most }: ScanOptions): Promise<OutboxScan> {
  const counts = ofEach(() => 0)
  const latest = ofEach(() => newestMessages(most))
  let seen = 0
  for (const it of found.messages()) {
    if (++seen % atOnce === 0) await nextTurn()
    if (it.sentAt < since) continue
    counts[it.delivery.state] += 1
    if (!after || compareMarks(markOf(it), after) > 0) latest[it.delivery.state].add(it)
  }
  return { counts, latest }
}

export function newestMessages(most: number): Newest<SentMessage> {
  return new Newest(most, (a, b) => compareMarks(markOf(a), markOf(b)))
}

export function ofEach<T>(make: () => T): Record<DeliveryState, T> {
  return Object.fromEntries(deliveryStates.map((it) => [it, make()])) as Record<DeliveryState, T>
}

/** For who asks for the next page. */
export function textOf(message: SentMessage): string {
  const { sentAt, key } = markOf(message)
  return `${sentAt}:${key}`
}

/** @throws FsError EINVAL */
export function markIn(text: string): Mark {
  const [, sentAt, key = ''] = /^(-?\d{1,15}):(.+)$/s.exec(text) ?? []
  if (sentAt === undefined) throw new FsError('EINVAL', 'That is no page: give what the page before has as next.')
  return { sentAt: Number(sentAt), key }
}

function markOf({ sentAt, files: [first] }: SentMessage): Mark {
  return { sentAt, key: first?.key ?? '' }
}

function compareMarks(a: Mark, b: Mark): number {
  return b.sentAt - a.sentAt || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}
