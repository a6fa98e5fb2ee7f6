/** What happened, as it is told to who follows. All of it is JSON. */
import type { Bytes, EpochMs, Key } from '../units.js'
import type { Partner } from '../view/partner.js'

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
export interface ReceivedEvent extends Told, Partner {
  readonly event: 'received'
  /** Its path in the mount. */
  readonly path: string
  /** The last of its key's segments. */
  readonly name: string
  readonly key: Key
  readonly size: Bytes
  readonly etag: string
}

/** Those that are written down as they happen. */
export type LoggedEvent = SendEvent | HealthEvent
/** Those that the bucket tells, at any time again. */
export type BucketEvent = ReceivedEvent
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
export type FollowLine = { readonly event: AnyEvent } | { readonly progress: Progress }

/** The same for the same thing that the bucket tells, however often it is told. */
export function identityOf(event: BucketEvent): string {
  return `${event.event} ${event.at} ${event.etag} ${event.key}`
}
