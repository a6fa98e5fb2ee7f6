/** How many messages of the outboxes are in which state: counted in the background after each look that somebody has had there. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackgroundJob } from '../background-job.js'
import type { Deliveries, OutboxDeliveries } from '../delivery/deliveries.js'
import { deliveryStates, type DeliveryState } from '../delivery/delivery.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { PartnerLabels } from './partner-labels.js'
import type { Samples } from './samples.js'

export interface DeliveryTallyOptions {
  readonly deliveries: Pick<Deliveries, 'onLooked'>
  readonly labels: PartnerLabels
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Between two turns of others. */
const atOnce = 500
/** What nothing has changed is counted anew after that: by then something may be overdue. */
const countAgainAfter: Milliseconds = 5_000
/** Of the time, what counting may take. */
const share = 1 / 20

/** Of one outbox. */
interface Counted {
  readonly partner: Partner
  readonly content: object
  readonly changes: number
  readonly at: Milliseconds
  readonly counts: Readonly<Record<DeliveryState, number>>
  /** The receipt of the last one that was refused. */
  readonly refusedAt: EpochMs | undefined
}

export class DeliveryTally {
  readonly #options: DeliveryTallyOptions
  readonly #counted = new Map<string, Counted>()
  #toCount = new Map<string, OutboxDeliveries>()
  readonly #job = new BackgroundJob((signal) => this.#countAll(signal))
  /** Not before that. */
  #nextAt: Milliseconds = -Infinity

  constructor(options: DeliveryTallyOptions) {
    this.#options = options
    options.deliveries.onLooked((found) => this.#looked(found))
  }

  tell(samples: Samples): void {
    const { labels } = this.#options
    const refused = new Map<Partner, EpochMs>()
    for (const { partner: it, counts, refusedAt } of this.#counted.values()) {
      const label = labels.of(it)
      for (const state of deliveryStates) {
        samples.add('as2fs_delivery_messages', counts[state], label.station, label.partner, state)
      }
      if (refusedAt !== undefined) refused.set(label, Math.max(refusedAt, refused.get(label) ?? 0))
    }
    for (const [{ station, partner }, at] of refused) {
      samples.add('as2fs_delivery_last_refused_timestamp_seconds', at / 1_000, station, partner)
    }
  }

  async close(): Promise<void> {
    await this.#job.stop()
  }

  #looked(found: OutboxDeliveries): void {
    const { clock } = this.#options
    const now = clock.monotonic()
    const name = nameOf(found.partner)
    const last = this.#counted.get(name)
    const isSame = last?.content === found.outbox.content && last.changes === found.changes
    if (isSame && now - last.at < countAgainAfter) return
    this.#toCount.set(name, found)
    this.#job.in(Math.max(0, this.#nextAt - now))
  }

  async #countAll(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const toCount = this.#toCount
    this.#toCount = new Map()
    const begunAt = clock.monotonic()
    for (const [name, found] of toCount) {
      const counted = await this.#count(found, signal)
      if (signal.aborted) return
      this.#counted.set(name, counted)
    }
    const now = clock.monotonic()
    this.#nextAt = now + (now - begunAt) / share
  }

  async #count(found: OutboxDeliveries, signal: AbortSignal): Promise<Counted> {
    const { changes, partner, outbox } = found
    const counts = { pending: 0, overdue: 0, delivered: 0, warned: 0, refused: 0 }
    let refusedAt: EpochMs | undefined
    let looked = 0
    for (const { delivery } of found.messages()) {
      counts[delivery.state] += 1
      if (delivery.state === 'refused') refusedAt = Math.max(refusedAt ?? 0, delivery.receipt?.mtime ?? 0)
      looked += 1
      if (looked % atOnce === 0) await nextTurn()
      if (signal.aborted) break
    }
    return { partner, content: outbox.content, changes, at: this.#options.clock.monotonic(), counts, refusedAt }
  }
}

function nameOf({ station, partner }: Partner): string {
  return `${station}\n${partner}`
}
