/** Listings by prefix: one `ListedView` for each that somebody looks at, and the folders of stations and partners. */
import type { FsError } from '../errors.js'
import { Pulse } from '../s3/pulse.js'
import type { Store } from '../s3/store.js'
import { StoreError } from '../s3/store-error.js'
import { systemTimers, type Clock, type Timers } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Key, Milliseconds, Name, Prefix } from '../units.js'
import { compareKeys } from '../s3/key-order.js'
import { ListedView } from './listed-view.js'
import type { Glimpse, KeyTree, Listing, ListingStatus, Purpose, ViewTree } from './listing.js'
import { Refreshed } from './refreshed.js'

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
  /** Where keys are names that users give: new ones come in no order. */
  readonly unordered: readonly Prefix[]
  /** How long a look waits for the bucket while there is something to show without it. */
  readonly patience: Milliseconds
  /** What is shown of some view is another from now on. */
  readonly onChange?: () => void
  /** Of the store, if others ask it too; else one that sees no more than the listings. */
  readonly pulse?: Pulse
  readonly clock: Clock
  /** The system's by default. */
  readonly timers?: Timers
  readonly log: Logger
}

/** How often the daemon looks for listings that nobody wants any more. */
const idleLimit: Milliseconds = 60 * 60 * 1000

export function createListing(options: ListingOptions): Listing {
  return new CachedListing(options)
}

class CachedListing implements Listing {
  readonly #options: ListingOptions
  readonly #store: Store
  readonly #pulse: Pulse
  readonly #views = new Map<Prefix, ListedView>()
  readonly #folders = new Map<Prefix, Refreshed<readonly string[]>>()

  constructor(options: ListingOptions) {
    this.#options = options
    this.#pulse = options.pulse ?? new Pulse(options.clock)
    this.#store = options.pulse ? options.store : this.#pulse.watch(options.store)
  }

  tree(prefix: Prefix, signal: AbortSignal): Promise<ViewTree> {
    return this.#view(prefix).tree(signal)
  }

  current(prefix: Prefix, signal: AbortSignal): Promise<ViewTree> {
    return this.#view(prefix).current(signal)
  }

  near(prefix: Prefix, names: readonly Name[], purpose: Purpose, signal: AbortSignal): Promise<KeyTree> {
    return this.#view(prefix).near(names, purpose, signal)
  }

  isListed(prefix: Prefix): boolean {
    return this.#views.get(prefix)?.known !== undefined
  }

  async glance(prefix: Prefix, signal: AbortSignal): Promise<ViewTree | undefined> {
    return this.#views.get(prefix)?.glance(signal)
  }

  glimpse(prefix: Prefix, signal: AbortSignal): Promise<Glimpse<ViewTree>> {
    return this.#view(prefix).glimpse(signal)
  }

  complete(prefix: Prefix, since: Milliseconds, signal: AbortSignal): Promise<ViewTree> {
    return this.#view(prefix).complete(since, signal)
  }

  folders(prefix: Prefix, signal: AbortSignal): Promise<readonly string[]> {
    return this.#foldersOf(prefix).get(signal)
  }

  glimpseOfFolders(prefix: Prefix, signal: AbortSignal): Promise<Glimpse<readonly string[]>> {
    return this.#foldersOf(prefix).glimpse(signal)
  }

  knownFolders(prefix: Prefix, since: Milliseconds): readonly string[] {
    return this.#folders.get(prefix)?.since(since) ?? []
  }

  forget(key: Key): void {
    for (const [prefix, view] of this.#views) if (key.startsWith(prefix)) view.forget(key.slice(prefix.length))
  }

  recheck(key: Key): void {
    for (const [prefix, view] of this.#views) if (key.startsWith(prefix)) void view.recheck(key.slice(prefix.length))
  }

  status(): readonly ListingStatus[] {
    return [...this.#views.values()].map((view) => view.status())
  }

  #view(prefix: Prefix): ListedView {
    let view = this.#views.get(prefix)
    if (!view) {
      this.#dropIdle()
      const { ttl, reconcile, deadline, patience, unordered, clock, timers = systemTimers, log } = this.#options
      const [store, pulse] = [this.#store, this.#pulse]
      const mayBeOrdered = !unordered.some((it) => prefix.startsWith(it))
      const limits = { ttl, reconcile, deadline, patience, mayServe: this.#mayServe, onChange: this.#noteChange }
      this.#views.set(
        prefix,
        (view = new ListedView({ prefix, store, pulse, ...limits, mayBeOrdered, clock, timers, log })),
      )
    }
    return view
  }

  #foldersOf(prefix: Prefix): Refreshed<readonly string[]> {
    let folders = this.#folders.get(prefix)
    if (!folders) {
      this.#dropIdle()
      const { ttl, deadline, patience, clock, timers = systemTimers } = this.#options
      const fetch = (own: AbortSignal): Promise<readonly string[]> => this.#listFolders(prefix, own)
      const limits = { ttl, deadline, patience, pulse: this.#pulse, mayServe: this.#mayServe }
      this.#folders.set(prefix, (folders = new Refreshed({ fetch, ...limits, clock, timers })))
    }
    return folders
  }

  /** What nobody looked at for an hour is forgotten: memory follows what is used. */
  #dropIdle(): void {
    const since = this.#options.clock.monotonic() - idleLimit
    for (const [prefix, view] of this.#views) if (view.lastLook < since) this.#views.delete(prefix)
    for (const [prefix, folders] of this.#folders) if (folders.lastLook < since) this.#folders.delete(prefix)
  }

  readonly #mayServe = (age: Milliseconds, error: FsError): boolean => age <= this.#options.staleTtl && isOutage(error)

  readonly #noteChange = (): void => this.#options.onChange?.()

  async #listFolders(prefix: Prefix, signal: AbortSignal): Promise<readonly string[]> {
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
