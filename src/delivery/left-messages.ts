/**
 * Messages that have left an outbox before anybody knew their receipt: a gateway may be set to delete what was delivered, and does so in the
 * moment in which it has the receipt. Those are remembered that somebody saw there, and told once a receipt tells of them.
 */
import type { ViewTree } from '../listing/listing.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { SentMessage } from './deliveries.js'

/** Receipts that are older are not waited for. */
const keptFor: Milliseconds = 7 * 24 * 3_600_000
/** Of each partner: some hundred bytes each. */
const mostKept = 10_000

export class LeftMessages {
  readonly #ofPartners = new Map<string, Map<string, SentMessage>>()

  /** It is in the outbox. @param now by the bucket's clock */
  seen(it: SentMessage, now: EpochMs): void {
    const { message, sentAt, delivery } = it
    if (message === undefined) return
    const all = this.#of(it)
    const isAwaited = delivery.state === 'pending' || delivery.state === 'overdue'
    if (!isAwaited || now - sentAt > keptFor) all?.delete(message)
    else if (!all) this.#ofPartners.set(nameOf(it), new Map([[message, it]]))
    else if (all.size < mostKept || all.has(message)) all.set(message, it)
  }

  /** Those that were seen, and are not in it. */
  *notIn(outbox: ViewTree, partner: Partner, now: EpochMs): Generator<SentMessage, undefined> {
    for (const it of this.#of(partner)?.values() ?? []) {
      const { message = '', sentAt, files } = it
      if (now - sentAt > keptFor) this.#of(partner)?.delete(message)
      else if (!files.some(({ key }) => outbox.has(key))) yield it
    }
  }

  #of(partner: Partner): Map<string, SentMessage> | undefined {
    return this.#ofPartners.get(nameOf(partner))
  }
}

function nameOf({ station, partner }: Partner): string {
  return `${station}\n${partner}`
}
