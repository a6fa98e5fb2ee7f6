/** Whether a name may be given to a file in `send/`: the rule of six hours. */
import type { DuplicatePolicy } from '../../config.js'
import { FsError } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import { LRUCache } from 'lru-cache'
import type { CancelSignal } from '../../cancellation.js'
import type { EpochMs, Milliseconds } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { isDuplicate } from '../life/duplicates.js'
import type { Holding } from '../life/holding.js'
import { pathId } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import type { BucketView } from '../sender.js'
import { wasSent } from './six-hours.js'
import type { Trail } from '../trail.js'

export interface NameCheckOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly holding: Holding
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
  readonly trail: Trail
}

/** Most files are closed, and on their way, by then. */
const freeFor: Milliseconds = 5_000
const mostFree = 10_000

export class NameCheck {
  readonly #options: NameCheckOptions
  readonly #free: LRUCache<string, true>

  constructor(options: NameCheckOptions) {
    this.#options = options
    const now = (): Milliseconds => options.clock.monotonic()
    this.#free = new LRUCache({ ttl: freeFor, ttlResolution: 0, max: mostFree, perf: { now } })
  }

  /**
   * Asks whether a name may be sent, if a file of that name would be sent once it is closed.
   * @returns whether the bucket could not be asked
   * @throws FsError EEXIST if it was sent within six hours
   */
  async check(partner: Partner, path: string, isRenamed: boolean, signal: CancelSignal): Promise<boolean> {
    const { onDuplicate, holding, bucket } = this.#options
    if (onDuplicate === 'send' || !holding.isFinal(path, isRenamed)) return false
    if (onDuplicate === 'suffix') return true
    if (this.#sentBefore(partner, path)) throw this.#refused(partner, path)
    try {
      // Who creates a file holds back all others in its folder: if the bucket doesn't say at once, the upload asks.
      const seenAt = await bucket.seenAtOnce(partner, path, signal)
      if (isDuplicate(seenAt, this.#now())) throw this.#refused(partner, path)
      // As long as nobody knows what time it is there, the upload asks.
      if (bucket.now() === undefined) return true
      this.#free.set(pathId(partner, path), true)
      return false
    } catch (error) {
      if (error instanceof FsError && error.code === 'EEXIST') throw error
      return true
    }
  }

  /** Whether the bucket has said a moment ago that a name is free: another host may have sent it since. */
  isFree(partner: Partner, path: string): boolean {
    return this.#free.has(pathId(partner, path))
  }

  /** Whether a name was sent by this mount, and the policy is to send under another then. */
  isSuffixed(partner: Partner, path: string): boolean {
    return this.#options.onDuplicate === 'suffix' && this.#sentBefore(partner, path)
  }

  #refused(partner: Partner, path: string): FsError {
    this.#options.trail.refused(partner, path, '--on-duplicate reject', this.#options.clock.now())
    return new FsError('EEXIST', `${path} was sent within six hours: the gateway would drop it as a duplicate.`)
  }

  /** The bucket's time; ours before its first answer. */
  #now(): EpochMs {
    return this.#options.bucket.now() ?? this.#options.clock.now()
  }

  /** By this mount, within six hours. */
  #sentBefore(partner: Partner, path: string): boolean {
    return wasSent(this.#options.book, partner, path, this.#now())
  }
}
