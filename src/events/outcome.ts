/** What became of one message, as each of its receipts tells. Pure. */
import type { OutboxDeliveries, SentMessage } from '../delivery/deliveries.js'
import type { Receipt } from '../mdn/mdn-table.js'
import type { Milliseconds } from '../units.js'
import type { DeliveryEvent } from './event.js'
import type { Mark } from './source.js'

/** What became of one message, by one receipt or by the lack of any. */
export interface Outcome extends Mark {
  readonly event: DeliveryEvent['event']
  readonly message: SentMessage
  readonly outbox: OutboxDeliveries
  readonly receipt: Receipt | undefined
}

/**
 * A warning of a duplicate changes nothing where something else is known, and a receipt that says nothing tells nothing.
 * @param overdueAfter undefined: it is not known whether a receipt is missing
 */
export function* outcomesOf(
  message: SentMessage,
  outbox: OutboxDeliveries,
  overdueAfter: Milliseconds | undefined,
): Generator<Outcome, undefined> {
  const key = message.files[0]?.key ?? ''
  const cameAt = Math.min(...message.files.map((it) => it.mtime))
  const said = message.message === undefined ? [] : outbox.receipts(message.message)
  const telling = said.filter((it) => it.outcome !== 'unknown')
  const known = telling.some((it) => !it.isDuplicate) ? telling.filter((it) => !it.isDuplicate) : telling
  for (const receipt of known) {
    const event = receipt.outcome === 'refused' ? 'refused' : 'delivered'
    // Nobody could tell before the message was there, too, and the keys might read the receipt.
    yield { at: Math.max(receipt.knowableAt, cameAt), key: `${key} ${event}`, event, message, outbox, receipt }
  }
  if (message.delivery.state !== 'overdue' || overdueAfter === undefined) return
  yield {
    at: message.sentAt + overdueAfter,
    key: `${key} overdue`,
    event: 'overdue',
    message,
    outbox,
    receipt: undefined,
  }
}

/** The same for the same, however often it is told. */
export function idOf({ at, key, event, receipt, message: { station, partner, message = key } }: Outcome): string {
  return `${at} ${receipt?.row ?? ''} ${event} ${station}\n${partner}\n${message}`
}
