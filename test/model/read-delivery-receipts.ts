/** The receipts of the model of deliveries: what there ever was, from when to when, and what it means for a message. */
import type { Milliseconds } from '../../src/units.js'
import type { Said } from './read-delivery-actions.js'

/** What a receipt of each kind says, by the tables of RFC 4130 and RFC 8098. */
const meanings: Readonly<Record<Said, Meaning>> = {
  processed: 'delivered',
  warned: 'delivered',
  duplicate: 'duplicate',
  error: 'refused',
  tightError: 'refused',
  failure: 'refused',
  failed: 'refused',
  denied: 'refused',
  displayed: 'delivered',
  deleted: 'nothing',
  contradictory: 'refused',
}

/** `duplicate`: delivered, where nothing else is said. */
export type Meaning = 'delivered' | 'refused' | 'duplicate' | 'nothing'
export type Folder = 'pending' | 'delivered' | 'refused'

/** One version of an object. */
export interface KnownReceipt {
  readonly key: string
  /** It names this one. */
  readonly message: number
  readonly meaning: Meaning
  /** It can't be understood at all. */
  readonly isUnreadable: boolean
  readonly bytes: Buffer
  readonly from: Milliseconds
  /** When another took its place. */
  replacedAt: Milliseconds
  /** When it was taken away: what was read of it counts still. */
  goneAt: Milliseconds
  /** It was read for certain. */
  isRead: boolean
}

export function meaningOf(says: Said): Meaning {
  return meanings[says]
}

/** @param receipts in the order of time */
function folderBy(receipts: readonly KnownReceipt[]): Folder {
  const telling = receipts.filter((it) => it.meaning !== 'nothing')
  const counting = telling.filter((it) => it.meaning !== 'duplicate')
  const last = counting.at(-1) ?? telling.at(-1)
  if (!last) return 'pending'
  return last.meaning === 'refused' ? 'refused' : 'delivered'
}

/**
 * In which folders a message may be.
 * @param since what was there then is known, where all is well
 * @param now nothing later is known
 */
export function foldersOf(
  all: readonly KnownReceipt[],
  since: Milliseconds,
  now: Milliseconds,
  isWell: boolean,
): ReadonlySet<Folder> {
  const isKnown = (it: KnownReceipt): boolean => it.isRead || (isWell && it.from < since && it.goneAt > now)
  const isCertain = (it: KnownReceipt): boolean => it.replacedAt > now && isKnown(it)
  // What was read counts until what has taken its place is read.
  const isReplaced = (it: KnownReceipt): boolean =>
    it.replacedAt <= since && all.some((other) => other.key === it.key && other.from >= it.replacedAt && isKnown(other))
  const possible = all.filter((it) => it.from <= now && !isReplaced(it))
  const certain = possible.filter(isCertain)
  const unsure = possible.filter((it) => !isCertain(it)).slice(0, 8)
  const found = new Set<Folder>()
  for (let choice = 0; choice < 2 ** unsure.length; choice += 1) {
    const some = new Set([...certain, ...unsure.filter((_, i) => (choice >> i) % 2 === 1)])
    found.add(folderBy(possible.filter((it) => some.has(it))))
  }
  return found
}
