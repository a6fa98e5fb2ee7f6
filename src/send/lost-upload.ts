/** Whether an upload whose answer was lost has arrived: looked for by name, size and time, and told by its content. */
import { createHash, type Hash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { ObjectInfo, Store } from '../s3/store.js'
import { StoreError } from '../s3/store-error.js'
import type { Bytes, Milliseconds } from '../units.js'
import type { Message } from './message.js'
import type { BucketView } from './sender.js'
import type { Spool } from './spool.js'

export interface LostUploadsOptions {
  readonly store: Store
  readonly spool: Spool
  readonly bucket: BucketView
}

/** Clocks may be set between an attempt and the look at what became of it. */
const clockSlack: Milliseconds = 20 * 60 * 1000
/** Of an object, in memory at a time. */
const piece: Bytes = 4 * 1024 * 1024

export class LostUploads {
  readonly #options: LostUploadsOptions

  constructor(options: LostUploadsOptions) {
    this.#options = options
  }

  /**
   * @returns where it is, and as what; undefined if it did not arrive
   * @throws FsError or StoreError if that can't be told now
   */
  async find(
    message: Message,
    signal: AbortSignal,
  ): Promise<{ readonly where: string; readonly etag: string } | undefined> {
    if (!message.attempt) return undefined
    const since = message.attempt.since - clockSlack
    let etag = ''
    const isIt = async (object: ObjectInfo): Promise<boolean> => {
      etag = object.etag
      return this.#isSame(message, object, signal)
    }
    const where = await this.#options.bucket.find(message, message.path, message.size, since, isIt, signal)
    return where && { where, etag }
  }

  /** Another file of the same name and size may have been sent a moment before, by us or by another host. */
  async #isSame(message: Message, object: ObjectInfo, signal: AbortSignal): Promise<boolean> {
    // Nothing to compare with: name, size and time are all there is.
    if ((await this.#options.spool.size(message.id)) !== message.size) return true
    const ours = createHash('md5')
    await pipeline(this.#options.spool.stream(message.id, { start: 0, end: message.size }), ours, { signal })
    const digest = ours.digest('hex')
    // The ETag of a single PUT is the MD5 of its content, but not with every kind of encryption.
    if (object.etag === digest) return true
    try {
      return (await this.#digest(object, signal)) === digest
    } catch (error) {
      // Keys that may not read it: the same.
      if (error instanceof StoreError && error.code === 'EACCES' && error.failure === 'permanent') return true
      // It was moved on a moment ago: the next listing has it.
      if (error instanceof StoreError && (error.code === 'ENOENT' || error.code === 'ESTALE')) return false
      throw error
    }
  }

  async #digest({ key, size, etag }: ObjectInfo, signal: AbortSignal): Promise<string> {
    const hash: Hash = createHash('md5')
    for (let start = 0; start < size; start += piece) {
      const range = { start, end: Math.min(size, start + piece) }
      hash.update(await this.#options.store.get({ key, range, etag }, signal))
    }
    return hash.digest('hex')
  }
}
