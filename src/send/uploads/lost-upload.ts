/**
 * Whether an upload whose outcome is not known has arrived: looked for by name, size and time, and told by its content. An ETag
 * is never judged by: one of 32 digits is an MD5 with some servers and some encryptions only.
 */
import { abortSignalOf, type CancelSignal } from '../../cancellation.js'
import type { DuplicatePolicy } from '../../config.js'
import type { ObjectInfo, Store } from '../../s3/store.js'
import { isDenied, StoreError } from '../../s3/store-error.js'
import type { Bytes, EpochMs, Key, Milliseconds } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import { duplicateWindow } from '../life/duplicates.js'
import type { Attempt, Message } from '../life/message.js'
import type { BucketView } from '../sender.js'
import type { Spool } from '../disk/spool.js'

export interface LostUploadsOptions {
  readonly store: Store
  readonly spool: Spool
  readonly bucket: BucketView
  readonly book: Pick<MessageBook, 'index'>
  readonly onDuplicate: DuplicatePolicy
}

/** As it was found. */
export interface FoundUpload {
  readonly where: string
  readonly etag: string
  /** The bucket's time. */
  readonly mtime: EpochMs
}

/**
 * - `ours`: it has arrived.
 * - `none`: it has not.
 * - `denied`: the keys may not look, so nobody knows.
 */
export type Look = { readonly is: 'ours'; readonly found: FoundUpload } | { readonly is: 'none' | 'denied' }

/**
 * So far apart the clocks of a bucket's servers may be, or that of one who puts his own Date into their answers. Within six hours
 * no other file of that name is sent, but where the policy is to send it.
 */
const slackOfEarlier: Milliseconds = duplicateWindow
const slackAmongDuplicates: Milliseconds = 20 * 60 * 1000
/** Of a key that was taken at the first try: what was there before that is another's. */
const slackOfFirst: Milliseconds = 60_000
/** Of an object, in memory at a time. */
const piece: Bytes = 4 * 1024 * 1024

export class LostUploads {
  readonly #options: LostUploadsOptions

  constructor(options: LostUploadsOptions) {
    this.#options = options
  }

  /**
   * @param isFirst no earlier try than this one may have arrived
   * @throws FsError or StoreError if it can't be told now
   */
  async look(message: Message, attempt: Attempt, isFirst: boolean, signal: CancelSignal): Promise<Look> {
    const { onDuplicate } = this.#options
    const slack = onDuplicate === 'send' ? slackAmongDuplicates : slackOfEarlier
    const after = attempt.after - (isFirst ? slackOfFirst : slack)
    // Else nothing else of that name is sent within that time, and what is found is it.
    const others = onDuplicate === 'send' ? this.#others(message, after) : 0
    const alike = new Set<Key>()
    let same: ObjectInfo | undefined
    const isIt = async (object: ObjectInfo): Promise<boolean> => {
      if (!(await this.#isSame(message, object, signal))) return false
      alike.add(object.key)
      same = object
      return alike.size > others
    }
    try {
      const lost = { name: message.path, size: message.size, after }
      const where = await this.#options.bucket.find(message, lost, isIt, signal)
      if (where === undefined || !same) return { is: 'none' }
      return { is: 'ours', found: { where, etag: same.etag, mtime: same.mtime } }
    } catch (error) {
      if (isDenied(error)) return { is: 'denied' }
      throw error
    }
  }

  /** How many files of that name and size this mount has sent, which may be what is found. */
  #others({ id, station, partner, path, size }: Message, after: EpochMs): number {
    const named = [...this.#options.book.index.named({ station, partner }, path)]
    const sentAt = (it: Message): EpochMs => it.sentAt ?? it.submittedAt ?? -Infinity
    return named.filter((it) => it.id !== id && it.size === size && sentAt(it) >= after - slackOfFirst).length
  }

  /** Another file of the same name and size may have been sent a moment before, by us or by another host. */
  async #isSame(message: Message, object: ObjectInfo, signal: CancelSignal): Promise<boolean> {
    // Nothing to compare with: name, size and time are all there is.
    if ((await this.#options.spool.size(message.id)) !== message.size) return true
    try {
      return await this.#hasSameContent(message.id, object, signal)
    } catch (error) {
      // Keys that may not read it: the same.
      if (isDenied(error)) return true
      // It was moved on a moment ago: the next listing has it.
      if (error instanceof StoreError && error.failure === 'absent') return false
      throw error
    }
  }

  /** Not pinned to its ETag, which servers may tell in several ways: what counts is what is read. */
  async #hasSameContent(id: string, { key, size }: ObjectInfo, signal: CancelSignal): Promise<boolean> {
    for (let start = 0; start < size; start += piece) {
      const range = { start, end: Math.min(size, start + piece) }
      const ours = Buffer.concat(await this.#options.spool.stream(id, range).toArray({ signal: abortSignalOf(signal) }))
      const theirs = await this.#options.store.get({ key, range }, signal)
      if (!ours.equals(theirs)) return false
    }
    return true
  }
}
