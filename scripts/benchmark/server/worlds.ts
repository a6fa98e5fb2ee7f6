/** Buckets with many partners, each of which has received some messages. */
import type { BenchObject } from './bucket.js'
import { cameAt, inboxOf, messagePath, messageSize, objectAt } from './fill.js'
import { receiptAt, sentAt } from './receipts.js'

/** The bucket of whatever has none of its own. */
export const bucketName = 'bench'

export interface World {
  readonly partners: number
  /** Messages of a partner. */
  readonly each: number
  /** Of the first partner, if it has more. */
  readonly first?: number
  /** Messages that the first partner was sent, each with its receipt. */
  readonly sent?: number
}

export function bucketOf({ partners, each, first = each, sent = 0 }: World): string {
  return `${bucketName}-${partners}-${each}-${first}${sent === 0 ? '' : `-${sent}`}`
}

/** @param n from 0 */
export function partnerAt(n: number): string {
  return `P${String(n).padStart(5, '0')}`
}

export function messagesIn({ partners, each, first = each }: World): number {
  return first + (partners - 1) * each
}

/** The messages come to all in turn; those of one who has more come between. */
export function* objectsIn({ partners, each, first = each, sent = 0 }: World): Iterable<BenchObject> {
  for (let n = 0; n < sent; n += 1) yield* [sentAt(partnerAt(0), n), receiptAt(partnerAt(0), n)]
  const apart = Math.max(1, Math.floor(first / each))
  let at = 0
  for (let round = 0; round < first; round += 1) {
    const toAll = each === first || (round % apart === 0 && round / apart < each)
    for (let n = 0; n < (toAll ? partners : 1); n += 1, at += 1) yield messageOf(n, at)
  }
}

/** @param at which of all messages it is, in order of arrival */
export function messageKey(partner: number, at: number): string {
  return inboxOf(partnerAt(partner)) + messagePath(at, { count: 0, size: messageSize })
}

function messageOf(partner: number, at: number): BenchObject {
  return objectAt(messageKey(partner, at), messageSize, new Date(cameAt(at)))
}
