/** What the send room may ask of the bucket, answered from listings: lost uploads, duplicates, pick-up by the gateway. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { isCalled } from './dated-name.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { BucketClock } from '../s3/bucket-clock.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import { isDenied } from '../s3/store-error.js'
import { byOurClock, duplicateWindow } from '../send/life/duplicates.js'
import type { BucketView, LostUpload, SentObject, Whereabouts } from '../send/sender.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Key, Milliseconds, Prefix } from '../units.js'
import { sendPrefix, viewPrefix } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

const whereabouts: readonly Whereabouts[] = ['send', 'duplicate', 'outbox', 'failed']
/** A file may move on to one of them between one listing and the next, but only forwards. */
const twiceOver: readonly Whereabouts[] = ['send', 'outbox', 'failed']
/** Not everybody may list them: they hold what was sent all the same, or another copy. */
const perhapsHidden: ReadonlySet<Whereabouts> = new Set(['duplicate', 'failed'])
/** Where the gateway may have given it a name with a time in it. */
const renamedIn: ReadonlySet<Whereabouts> = new Set(['outbox', 'failed'])

/** What is left out as too old is older by more than two clocks of a bucket can be apart. */
const clockSlack: Milliseconds = 60_000

export interface SentInBucketOptions {
  readonly listing: Listing
  readonly store: Store
  readonly root: Prefix
  /** The listing's. */
  readonly clock: Clock
  readonly bucketClock: BucketClock
}

export class SentInBucket implements BucketView {
  readonly #listing: Listing
  readonly #store: Store
  readonly #root: Prefix
  readonly #clock: Clock
  readonly #bucketClock: BucketClock

  constructor(options: SentInBucketOptions) {
    this.#listing = options.listing
    this.#store = options.store
    this.#root = options.root
    this.#clock = options.clock
    this.#bucketClock = options.bucketClock
  }

  now(): EpochMs | undefined {
    return this.#bucketClock.now()
  }

  async time(signal: CancelSignal): Promise<EpochMs> {
    const known = this.now()
    if (known !== undefined) return known
    try {
      await this.#store.list({ prefix: sendPrefix(this.#root), maxKeys: 1 }, signal)
    } catch (error) {
      // A refusal tells the time as well.
      if (this.now() === undefined) throw error
    }
    // One that gives no time at all: ours, which may be wrong by hours.
    return this.now() ?? byOurClock(this.#clock.now())
  }

  async seen(partner: Partner, name: string, signal: CancelSignal): Promise<EpochMs | undefined> {
    let newest: EpochMs | undefined
    for (const view of ['send', 'outbox'] as const) {
      const tree = await this.#visibleTree(partner, view, signal)
      const since = (this.now() ?? this.#clock.now()) - duplicateWindow - clockSlack
      for (const object of tree?.recentNamed(name, since) ?? []) newest = Math.max(newest ?? 0, object.mtime)
    }
    return newest
  }

  async seenAtOnce(partner: Partner, name: string, signal: CancelSignal): Promise<EpochMs | undefined> {
    // In this order: a file moves on from the first to the second.
    const glimpses = [
      await this.#listing.glimpse(this.#prefix(partner, 'send'), signal),
      await this.#listing.glimpse(this.#prefix(partner, 'outbox'), signal),
    ]
    const since = (this.now() ?? this.#clock.now()) - duplicateWindow - clockSlack
    let newest: EpochMs | undefined
    for (const { value } of glimpses)
      for (const { mtime } of value?.recentNamed(name, since) ?? []) newest = Math.max(newest ?? 0, mtime)
    // What was there once was sent, however old the listing that says so.
    if (newest !== undefined) return newest
    // A view that may not be listed holds nothing that we could know of.
    const unknown = glimpses.find(({ isCurrent, error }) => !isCurrent && !isDenied(error))
    if (unknown)
      throw unknown.error ?? new FsError('ETIMEDOUT', 'The bucket did not say at once which names were sent.')
    return undefined
  }

  async find(
    partner: Partner,
    { name, size, after }: LostUpload,
    isIt: (object: ObjectInfo) => Promise<boolean>,
    signal: CancelSignal,
  ): Promise<Whereabouts | undefined> {
    for (const view of [...whereabouts, ...twiceOver]) {
      for (const object of await this.#freshlyNamed(partner, view, name, after, signal)) {
        if (object.size === size && object.mtime >= after && (await isIt(object))) return view
      }
    }
    return undefined
  }

  async has(partner: Partner, name: string, signal: CancelSignal): Promise<boolean> {
    const found = await this.#freshlyNamed(partner, 'send', name, 0, signal)
    return found.some((it) => it.key === this.#key(partner, name))
  }

  async keeps(partner: Partner, name: string, signal: CancelSignal): Promise<boolean | undefined> {
    try {
      return (await this.#store.head(this.#key(partner, name), signal)) !== undefined
    } catch (error) {
      if (isDenied(error)) return undefined
      throw error
    }
  }

  async sent(
    partner: Partner,
    view: 'duplicate' | 'outbox',
    since: EpochMs,
    signal: CancelSignal,
  ): Promise<SentObject[]> {
    try {
      const tree = await this.#listing.complete(this.#prefix(partner, view), this.#clock.monotonic(), signal)
      return Array.from(tree.recent(since), ({ key, size, mtime }) => ({ name: basename(key), size, mtime }))
    } catch (error) {
      if (isDenied(error)) return []
      throw error
    }
  }

  async waiting(partner: Partner, signal: CancelSignal): Promise<(key: Key) => boolean> {
    const tree = await this.#listing.complete(this.#prefix(partner, 'send'), this.#clock.monotonic(), signal)
    return (key) => tree.has(key)
  }

  #key(partner: Partner, name: string): Key {
    return `${this.#prefix(partner, 'send')}${name}` as Key
  }

  #prefix(partner: Partner, view: Whereabouts): Prefix {
    return viewPrefix(this.#root, partner, view)
  }

  /** A view that may not be listed holds nothing that we could know of. */
  async #visibleTree(partner: Partner, view: Whereabouts, signal: CancelSignal): Promise<ViewTree | undefined> {
    try {
      return await this.#listing.current(this.#prefix(partner, view), signal)
    } catch (error) {
      if (isDenied(error)) return undefined
      throw error
    }
  }

  /**
   * By a listing of the whole, begun from now on: what was known before can't tell where a lost upload went. Refused access is
   * an error here (but for `duplicate/` and `failed/`): 'can't look' must never be read as 'was not sent'.
   */
  async #freshlyNamed(
    partner: Partner,
    view: Whereabouts,
    name: string,
    since: EpochMs,
    signal: CancelSignal,
  ): Promise<readonly ObjectInfo[]> {
    try {
      const tree = await this.#listing.complete(this.#prefix(partner, view), this.#clock.monotonic(), signal)
      if (!renamedIn.has(view)) return [...tree.recentNamed(name, since)]
      return Array.from(tree.recent(since)).filter(({ key }) => isCalled(basename(key), name))
    } catch (error) {
      if (!isDenied(error)) throw error
      if (perhapsHidden.has(view)) return []
      if (view === 'outbox') throw error
      const object = await this.#store.head(this.#key(partner, name), signal)
      return object ? [object] : []
    }
  }
}

function basename(key: Key): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
