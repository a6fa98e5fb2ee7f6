/** What the send room may ask of the bucket, answered from listings: lost uploads, duplicates, pick-up by the gateway. */
import { FsError } from '../errors.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { BucketClock } from '../s3/bucket-clock.js'
import type { ObjectInfo } from '../s3/store.js'
import { duplicateWindow } from '../send/duplicates.js'
import type { BucketView } from '../send/sender.js'
import type { Clock } from '../telemetry/clock.js'
import type { Bytes, EpochMs, Key, Milliseconds, Prefix } from '../units.js'
import { viewPrefix } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

/** The places where an upload can be found again, in the order in which the gateway moves it on. */
const whereabouts = ['send', 'duplicate', 'outbox'] as const
type SendingView = (typeof whereabouts)[number]

/** What is left out as too old is older by more than two clocks, read one after the other, can be apart. */
const clockSlack: Milliseconds = 60_000

export class ListedBucketView implements BucketView {
  readonly #listing: Listing
  readonly #root: Prefix
  readonly #clock: Clock
  readonly #bucketClock: BucketClock

  constructor(options: { listing: Listing; root: Prefix; clock: Clock; bucketClock: BucketClock }) {
    this.#listing = options.listing
    this.#root = options.root
    this.#clock = options.clock
    this.#bucketClock = options.bucketClock
  }

  async seen(partner: Partner, name: string, signal: AbortSignal): Promise<EpochMs | undefined> {
    let newest: EpochMs | undefined
    for (const view of ['send', 'outbox'] as const) {
      const tree = await this.#visibleTree(partner, view, signal)
      const since = this.#clock.now() - duplicateWindow
      for (const object of this.#named(tree, name, since)) newest = Math.max(newest ?? 0, object.mtime)
    }
    return newest === undefined ? undefined : this.#bucketClock.local(newest)
  }

  async seenAtOnce(partner: Partner, name: string, signal: AbortSignal): Promise<EpochMs | undefined> {
    const views = ['send', 'outbox'] as const
    const glimpses = await Promise.all(views.map((view) => this.#listing.glimpse(this.#prefix(partner, view), signal)))
    const since = this.#clock.now() - duplicateWindow
    const objects = glimpses.flatMap(({ value }) => [...this.#named(value, name, since)])
    // What was there once was sent, however old the listing that says so.
    if (objects.length > 0) return this.#bucketClock.local(Math.max(...objects.map((it) => it.mtime)))
    // A view that may not be listed holds nothing that we could know of.
    const unknown = glimpses.find(({ isCurrent, error }) => !isCurrent && error?.code !== 'EACCES')
    if (unknown)
      throw unknown.error ?? new FsError('ETIMEDOUT', 'The bucket did not say at once which names were sent.')
    return undefined
  }

  async find(
    partner: Partner,
    name: string,
    size: Bytes,
    since: EpochMs,
    isIt: (object: ObjectInfo) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<SendingView | undefined> {
    // Twice over: it may move on between one listing and the next, but only forwards.
    for (const view of [...whereabouts, 'send', 'outbox'] as const) {
      const tree = await this.#freshTree(partner, view, signal)
      for (const object of this.#named(tree, name, since)) {
        if (object.size === size && this.#bucketClock.local(object.mtime) >= since && (await isIt(object))) return view
      }
    }
    return undefined
  }

  async waiting(partner: Partner, signal: AbortSignal): Promise<(key: Key) => boolean> {
    const tree = await this.#listing.complete(this.#prefix(partner, 'send'), this.#clock.monotonic(), signal)
    return (key) => tree.has(key)
  }

  /** Objects with that last segment, those that were surely modified before that time (of this machine) left out. */
  *#named(tree: ViewTree | undefined, name: string, since: EpochMs): Generator<ObjectInfo, undefined> {
    const ahead = this.#bucketClock.now() - this.#clock.now()
    for (const object of tree?.recent(since + ahead - clockSlack) ?? []) if (basename(object.key) === name) yield object
  }

  #prefix(partner: Partner, view: SendingView): Prefix {
    return viewPrefix(this.#root, partner, view)
  }

  /** A view that may not be listed holds nothing that we could know of. */
  async #visibleTree(partner: Partner, view: SendingView, signal: AbortSignal): Promise<ViewTree | undefined> {
    try {
      return await this.#listing.tree(this.#prefix(partner, view), signal)
    } catch (error) {
      if (error instanceof FsError && error.code === 'EACCES') return undefined
      throw error
    }
  }

  /**
   * A listing of the whole, begun from now on: what was known before can't tell where a lost upload went. Refused access is an
   * error here (but for `duplicate/`): 'can't look' must never be read as 'was not sent'.
   */
  async #freshTree(partner: Partner, view: SendingView, signal: AbortSignal): Promise<ViewTree | undefined> {
    try {
      return await this.#listing.complete(this.#prefix(partner, view), this.#clock.monotonic(), signal)
    } catch (error) {
      if (view === 'duplicate' && error instanceof FsError && error.code === 'EACCES') return undefined
      throw error
    }
  }
}

function basename(key: Key): string {
  return key.slice(key.lastIndexOf('/') + 1)
}
