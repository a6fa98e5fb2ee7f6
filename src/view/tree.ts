/** The tree of the mount: paths ↔ places, and where in the bucket each place is. Pure. */
import type { Name, Prefix } from '../units.js'
import { decodeName, encodeName } from './names.js'
import type { Partner } from './partner.js'

/** The folder made by the daemon at the root of the mount. */
export const controlFolder = '.as2fs' as Name

/** The views whose files are objects below one prefix of the bucket. `ls` of a partner shows what is here, and below. */
const plainViews = ['inbox', 'outbox', 'failed', 'duplicate'] as const
/** The views with a folder for each direction, and the names of those. */
const pairedViews = {
  headers: ['inbox', 'outbox'],
  'raw-message': ['inbox', 'outbox'],
  mdn: ['incoming', 'outgoing'],
  /** The outbox, by what became of it. */
  delivery: ['pending', 'delivered', 'refused'],
} as const

export type PairedView = keyof typeof pairedViews
export type MdnDirection = (typeof pairedViews.mdn)[number]
/** A folder of objects. `headers/inbox` and its like are views, `headers` is the pair that holds them. */
export type ViewName =
  (typeof plainViews)[number] | { [Pair in PairedView]: `${Pair}/${(typeof pairedViews)[Pair][number]}` }[PairedView]

/** Every view. */
export const viewNames = [
  ...plainViews,
  ...Object.entries(pairedViews).flatMap(([pair, folders]) => folders.map((folder) => `${pair}/${folder}`)),
] as readonly ViewName[]

interface OfPartner {
  readonly station: Name
  readonly partner: Name
}

/** What a path of the mount means. Stations and partners are still names: which ids they stand for, the bucket tells. */
export type Place =
  | { readonly kind: 'root' }
  | { readonly kind: 'control' }
  | { readonly kind: 'control-file'; readonly name: Name }
  | { readonly kind: 'all-mdns' }
  | { readonly kind: 'all-mdns-of'; readonly direction: MdnDirection; readonly names: readonly Name[] }
  | { readonly kind: 'station'; readonly station: Name }
  | ({ readonly kind: 'partner' } & OfPartner)
  | ({ readonly kind: 'pair'; readonly pair: PairedView } & OfPartner)
  | ({ readonly kind: 'view'; readonly view: ViewName; readonly names: readonly Name[] } & OfPartner)
  | ({ readonly kind: 'new'; readonly names: readonly Name[] } & OfPartner)
  | ({ readonly kind: 'send'; readonly names: readonly Name[] } & OfPartner)
  | { readonly kind: 'absent' }

const absent: Place = { kind: 'absent' }

/** @param path absolute path within the mount, as the kernel gives it */
export function parsePath(path: string): Place {
  const [first, second, third, ...rest] = path.split('/').filter((name) => name !== '') as Name[]
  if (first === undefined) return { kind: 'root' }
  if (first === controlFolder) return controlPlace([second, third, ...rest].filter((name) => name !== undefined))
  if (second === undefined) return { kind: 'station', station: first }
  const owner: OfPartner = { station: first, partner: second }
  if (third === undefined) return { kind: 'partner', ...owner }
  return partnerPlace(owner, third, rest)
}

function controlPlace(names: readonly Name[]): Place {
  const [first, direction, ...rest] = names
  if (first === undefined) return { kind: 'control' }
  if ((first as string) !== 'mdn') return direction === undefined ? { kind: 'control-file', name: first } : absent
  if (direction === undefined) return { kind: 'all-mdns' }
  return isMdnDirection(direction) ? { kind: 'all-mdns-of', direction, names: rest } : absent
}

function partnerPlace(owner: OfPartner, view: string, rest: readonly Name[]): Place {
  if (view === 'send' || view === 'new') return { kind: view, ...owner, names: rest }
  if (isPlainView(view)) return { kind: 'view', ...owner, view, names: rest }
  if (!isPairedView(view)) return absent
  const [direction, ...names] = rest
  if (direction === undefined) return { kind: 'pair', ...owner, pair: view }
  const whole = `${view}/${direction}`
  return isViewName(whole) ? { kind: 'view', ...owner, view: whole, names } : absent
}

/** The folders of a partner, in order; `failed` only where the bucket has one. */
export function partnerFolders(hasFailed: boolean): readonly Name[] {
  const all = [...plainViews, ...Object.keys(pairedViews), 'new', 'send'].sort()
  return all.filter((it) => hasFailed || it !== 'failed') as Name[]
}

/** The two folders of `headers`, `raw-message` or `mdn`. */
export function pairFolders(pair: PairedView): readonly Name[] {
  return pairedViews[pair] as readonly string[] as readonly Name[]
}

/** Where the objects of a view are, or of what it is made of; those of `mdn/…` are the ones that can be told by their key alone. */
export function viewPrefix(root: Prefix, { station, partner }: Partner, view: ViewName | 'send'): Prefix {
  const owner = `${station}/${partner}`
  const [pair, direction] = view.split('/')
  if (direction === undefined) {
    if (view === 'send' || view === 'duplicate') return `${root}${view}/${owner}/` as Prefix
    return `${filesPrefix(root, { station, partner })}${view}/` as Prefix
  }
  if (pair === 'delivery') return viewPrefix(root, { station, partner }, 'outbox')
  if (pair === 'mdn') return `${root}raw-mdn/${direction}/${owner}/` as Prefix
  return `${root}${pair ?? ''}/${owner}/${direction}/` as Prefix
}

/** Which views a prefix is of: of what is listed for several at once the folder of the bucket that they are in. One of a few words. */
export function viewAt(root: Prefix, prefix: Prefix): string {
  const [folder = '', first = '', , last = ''] = prefix.slice(root.length).split('/')
  const words = folder === 'raw-mdn' ? `mdn/${first}` : folder === 'files' ? last : `${folder}/${last}`
  if (isViewName(words)) return words
  return ['files', 'headers', 'raw-message', 'send', 'duplicate'].includes(folder) ? folder : 'other'
}

/** The bucket's prefix of all that is sent, of all partners. */
export function sendPrefix(root: Prefix): Prefix {
  return `${root}send/` as Prefix
}

/** The folders of a partner that `files/` has; `failed/` is only there for some. */
export function filesPrefix(root: Prefix, { station, partner }: Partner): Prefix {
  return `${root}files/${station}/${partner}/` as Prefix
}

/** Below these, keys end with names that partners gave: a new one may come before those that are known. */
export function unorderedPrefixes(root: Prefix): readonly Prefix[] {
  return [sendPrefix(root), `${root}duplicate/` as Prefix]
}

/** The prefixes below which a view is a range of keys, and how many segments its path has there. */
export function commonPrefixes(root: Prefix): readonly { readonly prefix: Prefix; readonly depth: number }[] {
  const at = (folder: string, depth: number) => ({ prefix: `${root}${folder}/` as Prefix, depth })
  return [at('files', 3), at('headers', 3), at('raw-message', 3), at('send', 2), at('duplicate', 2)]
}

/** The bucket's prefix of all MDNs of one direction. */
export function mdnPrefix(root: Prefix, direction: MdnDirection): Prefix {
  return `${root}raw-mdn/${direction}/` as Prefix
}

/** @param key of an MDN */
export function directionOfMdn(root: Prefix, key: string): MdnDirection {
  return key.startsWith(mdnPrefix(root, 'incoming')) ? 'incoming' : 'outgoing'
}

/** The five prefixes below which stations, and below them partners, are found. */
export function stationRoots(root: Prefix): readonly Prefix[] {
  return ['files', 'headers', 'raw-message', 'send', 'duplicate'].map((folder) => `${root}${folder}/` as Prefix)
}

/** All that a gateway keeps below its root. */
export function gatewayFolders(root: Prefix): readonly Prefix[] {
  return [...stationRoots(root), `${root}raw-mdn/` as Prefix]
}

/** The name of a station's folder: one called as the daemon's own folder is shown as an object is that shares a name. */
export function stationName(id: string): Name {
  return (id === controlFolder ? `${id}%2F` : encodeName(id)) as Name
}

/**
 * The id that a name made with mkdir stands for.
 * @returns undefined for a name that is no id's
 */
export function idOfNewFolder(name: Name): string | undefined {
  const decoded = decodeName(name)
  return decoded === undefined || decoded.collides ? undefined : decoded.segment
}

function isPlainView(name: string): name is (typeof plainViews)[number] {
  return (plainViews as readonly string[]).includes(name)
}
function isPairedView(name: string): name is PairedView {
  return Object.hasOwn(pairedViews, name)
}
function isMdnDirection(name: string): name is MdnDirection {
  return (pairedViews.mdn as readonly string[]).includes(name)
}
function isViewName(name: string): name is ViewName {
  return (viewNames as readonly string[]).includes(name)
}
