/** What the bucket tells of what happened: it can be asked for at any time, and new things are told as they are found. */
import type { EpochMs } from '../units.js'
import type { BucketEvent } from './event.js'
import type { Recent } from './recent.js'

/** A place in the order of time, so that any number of events can be gone through a few at a time. */
export interface Mark {
  /** By the bucket's clock. */
  readonly at: EpochMs
  /** Of what is of the same time: behind this key. */
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
  /** The `most` that come first after a mark, by LastModified. */
  oldest(after: Mark, most: number): readonly BucketEvent[]
  /** Somebody waits for what comes: from now on it is looked regularly, until the last of them has called what this returns. */
  want(): () => void
  /** Somebody is there, waiting or not: until then nothing that was found is forgotten. @returns a function that ends it */
  keep(): () => void
}
