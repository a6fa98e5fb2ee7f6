/** What the bucket tells of what happened: it can be asked for at any time, and new things are told as they are found. */
import type { CancelSignal } from '../cancellation.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { BucketEvent } from './event.js'
import type { Recent } from './recent.js'

/** A place in the order of time, so that any number of events can be gone through a few at a time. */
export interface Mark {
  /** By the bucket's clock. */
  readonly at: EpochMs
  /** Of what is of the same time: behind this one, a key and what happened to it. */
  readonly key: string
}

export interface Source {
  /** Looks now, with all who ask at the same time. Never throws: what could not be looked at is in `missing`. */
  look(): Promise<void>
  /** All is known that was in the bucket at that time; undefined before it was first looked at, whole. */
  readonly through: EpochMs | undefined
  /** One sentence, while some of it is not known. */
  readonly missing: string | undefined
  /** As they were found; begun anew where some may have been missed. */
  readonly recent: Recent<BucketEvent>
  /** The `most` that come first after a mark. */
  oldest(after: Mark, most: number): Promise<readonly BucketEvent[]>
  /** Somebody waits for what comes: from now on it is looked regularly, until the last of them has called what this returns. */
  want(): () => void
  /** Somebody is there, waiting or not: until then nothing that was found is forgotten. @returns a function that ends it */
  keep(): () => void
}

/** What one look has found. */
export interface Look {
  readonly news: readonly BucketEvent[]
  /** Something is seen for the first time, so that nobody knows what of it is new: each reader goes by what he was told. */
  readonly isFirst: boolean
  /** When the oldest of the listings was begun, by the clock that never steps; undefined: nothing was asked. */
  readonly listedAt: Milliseconds | undefined
  /** One sentence, where not all could be looked at. */
  readonly missing: string | undefined
}

/** Looks for one kind of thing. */
export interface Eye {
  /**
   * @param since what has a time from then on may have been found by none of the looks before
   * @throws FsError if nothing could be looked at
   */
  look(since: EpochMs, signal: CancelSignal): Promise<Look>
  oldest(after: Mark, most: number): Promise<readonly BucketEvent[]>
  /** Nobody is there any more. */
  forget(): void
}

/** So much earlier than it can be seen a LastModified may be: of an upload in parts it is that of the beginning. */
export const lookBack: Milliseconds = 60 * 60 * 1000

/** In the order of time, and one order of what is of the same. */
export function compareMarks(a: Mark, b: Mark): number {
  return a.at - b.at || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}
