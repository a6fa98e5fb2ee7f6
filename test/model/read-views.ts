/** The views of the read model: where they are shown, what they show of a state of the bucket, by another way than the real ones. */
import type { Entry } from '../../src/listing/listing.js'
import type { Name, Prefix } from '../../src/units.js'
import { encodeName } from '../../src/view/names.js'
import { stationName } from '../../src/view/tree.js'
import { treeOfMaps } from '../listing/reference/tree-of-maps.js'
import type { BucketState, Version } from './read-history.js'

/** What a view shows. */
export interface Shown {
  lookup(names: readonly Name[]): Entry | undefined
  readdir(names: readonly Name[]): readonly Entry[] | undefined
}

export interface Pair {
  readonly station: string
  readonly partner: string
  /** There whatever the bucket has. */
  readonly isConfigured: boolean
}

/** One that is configured, one that comes with its keys, and one whose names must be escaped. */
export const pairs: readonly [Pair, Pair, Pair] = [
  { station: 'A', partner: 'B', isConfigured: true },
  { station: 'A', partner: 'C', isConfigured: false },
  { station: '..', partner: 'é\n', isConfigured: false },
]

export interface View {
  readonly path: string
  /** Of what is listed for it. */
  readonly prefix: Prefix
  readonly pair: Pair | undefined
  readonly kind: 'plain' | 'send' | 'failed'
  /** What it shows of the objects below its prefix, which are in the order of keys. */
  readonly show: (objects: readonly Version[]) => Shown
  /** What it may show of them as well: where that depends on which partners were ever seen. */
  readonly others?: readonly View['show'][]
  /** Its folders are in no order that is promised. */
  readonly isUnordered?: boolean
  /** Whether what is there is so whatever the bucket has. */
  readonly isOwn?: (names: readonly Name[]) => boolean
  /** The name in its first folder by which an object of a message is found; undefined: it is none, or not shown. */
  readonly firstName?: (key: string) => string | undefined
}

const [acme, other, odd] = pairs

export const firstView = plain(acme, 'inbox', 'files/A/B/inbox/')

export const views: readonly View[] = [
  firstView,
  plain(acme, 'outbox', 'files/A/B/outbox/'),
  { ...plain(acme, 'failed', 'files/A/B/failed/'), kind: 'failed' },
  plain(acme, 'duplicate', 'duplicate/A/B/'),
  { ...plain(acme, 'send', 'send/A/B/'), kind: 'send' },
  plain(acme, 'headers/inbox', 'headers/A/B/inbox/'),
  plain(acme, 'raw-message/outbox', 'raw-message/A/B/outbox/'),
  mdns(acme, 'incoming'),
  mdns(other, 'incoming'),
  mdns(acme, 'outgoing'),
  plain(other, 'inbox', 'files/A/C/inbox/'),
  plain(odd, 'outbox', 'files/../é\n/outbox/'),
  allMdns('incoming'),
]

export function viewsAt(places: readonly number[]): readonly View[] {
  return places.flatMap((it) => views[it] ?? [])
}

/** The five folders of the bucket below which stations and partners are found. */
export const roots = ['files', 'headers', 'raw-message', 'send', 'duplicate'].map((it) => `AS2/${it}/` as Prefix)

export function pathOf({ station, partner }: Pair): string {
  return `/${stationName(station)}/${encodeName(partner)}`
}

export function hasPair(state: BucketState, { station, partner }: Pair): boolean {
  return roots.some((root) => state.hasBelow(`${root}${station}/${partner}/`))
}

function plain(pair: Pair, view: string, prefix: string): View {
  const below = `AS2/${prefix}` as Prefix
  return {
    ...{ path: `${pathOf(pair)}/${view}`, prefix: below, pair, kind: 'plain' },
    show: (objects) => treeOfMaps(below, objects),
  }
}

function allMdns(direction: string): View {
  const prefix = `AS2/raw-mdn/${direction}/` as Prefix
  return {
    ...{ path: `/.as2fs/mdn/${direction}`, prefix, pair: undefined, kind: 'plain', isUnordered: true },
    show: (objects) => treeOfMaps(prefix, objects),
  }
}

/**
 * Those below the pair, unless they name a known one further in; and those that name it further in, with all their key. Known
 * are those that are configured, and those that were seen.
 */
function mdns(pair: Pair, direction: string): View {
  const prefix = `AS2/raw-mdn/${direction}/` as Prefix
  const showTo = (seen: readonly Pair[]): View['show'] =>
    mdnsKnowing((it) => it.isConfigured || seen.includes(it), pair, prefix)
  return {
    ...{ path: `${pathOf(pair)}/mdn/${direction}`, prefix, pair, kind: 'plain', isUnordered: true },
    show: showTo([]),
    others: [[other], [odd], [other, odd]].map(showTo),
  }
}

function mdnsKnowing(isKnown: (pair: Pair) => boolean, pair: Pair, prefix: Prefix): View['show'] {
  const own = `${prefix}${pair.station}/${pair.partner}/` as Prefix
  const innerOwner = (segments: readonly string[]): Pair | undefined => {
    for (let i = 0; i + 2 < segments.length; i += 1) {
      const found = pairs.find((it) => isKnown(it) && it.station === segments[i] && it.partner === segments[i + 1])
      if (found) return i === 0 ? undefined : found
    }
    return undefined
  }
  return (objects) => {
    const owned = objects.map((it) => ({ it, inner: innerOwner(it.key.slice(prefix.length).split('/')) }))
    const direct = owned.filter(({ it, inner }) => it.key.startsWith(own) && it.key.length > own.length && !inner)
    const inner = owned.filter((it) => it.inner === pair)
    const trees = [
      treeOfMaps(
        own,
        direct.map(({ it }) => it),
      ),
      treeOfMaps(
        prefix,
        inner.map(({ it }) => it),
      ),
    ]
    return merged(trees)
  }
}

/** Two as one: of what has one name the first is shown, folders hold what both have in them. */
function merged(trees: readonly Shown[]): Shown {
  const entriesOf = (names: readonly Name[]): Map<Name, Entry> | undefined => {
    if (names.length > 0 && lookup(names)?.kind !== 'folder') return undefined
    const found = new Map<Name, Entry>()
    for (const tree of trees)
      for (const entry of tree.readdir(names) ?? []) if (!found.has(entry.name)) found.set(entry.name, entry)
    return found
  }
  const lookup = (names: readonly Name[]): Entry | undefined => {
    const name = names.at(-1)
    if (name === undefined) return { kind: 'folder', name: '' as Name, mtime: 0 }
    return entriesOf(names.slice(0, -1))?.get(name)
  }
  const readdir = (names: readonly Name[]): Entry[] | undefined => {
    const entries = entriesOf(names)
    return entries && [...entries.values()]
  }
  return { lookup, readdir }
}
