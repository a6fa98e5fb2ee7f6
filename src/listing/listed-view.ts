/**
 * One view's listing: refreshed from its newest keys on, compared with the whole from time to time. Whatever finds
 * something replaces what is seen in one step.
 */
import { anyOf, type CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { orAborted } from '../patience.js'
import type { Pulse } from '../s3/pulse.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import { isDenied } from '../s3/store-error.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds, Name, Prefix } from '../units.js'
import { ForgottenKeys } from './forgotten-keys.js'
import { KeyIndex } from './key-index.js'
import { ArrivalOrder, difference } from './arrival-order.js'
import { Comparing } from './comparing.js'
import { IndexTree } from './key-tree.js'
import { listRange } from './list-range.js'
import type { Glimpse, KeyTree, ListingStatus, Purpose, ViewTree } from './listing.js'
import type { ListingMeter } from './listing-meter.js'
import { lookBackPoint, pageLength } from './look-back.js'
import { Peeks } from './peeks.js'
import { Refreshed, type RefreshedOptions } from './refreshed.js'
import { hasSameObjects } from './same-objects.js'
import type { FirstPage } from './sweeps/large-views.js'
import { WholeListings, type Whole } from './whole-listings.js'

export interface ViewOptions {
  readonly prefix: Prefix
  readonly store: Store
  /** Told of each listing. */
  readonly meter: ListingMeter
  readonly pulse: Pulse
  readonly ttl: Milliseconds
  /** How often the whole is listed, while somebody looks. */
  readonly reconcile: Milliseconds
  readonly deadline: Milliseconds
  readonly mayServe: RefreshedOptions<unknown>['mayServe']
  /** How long a look waits while there is something to show. */
  readonly patience: Milliseconds
  /** False: the keys are names that users gave, in no order. */
  readonly mayBeOrdered: boolean
  /** Lists it together with others, where that costs no more. @see Sweeps.list */
  readonly listWithOthers: () => Promise<IndexTree | FirstPage | undefined>
  /** It was listed by itself, and holds so many objects. */
  readonly onSize: (objects: number) => void
  /** What is shown is another from now on. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Logger
}

/** So many looks at single paths, and listing the whole is cheaper. */
const manyPeeks = 16
export class ListedView {
  readonly #options: ViewOptions
  readonly #seen: Refreshed<IndexTree>
  readonly #order: ArrivalOrder
  readonly #peeks: Peeks
  readonly #wholes: WholeListings<IndexTree>
  readonly #forgotten: ForgottenKeys
  readonly #comparing: Comparing

  constructor(options: ViewOptions) {
    const { ttl, deadline, patience, pulse, mayServe, clock, timers } = options
    this.#options = options
    this.#wholes = new WholeListings(options, (whole) => this.#land(whole))
    this.#forgotten = new ForgottenKeys(clock, deadline)
    this.#order = new ArrivalOrder(options.reconcile)
    this.#peeks = new Peeks(options)
    this.#comparing = new Comparing(options)
    this.#seen = new Refreshed({
      ttl,
      deadline,
      patience,
      pulse,
      mayServe,
      clock,
      timers,
      fetch: (signal) => this.#refresh(signal),
      onChange: (former, tree) => {
        if (!former || !hasSameObjects(former, tree)) options.onChange()
      },
      dateOf: (tree) => tree.listedAt,
      // One that takes longer than the ttl would otherwise follow upon itself without end.
      spacing: (tree, took) => (this.#isCheap(tree) ? 0 : 2 * took),
    })
  }

  get lastLook(): Milliseconds {
    return this.#seen.lastLook
  }

  get known(): ViewTree | undefined {
    return this.#seen.known
  }

  async tree(signal: CancelSignal): Promise<ViewTree> {
    return this.#looked(await this.#seen.get(signal))
  }

  /** Whether a look would not list it anew. */
  get isFresh(): boolean {
    return this.#seen.fresh !== undefined
  }

  /** Takes over what was found with others, if that was later. */
  adopt(tree: IndexTree): void {
    if (tree.listedAt <= (this.#seen.at ?? -Infinity)) return
    this.#seen.install(this.#settled(tree), tree.listedAt)
    this.#peeks.clear()
  }

  /** @see Listing.current */
  async current(signal: CancelSignal): Promise<ViewTree> {
    return this.#looked(await this.#seen.current(signal))
  }

  /** @see Listing.glance */
  async glance(signal: CancelSignal): Promise<ViewTree | undefined> {
    const { known } = this.#seen
    return known && this.#isCheap(known) ? (await this.glimpse(signal)).value : known
  }

  /** @see Listing.glimpse */
  async glimpse(signal: CancelSignal): Promise<Glimpse<ViewTree>> {
    const glimpse = await this.#seen.glimpse(signal)
    if (glimpse.value && glimpse.isCurrent) this.#looked(glimpse.value)
    return glimpse
  }

  /** @see Listing.near */
  async near(names: readonly Name[], purpose: Purpose, signal: CancelSignal): Promise<KeyTree> {
    const { known, fresh } = this.#seen
    if (names.length === 0 || fresh || (known && this.#isCheap(known))) return this.tree(signal)
    const { clock, reconcile } = this.#options
    if (known && clock.monotonic() - known.completeAt < reconcile && known.lookup(names)) {
      this.#listAlongside()
      return known
    }
    if (this.#peeks.count >= manyPeeks) this.#listAlongside()
    // In an outage what is known of the whole tells more.
    const peek = orAborted(this.#peeks.tree(names, purpose, signal), this.#whileNothingElse(known, signal))
    return (await peek.catch(known ? () => undefined : unlessRefused)) ?? this.tree(signal)
  }

  /** An answer for one path that is late is not waited for while what is known of the whole may be shown. */
  #whileNothingElse(known: IndexTree | undefined, signal: CancelSignal): CancelSignal {
    const { clock, timers, patience, pulse, mayServe } = this.#options
    const late = new FsError('ETIMEDOUT', 'The bucket is slow to answer.')
    if (!known || !mayServe(clock.monotonic() - known.listedAt, late)) return signal
    return anyOf(signal, timers.timeout(pulse.patience === 0 ? 0 : patience))
  }

  /** @see Listing.complete */
  async complete(since: Milliseconds, signal: CancelSignal): Promise<ViewTree> {
    const { known } = this.#seen
    if (known && known.completeAt >= since) return known
    return orAborted(this.#wholes.begunSince(since), signal)
  }

  forget(key: string): void {
    this.#forgotten.add(key)
    this.#change((index) => index.without(key))
  }

  /** A look at one object has found it to be this one. */
  replace(object: ObjectInfo): void {
    this.#change((index) => index.with(object))
  }

  status(): ListingStatus {
    const { known, error } = this.#seen
    const { prefix, mayBeOrdered } = this.#options
    const isInFull = mayBeOrdered && !this.#order.isOrdered
    const { clock } = this.#options
    const timeOf = (at: Milliseconds): EpochMs => Math.round(clock.now() - (clock.monotonic() - at))
    return {
      prefix,
      objects: known?.size ?? 0,
      listedAt: known && timeOf(known.listedAt),
      completeAt: known && timeOf(known.completeAt),
      error: error?.message,
      note: isInFull ? 'New keys come out of order: each refresh lists all of it.' : undefined,
    }
  }

  #looked(tree: IndexTree): ViewTree {
    this.#peeks.clear()
    this.#compareIfDue(tree)
    return tree
  }

  #change(change: (index: KeyIndex) => KeyIndex): void {
    // They may have what was found to be another.
    this.#peeks.clear()
    this.#seen.replace((tree) => new IndexTree(change(tree.own(this.#options.prefix)), tree))
  }

  async #refresh(signal: CancelSignal): Promise<IndexTree> {
    const { known } = this.#seen
    const after = known && this.#lookBackPoint(known)
    if (after !== undefined) return this.#options.meter.of('newest', this.#listNewest(after, signal))
    const begunAt = this.#options.clock.monotonic()
    const found = known && known.size > pageLength ? undefined : await this.#options.listWithOthers()
    if (found instanceof IndexTree) return this.#settled(found)
    return this.#wholes.begunSince(found?.listedAt ?? begunAt, found)
  }

  /** What was found with others as a listing of its own, where it may grow by single pages. */
  #settled(tree: IndexTree): IndexTree {
    return tree.size > pageLength ? new IndexTree(tree.own(this.#options.prefix), tree) : tree
  }

  #lookBackPoint(tree: IndexTree): string | undefined {
    if (tree.size <= pageLength) return undefined
    return this.#options.mayBeOrdered && this.#order.isOrdered ? lookBackPoint(tree.index) : undefined
  }

  /** Whether a refresh is one LIST, as a rule. */
  #isCheap(tree: IndexTree): boolean {
    return tree.size <= pageLength || this.#lookBackPoint(tree) !== undefined
  }

  async #listNewest(after: string, signal: CancelSignal): Promise<IndexTree> {
    const { store, prefix, clock } = this.#options
    const startedAt = clock.monotonic()
    const found = []
    for await (const page of listRange(store, prefix, after, signal)) found.push(...page)
    const known = this.#seen.known ?? new IndexTree(new KeyIndex(prefix, []), { listedAt: 0, completeAt: 0 })
    if (known.listedAt > startedAt) return known
    this.#wholes.noteTail(after)
    const index = this.#forgotten.leftOutOf(
      known.own(this.#options.prefix).replaced({ after, through: undefined }, found),
      startedAt,
    )
    return new IndexTree(index, { listedAt: startedAt, completeAt: known.completeAt })
  }

  /** What was found takes the place of what was known, but for what others have learned meanwhile. */
  #land({ index: found, startedAt, tail }: Whole): IndexTree {
    const { known } = this.#seen
    if (known && known.completeAt > startedAt) return known
    let index = found
    if (known && tail !== undefined) {
      const own = known.own(this.#options.prefix)
      const newer = [...own.objects(own.upperBound(tail))]
      index = index.replaced({ after: tail, through: undefined }, newer)
    }
    index = this.#forgotten.leftOutOf(index, startedAt)
    if (known) {
      const own = known.own(this.#options.prefix)
      const { isSame, ...changes } = difference(own, index)
      this.#order.note(changes, this.#options.clock.monotonic())
      if (isSame) index = own
    }
    this.#options.onSize(index.size)
    const listedAt = Math.max(startedAt, known?.listedAt ?? 0)
    const tree = new IndexTree(index, { listedAt, completeAt: startedAt })
    this.#seen.install(tree, listedAt)
    return tree
  }

  #compareIfDue(tree: IndexTree): void {
    if (!this.#comparing.isDue(tree.completeAt) || this.#wholes.areUnderWay || this.#lookBackPoint(tree) === undefined)
      return
    const { clock, log, prefix } = this.#options
    this.#wholes.begunSince(clock.monotonic()).catch((err: unknown) => {
      this.#comparing.noteFailure()
      log.debug({ err, prefix }, 'the comparison with the bucket failed; it is tried again')
    })
  }

  /** Lists for those who come later; who asks now doesn't wait for it. */
  #listAlongside(): void {
    const { deadline, timers, log, prefix } = this.#options
    this.tree(timers.timeout(deadline)).catch((err: unknown) => log.debug({ err, prefix }, 'not listed'))
  }
}

/** Keys may be allowed to list the view and nothing narrower. */
function unlessRefused(error: unknown): undefined {
  if (!isDenied(error)) throw error
}
