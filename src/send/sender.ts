/** The interface of the send room: files written by the user on their way into the bucket, once each. */
import type { CancelSignal } from '../cancellation.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Bytes, EpochMs, Key, Milliseconds, Name } from '../units.js'
import type { Partner } from '../view/partner.js'

/** As SEMANTICS.md (Sending) has them. `submitted`: in the bucket, not yet taken by the gateway. */
export type SendState = 'open' | 'held' | 'queued' | 'uploading' | 'submitted' | 'failed'

/**
 * Why a held file is held. `lock`: a lock file stands beside it. `untriggered`: its trigger is not made yet. `trigger`: it is one.
 * `packing`: the archive of a bundle is being made.
 */
export type HoldReason =
  'name' | 'empty' | 'commit' | 'lock' | 'untriggered' | 'trigger' | 'crash' | 'killed' | 'bundle' | 'packing'

/** One file of a `send/` as `queue.json`, `as2fs queue` and `ls` show it. */
export interface SendRow extends Partner {
  readonly id: string
  /** Path below `send/`: one name, or `<bundle>/<name>`, and deeper. */
  readonly path: string
  readonly key: Key
  readonly state: SendState
  readonly reason: HoldReason | undefined
  readonly size: Bytes
  readonly mtime: EpochMs
  /** Last close. */
  readonly closedAt: EpochMs | undefined
  readonly tries: number
  readonly nextTryAt: EpochMs | undefined
  /** What it waits for if not for a time: `a free upload`. */
  readonly waitsFor: string | undefined
  /** One sentence. */
  readonly error: string | undefined
  readonly etag: string | undefined
  /** Bytes uploaded so far while uploading. */
  readonly uploaded: Bytes
  readonly submittedAt: EpochMs | undefined
}

/** How one descriptor of a file is closed. */
export interface Closed {
  /** Nobody has it open after this; false also where that can't be told. */
  readonly isLast: boolean
  /** The signal that is ending the process, which has opened or written the file and did not close it itself. */
  readonly killedBy: string | undefined
}

/** One descriptor of a file is being closed. */
export interface Close {
  /** Never rejects, and takes a second at most; asked only where it matters, and at once, as the process may end. */
  closed(): Promise<Closed>
}

/**
 * A spool file under a kernel handle. Reads and writes are positional, as pread(2) and pwrite(2).
 * A write, truncate, sync or close whose signal was aborted has been reported as failed, so the file is never sent.
 */
export interface OpenSpoolFile {
  readonly id: string
  read(position: number, length: number): Promise<Uint8Array>
  /** `bytes` are copied before this returns its promise. An error of the disk may come with a later call, at the latest with `flush`. */
  write(bytes: Uint8Array, position: number, signal: CancelSignal): Promise<number>
  truncate(size: Bytes, signal: CancelSignal): Promise<void>
  /** close(2) of one descriptor: bytes are on disk when it resolves; throws what the spool found (ENOSPC, EIO). */
  flush(close: Close, signal: CancelSignal): Promise<void>
  fsync(signal: CancelSignal): Promise<void>
  /** Nobody ever got it: a new file goes again, another one is as it was. */
  disown(): Promise<void>
  /** After the last close; never throws. The last writer's release puts the file into the queue or holds it. */
  release(): Promise<void>
}

export interface OpenFlags {
  readonly write: boolean
  readonly truncate: boolean
}

/** An upload whose answer was lost, as it would be found. */
export interface LostUpload {
  readonly name: string
  readonly size: Bytes
  /** The bucket's time, before which it was not there. */
  readonly after: EpochMs
}

/** Where an upload can be found again, in the order in which the gateway moves it on. */
export type Whereabouts = 'send' | 'duplicate' | 'outbox' | 'failed'

/** An object of a place to which the gateway moves what was sent. */
export interface SentObject {
  /** The last segment of its key. */
  readonly name: string
  readonly size: Bytes
  readonly mtime: EpochMs
}

/** Times and places of the same name in the bucket, for the 6-hour rule and for lost answers. All times are the bucket's. */
export interface BucketView {
  /** What time it is there; undefined before its first answer. */
  now(): EpochMs | undefined
  /**
   * The same, asked for if need be.
   * @throws FsError or StoreError if it can't be asked
   */
  time(signal: CancelSignal): Promise<EpochMs>
  /** Newest time at which this name was seen in `AS2/send` or the outbox; undefined if not within the last six hours. */
  seen(partner: Partner, name: string, signal: CancelSignal): Promise<EpochMs | undefined>
  /**
   * The same for who must not wait for the bucket: by what is known of it, renewed if it answers within moments.
   * @throws FsError if that does not tell
   */
  seenAtOnce(partner: Partner, name: string, signal: CancelSignal): Promise<EpochMs | undefined>
  /**
   * Looks, with fresh listings, for an upload whose answer was lost.
   * @param isIt whether such an object is the one
   * @throws FsError or StoreError if it can't be looked for: that must never be read as 'was not sent'
   */
  find(
    partner: Partner,
    lost: LostUpload,
    isIt: (object: ObjectInfo) => Promise<boolean>,
    signal: CancelSignal,
  ): Promise<Whereabouts | undefined>
  /**
   * Whether there is anything under a name in `AS2/send` now.
   * @throws FsError or StoreError if that can't be told
   */
  has(partner: Partner, name: string, signal: CancelSignal): Promise<boolean>
  /**
   * The same by the key alone, for keys that may not list.
   * @returns undefined if they may not look at it either, or it is not there: S3 says the same of both then
   */
  keeps(partner: Partner, name: string, signal: CancelSignal): Promise<boolean | undefined>
  /**
   * What is where the gateway moves files on to, by a listing begun from now on; nothing where it may not be listed.
   * @param since objects that were modified before that are left out
   */
  sent(partner: Partner, view: 'duplicate' | 'outbox', since: EpochMs, signal: CancelSignal): Promise<SentObject[]>
  /** Tells which keys are (still) in a partner's `AS2/send`, by a listing begun from now on. */
  waiting(partner: Partner, signal: CancelSignal): Promise<(key: Key) => boolean>
}

export interface SendCounts {
  readonly open: number
  readonly held: number
  readonly queued: number
  readonly uploading: number
  readonly submitted: number
  readonly failed: number
}

export interface PartnerCounts extends Partner {
  readonly counts: SendCounts
}

/** For who measures. However many files there are, it takes no longer. */
export interface SendFigures {
  /** Of partners who have, or ever had since the start, a file in `send/`. */
  readonly partners: readonly PartnerCounts[]
  /** Of what is queued or being uploaded. */
  readonly waitingBytes: Bytes
  /** Of those the close that is longest ago. */
  readonly oldestClose: EpochMs | undefined
}

/**
 * What changes something is not done once its signal is aborted, unless it is being written down by then. All methods throw FsError with the errno that SEMANTICS.md (Sending) has (EEXIST for a duplicate under `reject`, EBUSY while uploading,
 * EPERM for submitted, EXDEV across partners, EILSEQ, ENAMETOOLONG, EINVAL for names that cannot become keys).
 */
export interface Sender {
  /** Local files (all states) of a partner; submitted ones until the gateway took them. */
  rows(partner: Partner): readonly SendRow[]
  allRows(): readonly SendRow[]
  row(partner: Partner, path: readonly Name[]): SendRow | undefined
  /** Of a file that is open, though it may be in `send/` no longer; undefined if nobody has it open. */
  openSize(id: string): Bytes | undefined
  /** Folders made in a `send/` (bundles) and in those: paths below it. */
  folders(partner: Partner): readonly string[]
  /** A new, open file. */
  create(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<OpenSpoolFile>
  open(partner: Partner, path: readonly Name[], flags: OpenFlags, signal: CancelSignal): Promise<OpenSpoolFile>
  truncate(partner: Partner, path: readonly Name[], size: Bytes, signal: CancelSignal): Promise<void>
  rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void>
  unlink(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void>
  mkdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void>
  rmdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void>
  setMtime(partner: Partner, path: readonly Name[], mtime: EpochMs, signal: CancelSignal): Promise<void>
  /**
   * Somebody has listed all that is in a partner's `AS2/send`: what was submitted before and is not there, the gateway took.
   * @param begunAt when the listing was begun, by the clock that never steps
   */
  listed(partner: Partner, begunAt: Milliseconds, has: (key: Key) => boolean): Promise<void>
  /** `as2fs queue retry|cancel|release`; throws FsError with a sentence where it makes no sense. */
  retry(id: string, signal: CancelSignal): Promise<void>
  cancel(id: string, signal: CancelSignal): Promise<void>
  releaseHeld(id: string, signal: CancelSignal): Promise<void>
  counts(): SendCounts
  figures(): SendFigures
  /** One sentence for each thing that keeps `send/` from working now; for `status`. */
  problems(): readonly string[]
  /**
   * After the unmount: waits for the last closes, of which the kernel tells a moment after close(2), for at most a second.
   * @param isProof the kernel let it be unmounted, so nobody has a file open: those of which it did not tell are closed
   */
  mountEnded(isProof: boolean): Promise<void>
  /** The kernel tells nothing any more, however the mount ended: what was seen to be closed for good is closed, though it was not released. */
  callsEnded(): Promise<void>
  /** No new opens from now on; uploads what is queued, without settling, for at most `limit`. Resolves to what remains. */
  drain(limit: Milliseconds): Promise<SendCounts>
  /** Stops uploads and closes the journal. Everything stays on disk. */
  close(): Promise<void>
}
