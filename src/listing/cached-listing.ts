/** Listings by prefix: one `ListedView` for each that somebody looks at, and the folders of stations and partners. */
import type { CancelSignal } from '../cancellation.js'
import type { FsError } from '../errors.js'
import { Pulse } from '../s3/pulse.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import { StoreError } from '../s3/store-error.js'
import { systemTimers, type Clock, type Timers } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Key, Milliseconds, Name, Prefix } from '../units.js'
import { compareKeys } from '../s3/key-order.js'
import { CommonListings } from './common-listings.js'
import type { IndexTree } from './key-tree.js'
import { ListedView } from './listed-view.js'
import type { Glimpse, KeyTree, Listing, ListingStatus, Purpose, ViewTree } from './listing.js'
import { ListingMeter } from './listing-meter.js'
import { Refreshed } from './refreshed.js'
import type { FoundFolders } from './sweeps/coverage.js'
import type { CommonPrefix } from './sweeps/places.js'
import { Sweeps } from './sweeps/sweeps.js'

export interface ListingOptions {
  readonly store: Store
  /** `--list-ttl`: how old a listing may be. */
  readonly ttl: Milliseconds
  /** `--reconcile`: how often the whole of a view is listed. */
  readonly reconcile: Milliseconds
  /** `--stale-ttl`: how old while the bucket can't be reached. */
  readonly staleTtl: Milliseconds
  /** How long one listing may take, all its pages together. */
  readonly deadline: Milliseconds
  /** Below these are the views of all partners: they are listed together where that takes fewer LISTs. */
  readonly common: readonly CommonPrefix[]
  /** Where keys are names that users give: new ones come in no order. */
  readonly unordered: readonly Prefix[]
  /** How long a look waits for the bucket while there is something to show without it. */
  readonly patience: Milliseconds
  /** What is shown of some view is another from now on. */
  readonly onChange?: () => void
  /** Of the store, if others ask it too; else one that sees no more than the listings. */
  readonly pulse?: Pulse
  /** Told of each listing. */
  readonly meter?: ListingMeter
  readonly clock: Clock
  /** The system's by default. */
  readonly timers?: Timers
  readonly log: Logger
}

/** What nobody looked at for so long is forgotten: memory follows what is used. */
const idleLimit: Milliseconds = 60 * 60 * 1000
/** How often it is looked for. */
const idleCheck: Milliseconds = 60 * 1000

export function createListing(options: ListingOptions): Listing {
  return new CachedListing(options)
}

class CachedListing implements Listing {
  readonly #options: ListingOptions
  readonly #store: Store
  readonly #pulse: Pulse
  readonly #meter: ListingMeter
  readonly #common: CommonListings
  /** Those that are listed by themselves. */
  readonly #views = new Map<Prefix, ListedView>()
  readonly #folders = new Map<Prefix, Refreshed<readonly string[]>>()
  #nextIdleCheck: Milliseconds = 0

  constructor(options: ListingOptions) {
    const { common, ttl, clock } = options
    this.#options = options
    this.#meter = options.meter ?? new ListingMeter()
    this.#pulse = options.pulse ?? new Pulse(clock)
    this.#store = options.pulse ? options.store : this.#pulse.watch(options.store)
    const foldersAt = (prefix: Prefix): FoundFolders | undefined => this.#foundFolders(prefix)
    this.#common = new CommonListings({ common, ttl, clock, foldersAt, sweepsOf: (it) => this.#sweeps(it) })
  }

  async tree(prefix: Prefix, signal: CancelSignal): Promise<ViewTree> {
    return this.#look(prefix) ?? this.#view(prefix).tree(signal)
  }

  async current(prefix: Prefix, signal: CancelSignal): Promise<ViewTree> {
    return this.#look(prefix) ?? this.#view(prefix).current(signal)
  }

  async near(prefix: Prefix, names: readonly Name[], purpose: Purpose, signal: CancelSignal): Promise<KeyTree> {
    return this.#look(prefix) ?? this.#view(prefix).near(names, purpose, signal)
  }

  isListed(prefix: Prefix): boolean {
    return this.#views.get(prefix)?.known !== undefined || this.#common.isListed(prefix)
  }

  async glance(prefix: Prefix, signal: CancelSignal): Promise<ViewTree | undefined> {
    if (!this.isListed(prefix)) return undefined
    return this.#look(prefix) ?? this.#view(prefix).glance(signal)
  }

  async glimpse(prefix: Prefix, signal: CancelSignal): Promise<Glimpse<ViewTree>> {
    const value = this.#look(prefix)
    return value ? { value, isCurrent: true, error: undefined } : this.#view(prefix).glimpse(signal)
  }

  async complete(prefix: Prefix, since: Milliseconds, signal: CancelSignal): Promise<ViewTree> {
    const known = this.#common.known(prefix)
    return known && known.completeAt >= since ? known : this.#view(prefix).complete(since, signal)
  }

  async folders(prefix: Prefix, signal: CancelSignal): Promise<readonly string[]> {
    return this.#lookAtFolders(prefix) ?? this.#foldersOf(prefix).get(signal)
  }

  async glimpseOfFolders(prefix: Prefix, signal: CancelSignal): Promise<Glimpse<readonly string[]>> {
    const value = this.#lookAtFolders(prefix)
    return value
      ? { value, isCurrent: true, error: undefined }
      : this.#foldersOf(prefix).glimpse(signal, { seesEnd: true })
  }

  knownFolders(prefix: Prefix, since: Milliseconds): readonly string[] {
    return this.#folders.get(prefix)?.since(since) ?? []
  }

  forget(key: Key): void {
    this.#common.forget(key)
    for (const [prefix, view] of this.#views) if (key.startsWith(prefix)) view.forget(key.slice(prefix.length))
  }

  recheck(key: Key): void {
    void this.#recheck(key)
  }

  status(): readonly ListingStatus[] {
    return [...this.#common.status(), ...[...this.#views.values()].map((view) => view.status())]
  }

  /** What others have found of a view, at most ttl old. */
  #look(prefix: Prefix): IndexTree | undefined {
    const view = this.#views.get(prefix)
    if (view?.isFresh === true) {
      this.#common.look(prefix, true)
      return undefined
    }
    const found = this.#common.look(prefix, false)
    if (found && view) {
      // What it knew was shown: it tells if this is something else.
      view.adopt(found)
      this.#views.delete(prefix)
    }
    return found
  }

  #foundFolders(prefix: Prefix): FoundFolders | undefined {
    const { known: names, at } = this.#folders.get(prefix) ?? {}
    return names && at !== undefined ? { names, at } : undefined
  }

  #lookAtFolders(prefix: Prefix): readonly string[] | undefined {
    const isFresh = this.#folders.get(prefix)?.fresh !== undefined
    const found = this.#common.lookAtFolders(prefix, isFresh)
    return isFresh ? undefined : found?.names
  }

  #view(prefix: Prefix): ListedView {
    let view = this.#views.get(prefix)
    if (!view) {
      this.#dropIdle()
      const { ttl, reconcile, deadline, patience, unordered, clock, timers = systemTimers, log } = this.#options
      const [store, pulse, meter] = [this.#store, this.#pulse, this.#meter]
      const mayBeOrdered = !unordered.some((it) => prefix.startsWith(it))
      const limits = { ttl, reconcile, deadline, patience, mayServe: this.#mayServe, onChange: this.#noteChange }
      const together = {
        listWithOthers: () => this.#common.list(prefix),
        onSize: (objects: number) => this.#common.noteSize(prefix, objects),
      }
      view = new ListedView({ prefix, store, pulse, meter, ...limits, ...together, mayBeOrdered, clock, timers, log })
      const known = this.#common.known(prefix)
      if (known) view.adopt(known)
      this.#views.set(prefix, view)
    }
    return view
  }

  #sweeps(common: CommonPrefix): Sweeps {
    const { ttl, deadline, clock, timers = systemTimers } = this.#options
    const foldersAt = (path: string): readonly string[] =>
      this.#folders.get(`${common.prefix}${path}` as Prefix)?.known ?? []
    const [onChange, meter] = [this.#noteChange, this.#meter]
    return new Sweeps({ common, store: this.#store, meter, ttl, deadline, foldersAt, onChange, clock, timers })
  }

  #foldersOf(prefix: Prefix): Refreshed<readonly string[]> {
    let folders = this.#folders.get(prefix)
    if (!folders) {
      this.#dropIdle()
      const { ttl, deadline, patience, clock, timers = systemTimers } = this.#options
      const fetch = (own: CancelSignal): Promise<readonly string[]> => this.#listFolders(prefix, own)
      const limits = { ttl, deadline, patience, pulse: this.#pulse, mayServe: this.#mayServe }
      this.#folders.set(prefix, (folders = new Refreshed({ fetch, ...limits, clock, timers })))
    }
    return folders
  }

  #dropIdle(): void {
    const now = this.#options.clock.monotonic()
    if (now < this.#nextIdleCheck) return
    this.#nextIdleCheck = now + idleCheck
    const since = now - idleLimit
    for (const [prefix, view] of this.#views) if (view.lastLook < since) this.#views.delete(prefix)
    for (const [prefix, folders] of this.#folders) if (folders.lastLook < since) this.#folders.delete(prefix)
    this.#common.dropIdle(since)
  }

  /** Asks for one object anew: what a GET brought is another one than that which is known. */
  async #recheck(key: Key): Promise<void> {
    const { deadline, timers = systemTimers, log } = this.#options
    try {
      const request = { prefix: key as string as Prefix, maxKeys: 1 }
      const page = await this.#meter.of('path', this.#store.list(request, timers.timeout(deadline)))
      const [object] = page.objects
      if (object?.key === key) this.#replace(object)
      else this.forget(key)
    } catch (err) {
      log.debug({ err, key }, 'an object that was replaced could not be looked at')
    }
  }

  #replace(object: ObjectInfo): void {
    this.#common.replace(object)
    for (const [prefix, view] of this.#views) if (object.key.startsWith(prefix)) view.replace(object)
  }

  readonly #mayServe = (age: Milliseconds, error: FsError): boolean => age <= this.#options.staleTtl && isOutage(error)

  readonly #noteChange = (): void => this.#options.onChange?.()

  async #listFolders(prefix: Prefix, signal: CancelSignal): Promise<readonly string[]> {
    const together = await this.#common.listFolders(prefix)
    return together?.names ?? this.#meter.of('folders', this.#listOwnFolders(prefix, signal))
  }

  async #listOwnFolders(prefix: Prefix, signal: CancelSignal): Promise<readonly string[]> {
    const found = new Set<string>()
    let token: string | undefined
    do {
      const request = { prefix, delimiter: '/', ...(token === undefined ? {} : { token }) } as const
      const page = await this.#store.list(request, signal)
      for (const folder of page.prefixes) found.add(folder.slice(prefix.length, -1))
      token = page.next
    } while (token !== undefined)
    return [...found].sort(compareKeys)
  }
}

/** The bucket can't be reached or asked now; what was known may be shown a while longer. Refused access is no outage. */
function isOutage(error: FsError): boolean {
  if (error instanceof StoreError) return error.failure === 'transient' || error.failure === 'credentials'
  return error.code === 'EIO' || error.code === 'ETIMEDOUT'
}
