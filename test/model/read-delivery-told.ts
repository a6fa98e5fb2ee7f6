/** What was told of deliveries in the model: in the audit trail, and to who follows with a cursor. Nothing twice, nothing untrue. */
import { identityOf, type BucketEvent } from '../../src/events/event.js'
import type { EpochMs } from '../../src/units.js'
import { messageFolder } from './read-actions.js'
import type { KnownReceipt, Meaning } from './read-delivery-receipts.js'

type Problem = (what: string) => void

/** An entry of the audit trail. */
interface Entry {
  readonly event: string
  readonly message: string
  readonly mdn?: string
}

export class DeliveryTold {
  readonly #heard = new Map<string, BucketEvent>()

  hear(event: BucketEvent, receipts: readonly KnownReceipt[], now: EpochMs, problem: Problem): void {
    const identity = receiptOf(event, receipts) ?? identityOf(event)
    if (this.#heard.has(identity)) problem(`${identity} was told twice`)
    this.#heard.set(identity, event)
    if (Date.parse(event.at) > now) problem(`${identity} was told before it was so`)
    if (event.event !== 'delivered' && event.event !== 'refused') return
    if (!isSaid(event.event, event.message ?? '', event.mdn ?? '', receipts))
      problem(`${identity} was told, and nobody said so`)
  }

  isUnreadable(key: string): boolean {
    return [...this.#heard.values()].some((it) => it.event === 'mdn-unreadable' && it.key === key)
  }

  wasHeard(message: string, event: string): boolean {
    return [...this.#heard.values()].some((it) => it.event === event && 'message' in it && it.message === message)
  }

  isInTrail(message: string, event: string, entries: readonly object[]): boolean {
    return (entries as readonly Entry[]).some((it) => it.event === event && it.message === message)
  }

  checkTrail(entries: readonly object[], receipts: readonly KnownReceipt[], problem: Problem): void {
    const seen = new Set<string>()
    for (const { event, message, mdn = '' } of entries as readonly Entry[]) {
      const name = `${event} ${message}`
      if (seen.has(name)) problem(`the trail has ${name} twice`)
      seen.add(name)
      if (event !== 'overdue' && !isSaid(event, message, `AS2/raw-mdn/incoming/${mdn}`, receipts))
        problem(`the trail has ${name}, and nobody said so`)
    }
  }
}

/** One tells once, whatever else comes or goes of its message. @returns undefined where others had its key */
function receiptOf(event: BucketEvent, receipts: readonly KnownReceipt[]): string | undefined {
  if (!('sentAt' in event) || event.mdn === undefined) return undefined
  const { mdn } = event
  return receipts.filter((it) => it.key === mdn).length === 1 ? `${event.event} ${event.message} ${mdn}` : undefined
}

const meanings: Readonly<Record<string, readonly Meaning[]>> = {
  delivered: ['delivered', 'duplicate'],
  refused: ['refused'],
}

function isSaid(event: string, message: string, mdn: string, receipts: readonly KnownReceipt[]): boolean {
  return receipts.some(
    (it) => it.key === mdn && messageFolder(it.message) === message && meanings[event]?.includes(it.meaning),
  )
}
