/** The `mdn/` of a partner: the receipts of `AS2/raw-mdn/` that belong to it, out of one listing for all partners. */
import { KeyIndex } from '../listing/key-index.js'
import { IndexTree } from '../listing/key-tree.js'
import type { Entry, ListedFolder, KeyTree, Listing, Purpose, ViewTree } from '../listing/listing.js'
import type { MdnAttribution } from '../mdn/attribution.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import { encodeName } from '../view/names.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

/** Where those of one partner are that are not simply below `<station>/<partner>/`. */
interface Elsewhere {
  /** All but those that are below the partner and yet another's. */
  readonly direct: KeyIndex
  /** Named further in: shown with the whole of their key. */
  readonly inner: KeyIndex
}

export interface MdnPlace extends Partner {
  readonly direction: MdnDirection
  readonly names: readonly Name[]
  readonly purpose: Purpose
}

export class MdnViews {
  readonly #listing: Listing
  readonly #root: Prefix
  readonly #attribution: MdnAttribution
  /** Grouped once for each index; a change makes another, and the old one's groups go with it. */
  readonly #groups = new WeakMap<KeyIndex, ReadonlyMap<string, Elsewhere>>()

  constructor(listing: Listing, root: Prefix, attribution: MdnAttribution) {
    this.#listing = listing
    this.#root = root
    this.#attribution = attribution
  }

  /**
   * A tree that has at `names` what the partner's view has.
   * @param known whether a station has a partner of that name: a pair of segments inside a key is a guess otherwise
   * @throws FsError as Listing.near
   */
  async tree(
    place: MdnPlace,
    known: (station: string, partner: string) => boolean,
    signal: AbortSignal,
  ): Promise<KeyTree> {
    const prefix = mdnPrefix(this.#root, place.direction)
    return (
      (await this.#near(prefix, place, signal)) ?? this.whole(await this.#listing.tree(prefix, signal), place, known)
    )
  }

  /** While nothing is listed yet, a path given by name is looked for where it is as a rule: below its partner. */
  async #near(prefix: Prefix, place: MdnPlace, signal: AbortSignal): Promise<KeyTree | undefined> {
    if (place.names.length === 0 || this.#listing.isListed(prefix)) return undefined
    const base = [encodeName(place.station), encodeName(place.partner)]
    const tree = await this.#listing.near(prefix, [...base, ...place.names], place.purpose, signal)
    return tree.lookup([...base, ...place.names]) ? new Below(tree, base) : undefined
  }

  /** The partner's part of a listing of all MDNs of one direction. */
  whole(all: ViewTree, partner: Partner, known: (station: string, partner: string) => boolean): KeyTree {
    let groups = this.#groups.get(all.index)
    if (!groups) this.#groups.set(all.index, (groups = this.#group(all.index, known)))
    const id = groupId(partner.station, partner.partner)
    const elsewhere = groups.get(id)
    if (!elsewhere) return new IndexTree(all.index, all, `${id}/`)
    const direct = new IndexTree(elsewhere.direct, all, `${id}/`)
    return elsewhere.inner.size === 0 ? direct : new MergedTree(direct, new IndexTree(elsewhere.inner, all))
  }

  #group(index: KeyIndex, known: (station: string, partner: string) => boolean): ReadonlyMap<string, Elsewhere> {
    const inner = new Map<string, number[]>()
    const others = new Map<string, number[]>()
    for (let position = 0; position < index.size; position += 1) {
      const segments = index.key(position).split('/')
      const owner = this.#attribution.attribute(segments, known)
      if (!owner || owner.rest.length < segments.length) continue
      push(inner, groupId(owner.station, owner.partner), position)
      push(others, groupId(segments[0] ?? '', segments[1] ?? ''), position)
    }
    const ids = new Set([...inner.keys(), ...others.keys()])
    return new Map(
      [...ids].map((id) => {
        const elsewhere = new Set(others.get(id))
        return [
          id,
          {
            inner: only(index, inner.get(id) ?? []),
            direct: elsewhere.size === 0 ? index : without(index, elsewhere),
          },
        ]
      }),
    )
  }
}

function push(groups: Map<string, number[]>, id: string, position: number): void {
  const group = groups.get(id)
  if (group) group.push(position)
  else groups.set(id, [position])
}

function only(index: KeyIndex, positions: readonly number[]): KeyIndex {
  return KeyIndex.of(
    index.prefix,
    positions.flatMap((position) => index.object(position) ?? []),
  )
}

function without(index: KeyIndex, positions: ReadonlySet<number>): KeyIndex {
  return KeyIndex.of(
    index.prefix,
    [...index.objects()].filter((_, position) => !positions.has(position)),
  )
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

/** Two trees as one; where both have a name, the first wins (the other is still below `.as2fs/mdn/`). */
class MergedTree implements KeyTree {
  readonly #trees: readonly KeyTree[]

  constructor(...trees: readonly KeyTree[]) {
    this.#trees = trees
  }

  lookup(names: readonly Name[]): Entry | undefined {
    return this.#treeOf(names)?.lookup(names)
  }

  readdir(names: readonly Name[]): Iterable<Entry> | undefined {
    const merged = new Map<Name, Entry>()
    let found = false
    for (const tree of this.#trees) {
      const entries = tree.readdir(names)
      if (entries) found = true
      for (const entry of entries ?? []) if (!merged.has(entry.name)) merged.set(entry.name, entry)
    }
    return found ? merged.values() : undefined
  }

  get listedAt(): Milliseconds {
    return Math.min(...this.#trees.map((it) => it.listedAt))
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
