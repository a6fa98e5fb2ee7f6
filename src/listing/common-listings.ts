/** What is known of views by listings that are not their own: sweeps of a common prefix, and folders that have none of them. */
import { compareKeys } from '../s3/key-order.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Key, Milliseconds, Prefix } from '../units.js'
import { KeyIndex } from './key-index.js'
import { IndexTree } from './key-tree.js'
import type { ListingStatus } from './listing.js'
import type { FoundFolders } from './sweeps/coverage.js'
import type { FirstPage } from './sweeps/large-views.js'
import { partnerOf, viewOf, type CommonPrefix } from './sweeps/places.js'
import type { Sweeps } from './sweeps/sweeps.js'

export interface CommonListingsOptions {
  readonly common: readonly CommonPrefix[]
  readonly ttl: Milliseconds
  readonly clock: Clock
  readonly sweepsOf: (common: CommonPrefix) => Sweeps
  /** The folders at a prefix, as they were listed last. */
  readonly foldersAt: (prefix: Prefix) => FoundFolders | undefined
}

/** A view, or the folder of a partner, below a common prefix. */
interface Place {
  readonly common: CommonPrefix
  readonly path: string
  readonly isView: boolean
}

export class CommonListings {
  readonly #options: CommonListingsOptions
  readonly #sweeps = new Map<CommonPrefix, Sweeps>()

  constructor(options: CommonListingsOptions) {
    this.#options = options
  }

  /**
   * Somebody looks at a view.
   * @param isKnown it is answered without a LIST, by its own listing
   * @returns it, if it is known and at most ttl old
   */
  look(prefix: Prefix, isKnown: boolean): IndexTree | undefined {
    const place = this.#placeOf(prefix)
    if (place?.isView !== true) return undefined
    const known = this.#known(place)
    const fresh = known && known.listedAt > this.#since ? known : undefined
    this.#sweepsOf(place.common).look(place.path, isKnown || fresh !== undefined, fresh !== undefined)
    return fresh
  }

  /** Whether a view was listed together with others. */
  isListed(prefix: Prefix): boolean {
    const place = this.#placeOf(prefix)
    return place?.isView === true && this.#sweeps.get(place.common)?.tree(place.path) !== undefined
  }

  /** A view as it was found last, however long ago. */
  known(prefix: Prefix): IndexTree | undefined {
    const place = this.#placeOf(prefix)
    return place?.isView === true ? this.#known(place) : undefined
  }

  /** Somebody looks at the folders of a partner. @returns them, if they are known and at most ttl old */
  lookAtFolders(prefix: Prefix, isKnown: boolean): FoundFolders | undefined {
    const place = this.#placeOf(prefix)
    if (place?.isView !== false) return undefined
    const found = this.#sweeps.get(place.common)?.folders(place.path)
    const fresh = found && found.at > this.#since ? found : undefined
    this.#sweepsOf(place.common).look(place.path, isKnown || fresh !== undefined, fresh !== undefined)
    return fresh
  }

  /** @see Sweeps.list */
  async list(prefix: Prefix): Promise<IndexTree | FirstPage | undefined> {
    const place = this.#placeOf(prefix)
    return place?.isView === true ? this.#sweepsOf(place.common).list(place.path) : undefined
  }

  /** @see Sweeps.listFolders */
  async listFolders(prefix: Prefix): Promise<FoundFolders | undefined> {
    const place = this.#placeOf(prefix)
    return place?.isView === false ? this.#sweepsOf(place.common).listFolders(place.path) : undefined
  }

  /** @see Sweeps.noteSize */
  noteSize(prefix: Prefix, objects: number): void {
    const place = this.#placeOf(prefix)
    if (place?.isView === true) this.#sweeps.get(place.common)?.noteSize(place.path, objects)
  }

  forget(key: Key): void {
    for (const [{ prefix }, sweeps] of this.#sweeps) if (key.startsWith(prefix)) sweeps.forget(key.slice(prefix.length))
  }

  replace(object: ObjectInfo): void {
    for (const [{ prefix }, sweeps] of this.#sweeps) {
      if (object.key.startsWith(prefix)) sweeps.replace(object.key.slice(prefix.length), object)
    }
  }

  dropIdle(since: Milliseconds): void {
    for (const [common, sweeps] of this.#sweeps) if (sweeps.lastLook < since) this.#sweeps.delete(common)
  }

  status(): readonly ListingStatus[] {
    const { clock } = this.#options
    const timeOf = (at: Milliseconds): EpochMs => Math.round(clock.now() - (clock.monotonic() - at))
    return [...this.#sweeps].flatMap(([{ prefix }, { known }]) => {
      if (known.listedAt === undefined) return []
      const listedAt = timeOf(known.listedAt)
      return [{ prefix, objects: known.objects, listedAt, completeAt: undefined, error: undefined, note: undefined }]
    })
  }

  get #since(): Milliseconds {
    return this.#options.clock.monotonic() - this.#options.ttl
  }

  #sweepsOf(common: CommonPrefix): Sweeps {
    let sweeps = this.#sweeps.get(common)
    if (!sweeps) this.#sweeps.set(common, (sweeps = this.#options.sweepsOf(common)))
    return sweeps
  }

  #placeOf(prefix: Prefix): Place | undefined {
    const common = this.#options.common.find((it) => prefix.startsWith(it.prefix))
    const path = prefix.slice(common?.prefix.length)
    if (!common) return undefined
    if (viewOf(path, common.depth) === path) return { common, path, isView: true }
    return partnerOf(path) === path ? { common, path, isView: false } : undefined
  }

  #known(place: Place): IndexTree | undefined {
    const [listed, absent] = [this.#sweeps.get(place.common)?.tree(place.path), this.#absent(place)]
    return listed && absent ? (listed.listedAt >= absent.listedAt ? listed : absent) : (listed ?? absent)
  }

  /** A view is empty where one of the folders that it would be in was not there when they were listed. */
  #absent({ common, path }: Place): IndexTree | undefined {
    let found: Milliseconds | undefined
    let end = 0
    for (let parent = 0; (end = path.indexOf('/', parent)) >= 0; parent = end + 1) {
      const folders = this.#options.foldersAt(`${common.prefix}${path.slice(0, parent)}` as Prefix)
      const isAbsent = folders !== undefined && !hasName(folders.names, path.slice(parent, end))
      if (isAbsent && folders.at > (found ?? -Infinity)) found = folders.at
    }
    return found === undefined ? undefined : emptyTree(common.prefix, path, found)
  }
}

/** @param names in key order */
function hasName(names: readonly string[], name: string): boolean {
  let [low, high] = [0, names.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareKeys(names[middle] ?? '', name) < 0) low = middle + 1
    else high = middle
  }
  return names[low] === name
}

function emptyTree(prefix: Prefix, path: string, at: Milliseconds): IndexTree {
  return new IndexTree(new KeyIndex(`${prefix}${path}` as Prefix, []), { listedAt: at, completeAt: at })
}
