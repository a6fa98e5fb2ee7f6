/** Listings by prefix, cached with a ttl; one request under way for all who want the same. */
import type { FsError } from '../errors.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import { StoreError } from '../s3/store-error.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Key, Milliseconds, Prefix } from '../units.js'
import { KeyIndex } from './key-index.js'
import { compareKeys } from './key-order.js'
import { IndexTree } from './key-tree.js'
import type { Listing, ListingStatus, ViewTree } from './listing.js'
import { Refreshed } from './refreshed.js'

export interface ListingOptions {
  readonly store: Store
  /** `--list-ttl`: how old a listing may be. */
  readonly ttl: Milliseconds
  /** `--stale-ttl`: how old while the bucket can't be reached. */
  readonly staleTtl: Milliseconds
  /** How long one listing may take, all its pages together. */
  readonly deadline: Milliseconds
  readonly clock: Clock
  readonly log: Logger
}

/** How often the daemon looks for listings that nobody wants any more. */
const idleLimit: Milliseconds = 60 * 60 * 1000

export function createListing(options: ListingOptions): Listing {
  return new CachedListing(options)
}

class CachedListing implements Listing {
  readonly #options: ListingOptions
  readonly #trees = new Map<Prefix, Refreshed<ViewTree>>()
  readonly #folders = new Map<Prefix, Refreshed<readonly string[]>>()

  constructor(options: ListingOptions) {
    this.#options = options
  }

  tree(prefix: Prefix, signal: AbortSignal): Promise<ViewTree> {
    return this.#cached(this.#trees, prefix, (own) => this.#listTree(prefix, own)).get(signal)
  }

  known(prefix: Prefix): ViewTree | undefined {
    return this.#trees.get(prefix)?.known
  }

  folders(prefix: Prefix, signal: AbortSignal): Promise<readonly string[]> {
    return this.#cached(this.#folders, prefix, (own) => this.#listFolders(prefix, own)).get(signal)
  }

  invalidate(prefix: Prefix): void {
    this.#trees.get(prefix)?.invalidate()
    for (const [parent, folders] of this.#folders) if (prefix.startsWith(parent)) folders.invalidate()
  }

  forget(key: Key): void {
    for (const [prefix, cached] of this.#trees) {
      if (!key.startsWith(prefix)) continue
      cached.replace((tree) => new IndexTree(tree.index.without(key.slice(prefix.length)), tree))
    }
  }

  status(): readonly ListingStatus[] {
    return [...this.#trees].map(([prefix, cached]) => ({
      prefix,
      objects: cached.known?.size ?? 0,
      listedAt: cached.known?.listedAt,
      error: cached.error?.message,
    }))
  }

  #cached<T>(map: Map<Prefix, Refreshed<T>>, prefix: Prefix, fetch: (signal: AbortSignal) => Promise<T>): Refreshed<T> {
    let cached = map.get(prefix)
    if (!cached) {
      this.#dropIdle(map)
      const { ttl, staleTtl, deadline, clock } = this.#options
      cached = new Refreshed({
        fetch,
        ttl,
        deadline,
        clock,
        mayServe: (age, error) => age <= staleTtl && isOutage(error),
      })
      map.set(prefix, cached)
    }
    return cached
  }

  /** What nobody looked at for an hour is forgotten: memory follows what is used. */
  #dropIdle<T>(map: Map<Prefix, Refreshed<T>>): void {
    const now = this.#options.clock.now()
    for (const [prefix, cached] of map) if (now - cached.lastLook > idleLimit) map.delete(prefix)
  }

  async #listTree(prefix: Prefix, signal: AbortSignal): Promise<ViewTree> {
    const listedAt = this.#options.clock.now()
    const objects: ObjectInfo[] = []
    let token: string | undefined
    do {
      const page = await this.#options.store.list({ prefix, ...(token === undefined ? {} : { token }) }, signal)
      objects.push(...page.objects.filter((object) => object.key !== (prefix as string)))
      token = page.next
    } while (token !== undefined)
    this.#options.log.debug({ prefix, objects: objects.length, ms: this.#options.clock.now() - listedAt }, 'listed')
    return new IndexTree(KeyIndex.of(prefix, objects), { listedAt, completeAt: listedAt })
  }

  async #listFolders(prefix: Prefix, signal: AbortSignal): Promise<readonly string[]> {
    const found = new Set<string>()
    let token: string | undefined
    do {
      const request = { prefix, delimiter: '/', ...(token === undefined ? {} : { token }) } as const
      const page = await this.#options.store.list(request, signal)
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
