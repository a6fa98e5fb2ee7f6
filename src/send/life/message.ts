/** A sent file as the journal has it, and how it changes. Pure. */
import type { Bytes, EpochMs, Key, Milliseconds } from '../../units.js'
import type { Member } from '../bundles/archive.js'
import type { Told } from './change.js'
import type { HoldReason, SendState } from '../sender.js'
import type { Partner } from '../../view/partner.js'

/** An upload that may have been done though no answer came: it is looked for before another begins. */
export interface Attempt {
  /** The bucket's time, before which the first of them can't have been done. */
  readonly after: EpochMs
  /** S3 has said that none of them was done: nothing is kept waiting for a look, which comes before the next one all the same. */
  readonly isRefused?: boolean
}

/** One whose parts may be in the bucket: it is aborted before another begins, and whatever becomes of the file. */
export interface MultipartUpload {
  readonly id: string
  readonly key: Key
}

/** What the journal keeps of a file. `gone`: cancelled, or taken by the gateway (then `submittedAt` says when). */
export interface Message extends Partner {
  readonly id: string
  /** Below `send/`: one name, or `<bundle>/<name>`, and deeper. */
  readonly path: string
  readonly state: SendState | 'gone'
  readonly size: Bytes
  readonly mtime: EpochMs
  readonly reason?: HoldReason
  readonly closedAt?: EpochMs
  readonly tries: number
  /** So long after it came to this it is not tried yet. */
  readonly wait?: Milliseconds
  /** One sentence: the last failure. */
  readonly error?: string
  /** A write or close failed: what is in the spool is not what was written, and is never sent. */
  readonly isDamaged?: boolean
  /** It is open by the journal, but its last close(2) has returned: all of it is here. */
  readonly isComplete?: boolean
  /** The signal that ended a process that was writing it. */
  readonly killedBy?: string
  /** With `--commit=rename`: it was. */
  readonly isRenamed?: boolean
  /** With `--commit=trigger`: the path of the trigger that has let it go. */
  readonly triggeredBy?: string
  /** Of a trigger whose file has changed since: it counts again when it is made again. */
  readonly isSpent?: boolean
  /** By hand: neither a lock beside it nor a missing trigger holds it. */
  readonly isReleased?: boolean
  /** The bucket could not be asked for duplicates when the name was given: ask before the upload. */
  readonly isUnchecked?: boolean
  readonly attempt?: Attempt
  readonly upload?: MultipartUpload
  readonly etag?: string
  readonly submittedAt?: EpochMs
  /** The gateway took it, and what it took it for is not told yet. */
  readonly isUntold?: boolean
  /** CRC-32 of the content that was sent, eight hexadecimal digits. */
  readonly crc32?: string
  /** S3's, of the request that it acknowledged. */
  readonly requestId?: string
  /** When it came to be there: the bucket's time. */
  readonly sentAt?: EpochMs
  /** Of the archive of a bundle that is not made yet: what it is to hold. */
  readonly members?: readonly Member[]
  /** It is gone into the archive of that name, with its bundle. */
  readonly packedIn?: string
}

/** A folder made in a `send/`, or in another: its name is its path. */
export interface Bundle extends Partner {
  readonly name: string
}

/** One line of the journal: all of it is applied, or none. */
export interface JournalEntry {
  /** When it was written. */
  readonly at?: EpochMs
  readonly messages?: readonly Message[]
  /** What happened to each of them, in the same order; null: nothing that is worth telling. Journals of 0.1 have none. */
  readonly told?: readonly (Told | null)[]
  readonly made?: readonly Bundle[]
  readonly removed?: readonly Bundle[]
}

/** A line each: damage to one costs no other. */
export function entriesOf(messages: Iterable<Message>, bundles: Iterable<Bundle>): JournalEntry[] {
  const lines: JournalEntry[] = Array.from(messages, (message) => ({ messages: [message] }))
  const made = [...bundles]
  return made.length === 0 ? lines : [...lines, { made }]
}

/** Takes keys out of a message: `exactOptionalPropertyTypes` wants them absent, not undefined. */
export function without<K extends keyof Message>(message: Message, ...keys: readonly K[]): Omit<Message, K> {
  const rest: Partial<Message> = { ...message }
  for (const key of keys) Reflect.deleteProperty(rest, key)
  return rest as Omit<Message, K>
}

export function isLocal(state: Message['state']): boolean {
  return state !== 'gone' && state !== 'submitted'
}

/** Names of one partner are compared as a whole: raw ids hold no `/`. */
export function pathId({ station, partner }: Partner, path: string): string {
  return `${station}/${partner}/${path}`
}

export function bundleId(bundle: Bundle): string {
  return pathId(bundle, bundle.name)
}
