/** What may happen to a sent file. `table.ts` says when, `next.ts` what comes of it. */
import type { Bytes, EpochMs, Milliseconds } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import type { BesideVerdict } from './beside.js'
import type { Attempt, Hold, Member, Message, MessageIn, MultipartUpload, Receipt } from './message.js'

/** What becomes of a file that was closed, renamed or packed, or beside which something has changed. */
export type Verdict =
  | { readonly state: 'held'; readonly hold: Hold }
  | { readonly state: 'failed'; readonly error: string }
  | {
      readonly state: 'queued'
      /** So long after this, by the monotonic clock, its name may change yet. */
      readonly wait: Milliseconds
      /** Another name than it was given. */
      readonly path?: string
      readonly triggeredBy?: string
    }

interface NewFile extends Partner {
  readonly id: string
  readonly path: string
  readonly isUnchecked: boolean
}

/** Somebody makes it, or writes it. */
type Writing =
  | { readonly type: 'made'; readonly file: NewFile }
  | { readonly type: 'reopened' }
  | { readonly type: 'written'; readonly size: Bytes }
  /** Cut to nothing: whatever was lost or cut off is not in it any more. */
  | { readonly type: 'emptied'; readonly size: Bytes }
  | { readonly type: 'damaged'; readonly error: string }
  | { readonly type: 'writer-killed'; readonly signal: string }
  /** A close(2) has returned. */
  | { readonly type: 'flushed'; readonly size: Bytes; readonly isComplete: boolean }
  /** It seemed to be closed for good. */
  | { readonly type: 'written-again' }
  /** By its last writer. */
  | { readonly type: 'closed'; readonly size: Bytes; readonly damage?: string | undefined; readonly verdict: Verdict }
  /** By its last writer, who wrote nothing: it is what it was. */
  | {
      readonly type: 'closed-unchanged'
      readonly before: MessageIn<'held' | 'queued' | 'failed'>
      readonly settle: Milliseconds
    }

/** Somebody does something to it, or beside it. */
type Handling =
  /** One that is open is judged when it is closed. */
  | { readonly type: 'renamed'; readonly path: string; readonly isUnchecked: boolean; readonly verdict: Verdict }
  | { readonly type: 'dated'; readonly mtime: EpochMs }
  /** A lock or a trigger came or went. */
  | { readonly type: 'rejudged'; readonly verdict: Verdict }
  /** Of a trigger. */
  | { readonly type: 'spent'; readonly error: string }
  | {
      readonly type: 'retried'
      readonly isTrigger: boolean
      /** Of one that has failed: what stands beside it was not heeded since. */
      readonly beside?: BesideVerdict
    }
  | { readonly type: 'released'; readonly isTrigger: boolean }
  | { readonly type: 'cancelled'; readonly policy?: string }
  /** Another has got its name. */
  | { readonly type: 'replaced' }
  /** Hidden, as somebody has it open yet, in a folder that is removed. */
  | { readonly type: 'dropped' }

/** A folder is sent as one. */
type Packing =
  | {
      readonly type: 'bundled'
      readonly archive: NewFile & { readonly members: readonly Member[] }
    }
  | { readonly type: 'packed'; readonly into: string }
  | { readonly type: 'packing-failed'; readonly error: string }
  | { readonly type: 'archive-made'; readonly size: Bytes; readonly verdict: Verdict }

/** It is on its way. */
type Uploading =
  | {
      readonly type: 'uploading'
      /** From now on it may be in the bucket: the bucket's time. Absent where parts come first. */
      readonly after?: EpochMs | undefined
      /** The bucket was asked for duplicates. */
      readonly isChecked: boolean
      /** Another name than it had. */
      readonly path?: string | undefined
    }
  | { readonly type: 'parts-begun'; readonly upload: MultipartUpload }
  | { readonly type: 'parts-aborted' }
  /** From now on it may be in the bucket: the bucket's time. */
  | { readonly type: 'attempted'; readonly after: EpochMs }
  | {
      readonly type: 'delayed'
      readonly error: string
      /** So long after this, by the monotonic clock, it is not tried. */
      readonly wait: Milliseconds
      /** What is to be looked for before the next try. */
      readonly attempt: Attempt | undefined
      /** Whether the bucket is to be asked for duplicates; as it was where that is not said. */
      readonly isUnchecked?: boolean
      readonly path?: string
    }
  /** What happened to it could not be written down. */
  | { readonly type: 'put-off' }
  | {
      readonly type: 'failed'
      readonly error: string
      /** What is to be looked for should it be tried again; undefined: nothing is. As it was where that is not said. */
      readonly attempt?: Attempt | undefined
      readonly isDamaged?: boolean
      readonly isUnchecked?: boolean
      readonly policy?: string
    }
  | {
      readonly type: 'submitted'
      readonly receipt: Omit<Receipt, 'submittedAt'>
      /** Parts of another try may be in the bucket. */
      readonly hasParts: boolean
      readonly tookMs: Milliseconds
    }

/** It is in the bucket. */
type Delivery =
  /** What the gateway took it for is not known yet. */
  | { readonly type: 'left' }
  | { readonly type: 'taken'; readonly tookMs?: Milliseconds | undefined }
  | { readonly type: 'duplicate'; readonly tookMs?: Milliseconds | undefined }
  | { readonly type: 'unwatched' }

export type LifeEvent = Writing | Handling | Packing | Uploading | Delivery
export type EventType = LifeEvent['type']
export type EventOf<T extends EventType> = Extract<LifeEvent, { readonly type: T }>

/** What happens to one message; for a new one, under the id that it gets. */
export interface Happening {
  readonly id: string
  readonly event: LifeEvent
}

/** What has come of it. */
export interface MessageChange {
  /** As it was; undefined for a new one. */
  readonly before: Message | undefined
  readonly event: LifeEvent
  readonly after: Message
}
