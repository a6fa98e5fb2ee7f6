/** What became of a message that was sent, by the receipts for it. Pure. */
import type { Receipt } from '../mdn/mdn-table.js'
import type { EpochMs, Milliseconds } from '../units.js'

/** Between the clocks of a bucket's servers. */
const clockSlack: Milliseconds = 60_000

/** The folders of `delivery/`. */
export const deliveryFolders = ['pending', 'delivered', 'refused'] as const
export type DeliveryFolder = (typeof deliveryFolders)[number]

/** `warned` is delivered, with something to look at; `overdue` is pending for too long. */
export const deliveryStates = ['pending', 'overdue', 'delivered', 'warned', 'refused'] as const
export type DeliveryState = (typeof deliveryStates)[number]

export interface Delivery {
  readonly state: DeliveryState
  /** The one that tells; of those that tell nothing the latest. */
  readonly receipt: Receipt | undefined
}

export interface DeliveryPolicy {
  /** `--mdn-overdue`; undefined: never. */
  readonly overdueAfter: Milliseconds | undefined
  /** Whether the partner sends receipts. */
  readonly isExpected: boolean
  /** When the latest receipt came that may not be read: what was sent before it may be what it answers. */
  readonly unreadAt?: EpochMs | undefined
}

/**
 * The latest that says something counts; a warning of a duplicate only where nothing else does, as it is the answer to
 * another copy of the message.
 * @param receipts latest last
 * @param sentAt undefined: it can't be told which receipts are its own
 * @param listedAt up to when receipts are known; by the bucket's clock, as `sentAt` is
 */
export function deliveryOf(
  receipts: readonly Receipt[],
  sentAt: EpochMs | undefined,
  listedAt: EpochMs,
  { overdueAfter, isExpected, unreadAt = -Infinity }: DeliveryPolicy,
): Delivery {
  const telling = receipts.filter((it) => it.outcome !== 'unknown')
  const receipt = telling.findLast((it) => !it.isDuplicate) ?? telling.at(-1)
  if (receipt && receipt.outcome !== 'unknown') return { state: receipt.outcome, receipt }
  const isLate = sentAt !== undefined && overdueAfter !== undefined && listedAt - sentAt > overdueAfter
  return {
    state: isLate && isExpected && unreadAt + clockSlack < sentAt ? 'overdue' : 'pending',
    receipt: receipts.at(-1),
  }
}

export function folderOf(state: DeliveryState): DeliveryFolder {
  if (state === 'overdue') return 'pending'
  return state === 'warned' ? 'delivered' : state
}
