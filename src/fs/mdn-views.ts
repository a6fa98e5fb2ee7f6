/** The `mdn/` of a partner: the receipts of `AS2/raw-mdn/` that belong to it, out of one listing for all partners. */
import type { CancelSignal } from '../cancellation.js'
import type { Entry, ListedFolder, KeyTree, Listing, Purpose, ViewTree } from '../listing/listing.js'
import type { Known, MdnAttribution } from '../mdn/attribution.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import { encodeName } from '../view/names.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

/** What one partner has, where that is not simply what is below `<station>/<partner>/`. */
interface Shown {
  /** Below the partner, but for those that are yet another's. */
  readonly direct: ViewTree | undefined
  /** Named further in: shown with the whole of their key. */
  readonly inner: ViewTree | undefined
}

export interface MdnPlace extends Partner {
  readonly direction: MdnDirection
  readonly names: readonly Name[]
  readonly purpose: Purpose
}

/** Hears of who looks at receipts. */
export interface MdnLooks {
  /** Of all of a direction: they are read, in the background. */
  look(direction: MdnDirection, tree: ViewTree): void
  /** Of a partner: what answers its messages is its own. */
  claim(partner: Partner, direction: MdnDirection, signal: CancelSignal): Promise<void>
}

export interface MdnViewsOptions {
  readonly listing: Listing
  readonly root: Prefix
  readonly attribution: MdnAttribution
  readonly looks?: MdnLooks | undefined
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Whose all receipts of a direction are, where their keys do not begin with it. */
interface Found {
  readonly content: object
  readonly changes: number
  readonly exceptions: ReadonlyMap<string, Shown>
  /** How long it took, and when that was over. */
  readonly took: Milliseconds
  readonly at: Milliseconds
}

/** It is not found anew before so many times as long have passed: receipts are read, and come, all the time. */
const rest = 20

export class MdnViews {
  readonly #options: MdnViewsOptions
  /** By direction. */
  readonly #found = new Map<MdnDirection, Found>()

  constructor(options: MdnViewsOptions) {
    this.#options = options
  }

  /**
   * A tree that has at `names` what the partner's view has.
   * @param known whether a station has a partner of that name: a pair of segments inside a key is a guess otherwise
   * @throws FsError as Listing.near
   */
  async tree(place: MdnPlace, known: Known, signal: CancelSignal): Promise<KeyTree> {
    const { listing, root, looks } = this.#options
    const { direction } = place
    const prefix = mdnPrefix(root, direction)
    const near = await this.#near(prefix, place, signal)
    if (near) return near
    const all = await listing.tree(prefix, signal)
    looks?.look(direction, all)
    await looks?.claim(place, direction, signal)
    return this.whole(all, place, known)
  }

  /** While nothing is listed yet, a path given by name is looked for where it is as a rule: below its partner. */
  async #near(prefix: Prefix, place: MdnPlace, signal: CancelSignal): Promise<KeyTree | undefined> {
    // What is in a folder may come from further in as well.
    if (place.names.length === 0 || place.purpose === 'content') return undefined
    if (this.#options.listing.isListed(prefix)) return undefined
    const base = [encodeName(place.station), encodeName(place.partner)]
    const tree = await this.#options.listing.near(prefix, [...base, ...place.names], place.purpose, signal)
    return tree.lookup([...base, ...place.names]) ? new Below(tree, base) : undefined
  }

  /** The partner's part of a listing of all MDNs of one direction. */
  whole(all: ViewTree, partner: Partner & { readonly direction: MdnDirection }, known: Known): KeyTree {
    const id = groupId(partner.station, partner.partner)
    const exception = this.#exceptionsOf(all, partner.direction, known).get(id)
    if (!exception) return all.below(`${id}/`)
    const trees = [exception.direct, exception.inner].flatMap((it) => it?.foundWith(all) ?? [])
    return trees.length === 1 && trees[0] ? trees[0] : new MergedTree(trees, all.listedAt)
  }

  #exceptionsOf(all: ViewTree, direction: MdnDirection, known: Known): ReadonlyMap<string, Shown> {
    const { attribution, clock } = this.#options
    const found = this.#found.get(direction)
    const { changes } = attribution
    const begun = clock.monotonic()
    if (found?.content === all.content && (found.changes === changes || begun - found.at < rest * found.took))
      return found.exceptions
    const exceptions = this.#findExceptions(all, direction, known)
    const at = clock.monotonic()
    this.#found.set(direction, { content: all.content, changes, exceptions, took: at - begun, at })
    return exceptions
  }

  #findExceptions(all: ViewTree, direction: MdnDirection, known: Known): ReadonlyMap<string, Shown> {
    const ownerFurtherIn = (segments: readonly string[], object: ObjectInfo): string | undefined => {
      const owner = this.#options.attribution.attribute({ direction, segments, object }, known)
      return owner?.rest.length === segments.length ? groupId(owner.station, owner.partner) : undefined
    }
    const concerned = new Set<string>()
    const inner = all.grouped((segments, object) => {
      const owner = ownerFurtherIn(segments, object)
      if (owner !== undefined) concerned.add(owner).add(groupId(segments[0] ?? '', segments[1] ?? ''))
      return owner
    })
    const direct = (id: string): ViewTree | undefined => {
      const isOwn = (rest: readonly string[], object: ObjectInfo): boolean =>
        ownerFurtherIn([...id.split('/'), ...rest], object) === undefined
      return all
        .below(`${id}/`)
        .grouped((rest, object) => (isOwn(rest, object) ? id : undefined))
        .get(id)
    }
    return new Map([...concerned].map((id) => [id, { direct: direct(id), inner: inner.get(id) }]))
  }
}

function groupId(station: string, partner: string): string {
  return `${station}/${partner}`
}

/** What is below a folder of a tree, as a tree. */
class Below implements KeyTree {
  readonly #tree: KeyTree
  readonly #base: readonly Name[]

  constructor(tree: KeyTree, base: readonly Name[]) {
    this.#tree = tree
    this.#base = base
  }

  lookup(names: readonly Name[]): Entry | undefined {
    return this.#tree.lookup([...this.#base, ...names])
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    return this.#tree.readdir([...this.#base, ...names])
  }

  get listedAt(): Milliseconds {
    return this.#tree.listedAt
  }

  foldersAfter(): Iterable<ListedFolder> {
    return []
  }

  after(names: readonly Name[]): Iterable<ObjectInfo> {
    return this.#tree.after([...this.#base, ...names])
  }
}

/** Some trees as one; where two have a name, the first wins (the other is still below `.as2fs/mdn/`). */
class MergedTree implements KeyTree {
  readonly listedAt: Milliseconds
  readonly #trees: readonly KeyTree[]

  constructor(trees: readonly KeyTree[], listedAt: Milliseconds) {
    this.#trees = trees
    this.listedAt = listedAt
  }

  lookup(names: readonly Name[]): Entry | undefined {
    return this.#treeOf(names)?.lookup(names)
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    const merged = new Map<Name, Entry>()
    let found = names.length === 0
    for (const tree of this.#trees) {
      const entries = tree.readdir(names)
      if (entries) found = true
      for (const entry of entries ?? []) if (!merged.has(entry.name)) merged.set(entry.name, entry)
    }
    return found ? merged.values() : undefined
  }

  /** Of one alone they would hide what the other has. */
  foldersAfter(): Iterable<ListedFolder> {
    return []
  }

  after(names: readonly Name[]): Iterable<ObjectInfo> {
    return this.#treeOf(names)?.after(names) ?? []
  }

  #treeOf(names: readonly Name[]): KeyTree | undefined {
    return this.#trees.find((tree) => tree.lookup(names))
  }
}
