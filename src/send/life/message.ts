/** A sent file by the state that it is in: each has what can be said of it then, and nothing else. */
import type { Bytes, EpochMs, Key, Milliseconds } from '../../units.js'
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

/** A file of a bundle: in the spool under its id. */
export interface Member {
  readonly id: string
  /** In the archive: below the bundle's folder. */
  readonly name: string
  readonly size: Bytes
  readonly mtime: EpochMs
}

/** What is known of a file all its life. */
export interface Common extends Partner {
  readonly id: string
  /** Below `send/`: one name, or `<bundle>/<name>`, and deeper. */
  readonly path: string
  readonly size: Bytes
  readonly mtime: EpochMs
  readonly tries: number
  /** Its last close, by this machine's time of day, which may step: for people, and for whose turn is first. One that was never closed has none. */
  readonly closedAt?: EpochMs
  readonly upload?: MultipartUpload
}

/** What is known of it until it is sent, or is to be sent no more. */
export interface Local extends Common {
  /** With `--commit=rename`: it was. */
  readonly isRenamed?: boolean
  /** The bucket could not be asked for duplicates when the name was given: ask before the upload. */
  readonly isUnchecked?: boolean
  /**
   * Also of an open one: what S3 has refused, or has failed, may be written anew, and whatever was sent before is looked for. And
   * of all, where a journal could not be read whole.
   */
  readonly attempt?: Attempt
}

/** A write or close failed: what is in the spool is not what was written, and is never sent. */
interface Damaged {
  readonly isDamaged: true
  /** One sentence. */
  readonly error: string
  /** Of an archive that could not be made: what it was to hold, until it is cancelled or written anew. */
  readonly members?: readonly Member[]
}

interface Open extends Local {
  readonly state: 'open'
  /** Its last close(2) has returned: all of it is here. */
  readonly isComplete?: boolean
  /** The signal that ended a process that was writing it. */
  readonly killedBy?: string
}

/** Why a file is held, and what else is known because of that. `error` is one sentence for whoever is to do something about it. */
export type Hold =
  | { readonly reason: 'name' | 'empty' | 'commit' | 'lock' | 'bundle' | 'trigger' }
  /** `killedBy`: a process that was writing it had been killed before. */
  | { readonly reason: 'crash'; readonly error: string; readonly killedBy?: string }
  | { readonly reason: 'killed'; readonly error: string; readonly killedBy: string }
  | { readonly reason: 'untriggered'; readonly error?: string }
  /** A trigger whose file has changed since: it counts again when it is made again. */
  | { readonly reason: 'trigger'; readonly isSpent: true; readonly error: string }
  /** The archive of a bundle that is not made yet: what it is to hold, and the last failure. */
  | { readonly reason: 'packing'; readonly members: readonly Member[]; readonly error?: string }

interface Held extends Local {
  readonly state: 'held'
}

/** How a file came to be sent. */
export interface LetGo {
  /** With `--commit=trigger`: the path of the trigger that has let it go. */
  readonly triggeredBy?: string
  /** By hand: neither a lock beside it nor a missing trigger holds it. */
  readonly isReleased?: boolean
}

interface Ready extends Local, LetGo {
  readonly closedAt: EpochMs
  /** The last failure. */
  readonly error?: string
}

interface Queued extends Ready {
  readonly state: 'queued'
  /** So long after it came to this, or after a start, it is not tried yet: by the monotonic clock, on which `Turns` makes a time of it. */
  readonly wait?: Milliseconds
}

interface Uploading extends Ready {
  readonly state: 'uploading'
}

interface Failed extends Local, LetGo {
  readonly state: 'failed'
  readonly error: string
}

/** What S3 said when it took a file, and when. */
export interface Receipt {
  readonly etag: string
  readonly submittedAt: EpochMs
  /** CRC-32 of the content that was sent, eight hexadecimal digits. */
  readonly crc32?: string
  /** S3's, of the request that it acknowledged. */
  readonly requestId?: string
  /** When it came to be there: the bucket's time. */
  readonly sentAt?: EpochMs
}

interface Submitted extends Common, Receipt {
  readonly state: 'submitted'
  readonly triggeredBy?: string
}

interface Gone extends Common {
  readonly state: 'gone'
}

interface Taken extends Gone, Receipt {
  /** What the gateway took it for is not told yet. */
  readonly isUntold?: boolean
}

interface Packed extends Gone {
  /** It is gone into the archive of that name, with its bundle. */
  readonly packedIn: string
}

type Unwritten =
  | Open
  | (Open & Damaged)
  | (Held & Hold)
  | Queued
  | Uploading
  | Failed
  | (Failed & Damaged)
  | Submitted
  | Gone
  | Taken
  | Packed

type Field = Unwritten extends infer T ? (T extends unknown ? keyof T : never) : never

/** What a state does not have may be asked for, and is never there. */
type Exactly<T> = T extends unknown ? T & { readonly [Absent in Exclude<Field, keyof T>]?: never } : never

/** What the journal keeps of a file. `gone`: cancelled, packed, or taken by the gateway (then `submittedAt` says when). */
export type Message = Exactly<Unwritten>
export type MessageIn<State extends Message['state']> = Extract<Message, { readonly state: State }>

/** As a line of the journal has it, before `taken-over.ts` has made it one of ours: anything may be there. */
export type Recorded = { readonly [F in keyof Message]?: Message[F] } & Pick<
  Message,
  keyof Omit<Common, 'closedAt' | 'upload'> | 'state'
>

/** A folder made in a `send/`, or in another: its name is its path. */
export interface Bundle extends Partner {
  readonly name: string
}

/** Those of these fields that a message has. */
export function pick<K extends keyof Message>(message: Recorded, ...keys: readonly K[]): Pick<Message, K> {
  const found = keys.filter((key) => message[key] !== undefined)
  return Object.fromEntries(found.map((key) => [key, message[key]])) as Pick<Message, K>
}

export function commonOf(message: Recorded): Common {
  const { id, station, partner, path, size, mtime, tries } = message
  return { id, station, partner, path, size, mtime, tries, ...pick(message, 'closedAt', 'upload') }
}

export function localOf(message: Recorded): Local {
  const { isRenamed, isUnchecked } = message
  return {
    ...commonOf(message),
    ...(isRenamed === true ? { isRenamed } : {}),
    ...(isUnchecked === true ? { isUnchecked } : {}),
    ...(message.attempt ? { attempt: message.attempt } : {}),
  }
}

/** How it came to be sent. */
export function letGoOf(message: Recorded): LetGo {
  return pick(message, 'triggeredBy', 'isReleased')
}

/** Ids of the spool's files that go with it when it is cancelled. */
export function dataOf({ id, members = [] }: Message): readonly string[] {
  return [id, ...members.map((member) => member.id)]
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
