/** What happened, as it is told to who follows. All of it is JSON. */
import type { Bytes, EpochMs, Key } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { OfObject } from './object-event.js'

/** Of the audit trail, those that people and programs act upon. */
export const sendEvents = ['queued', 'held', 'submitted', 'taken', 'duplicate', 'failed'] as const
type SendEventName = (typeof sendEvents)[number]

/** Of the bucket and the keys to it. */
export type HealthEventName = 'bucket-lost' | 'bucket-back' | 'keys-refused' | 'keys-accepted'

interface Told {
  /** ISO 8601, UTC: by this machine's clock, of what the bucket tells by the bucket's. */
  readonly at: string
}

/** What became of a file in `send/`; the fields are those of the audit trail. */
interface SendEvent extends Told, Partner {
  readonly event: SendEventName
  readonly id: string
  /** Below `send/`. */
  readonly name: string
  readonly key: Key
  readonly size: Bytes
  readonly error?: string
  readonly policy?: string
}

export interface HealthEvent extends Told {
  readonly event: HealthEventName
  /** One sentence. */
  readonly reason?: string
}

/** Some are not kept any more, for who was away for too long. */
export interface GapEvent extends Told {
  readonly event: 'gap'
  readonly reason: string
}

/** A document came in. */
export interface ReceivedEvent extends Told, OfObject {
  readonly event: 'received'
}

/**
 * What a receipt says of a message in the outbox, or that none came in time. `at` is the time of
 * what came last, the message or its receipt, or when that was due.
 */
export interface DeliveryEvent extends Told, OfObject {
  readonly event: 'delivered' | 'refused' | 'overdue'
  /** Its folder in the outbox. */
  readonly message?: string
  readonly sentAt: string
  /** The receipt's key. */
  readonly mdn?: string
  /** As written. */
  readonly disposition?: string
  /** Delivered, and something is to be looked at. */
  readonly warned?: true
  /** The receipt says more than one thing; `disposition` is the worst. */
  readonly contradictory?: true
}

/** A receipt can't be understood: nothing is known by it. */
export interface UnreadableEvent extends Told {
  readonly event: 'mdn-unreadable'
  /** Below `.as2fs/`. */
  readonly path: string
  readonly key: Key
  readonly etag: string
}

/** Those that are written down as they happen. */
export type LoggedEvent = SendEvent | HealthEvent
/** Those that the bucket tells, at any time again. */
export type BucketEvent = ReceivedEvent | DeliveryEvent | UnreadableEvent
export type AnyEvent = LoggedEvent | BucketEvent | GapEvent

/** How far somebody has followed, and so from where on he is told next time. */
export interface Progress {
  /** The log of events that `seq` counts in. */
  readonly log: string
  /** The last logged event that was told. */
  readonly seq: number
  /** Of what the bucket tells, that with a LastModified from here on is told once more, because of what may yet come between. */
  readonly from: EpochMs
  /** One sentence, while not all is known. */
  readonly missing?: string | undefined
}

/** One line of what a follower is sent. */
export type FollowLine =
  | { readonly event: AnyEvent }
  /** It was there when he began, and is no news: for who keeps what he was told. */
  | { readonly known: BucketEvent }
  | { readonly progress: Progress }

const bucketEvents: readonly BucketEvent['event'][] = ['received', 'delivered', 'refused', 'overdue', 'mdn-unreadable']

/** Whether it may be told more than once. */
export function isOfBucket(event: AnyEvent): event is BucketEvent {
  return (bucketEvents as readonly string[]).includes(event.event)
}

/** The same for the same thing that the bucket tells, however often it is told. */
export function identityOf(event: BucketEvent): string {
  if (!('sentAt' in event)) return `${event.event} ${event.at} ${event.etag} ${event.key}`
  const { station, partner, message = event.key, mdn = '' } = event
  // More files of the message may come, before the others in the order of keys.
  return `${event.event} ${event.at} ${mdn} ${station}/${partner}/${message}`
}
