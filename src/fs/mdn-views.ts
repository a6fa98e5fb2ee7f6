/** The `mdn/` of a partner: the receipts of `AS2/raw-mdn/` that belong to it, out of one listing for all partners. */
import { buildKeyTree } from '../listing/key-tree.js'
import type { Entry, KeyTree, Listing } from '../listing/listing.js'
import type { MdnAttribution } from '../mdn/attribution.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Name, Prefix } from '../units.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'

/** One partner's MDNs: those whose key begins with the partner (shown without it), and those that name it further in. */
interface PartnerMdns {
  readonly direct: ObjectInfo[]
  readonly inner: ObjectInfo[]
}

export class MdnViews {
  readonly #listing: Listing
  readonly #root: Prefix
  readonly #attribution: MdnAttribution
  /** Grouped once for each listing; a refresh makes a new tree, and the old one's groups go with it. */
  readonly #groups = new WeakMap<KeyTree, ReadonlyMap<string, PartnerMdns>>()

  constructor(listing: Listing, root: Prefix, attribution: MdnAttribution) {
    this.#listing = listing
    this.#root = root
    this.#attribution = attribution
  }

  /**
   * @param known whether a station has a partner of that name: a pair of segments inside a key is a guess otherwise
   * @throws FsError as Listing.tree
   */
  async tree(
    partner: Partner,
    direction: MdnDirection,
    known: (station: string, partner: string) => boolean,
    signal: AbortSignal,
  ): Promise<KeyTree> {
    const prefix = mdnPrefix(this.#root, direction)
    const all = await this.#listing.tree(prefix, signal)
    let groups = this.#groups.get(all)
    if (!groups) this.#groups.set(all, (groups = this.#group(prefix, all, known)))
    const mdns = groups.get(groupId(partner.station, partner.partner)) ?? { direct: [], inner: [] }
    const direct = buildKeyTree(`${prefix}${partner.station}/${partner.partner}/` as Prefix, mdns.direct, all.listedAt)
    if (mdns.inner.length === 0) return direct
    return new MergedTree(direct, buildKeyTree(prefix, mdns.inner, all.listedAt))
  }

  #group(
    prefix: Prefix,
    all: KeyTree,
    known: (station: string, partner: string) => boolean,
  ): ReadonlyMap<string, PartnerMdns> {
    const groups = new Map<string, PartnerMdns>()
    for (const object of all.objects()) {
      const segments = object.key.slice(prefix.length).split('/')
      const owner = this.#attribution.attribute(segments, known)
      if (!owner) continue
      const id = groupId(owner.station, owner.partner)
      let group = groups.get(id)
      if (!group) groups.set(id, (group = { direct: [], inner: [] }))
      const list = owner.rest.length < segments.length ? group.direct : group.inner
      list.push(object)
    }
    return groups
  }
}

function groupId(station: string, partner: string): string {
  return `${station}/${partner}`
}

/** Two trees as one; where both have a name, the first wins (the other is still below `.as2fs/mdn/`). */
class MergedTree implements KeyTree {
  readonly #trees: readonly KeyTree[]
  readonly listedAt: number
  readonly size: number

  constructor(first: KeyTree, second: KeyTree) {
    this.#trees = [first, second]
    this.listedAt = first.listedAt
    this.size = first.size + second.size
  }

  lookup(names: readonly Name[]): Entry | undefined {
    for (const tree of this.#trees) {
      const entry = tree.lookup(names)
      if (entry) return entry
    }
    return undefined
  }

  readdir(names: readonly Name[]): readonly Entry[] | undefined {
    const merged = new Map<Name, Entry>()
    let found = false
    for (const tree of this.#trees) {
      const entries = tree.readdir(names)
      if (entries) found = true
      for (const entry of entries ?? []) if (!merged.has(entry.name)) merged.set(entry.name, entry)
    }
    return found ? [...merged.values()] : undefined
  }

  *objects(): Iterable<ObjectInfo> {
    for (const tree of this.#trees) yield* tree.objects()
  }
}
