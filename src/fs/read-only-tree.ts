/** Everything of the tree that can only be read: stations, partners, views, `.as2fs/`. */
import type { Objects } from '../data/objects.js'
import { FsError } from '../errors.js'
import type { Entry, ListedFolder, KeyTree, Listing, Purpose } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { MdnAttribution } from '../mdn/attribution.js'
import type { EpochMs, Milliseconds, Name, Prefix } from '../units.js'
import { encodeName } from '../view/names.js'
import {
  controlFolder,
  mdnPrefix,
  pairFolders,
  partnerFolders,
  stationName,
  viewPrefix,
  type MdnDirection,
  type Place,
  type ViewName,
} from '../view/tree.js'
import { entryAttributes, readOnlyFolder } from './attributes.js'
import type { ControlFile } from './control-files.js'
import type { DirectoryOfPartners } from './directory-of-partners.js'
import type { Attributes, DirectoryEntry, FolderContent } from './filesystem.js'
import { readOnly, type FileDescription } from './file-description.js'
import { MdnViews } from './mdn-views.js'
import type { Partner } from '../view/partner.js'

/** A place with nothing of its own to write to; `send/` is `SendFolder`'s. */
export type ReadOnlyPlace = Exclude<Place, { kind: 'send' }>

export interface ReadOnlyTreeOptions {
  readonly listing: Listing
  readonly objects: Objects
  readonly partners: DirectoryOfPartners
  readonly attribution: MdnAttribution
  readonly controlFiles: ReadonlyMap<string, ControlFile>
  readonly root: Prefix
  /** `--list-ttl` */
  readonly ttl: Milliseconds
  /** When it was mounted, by the bucket's time. */
  readonly since: EpochMs
}

export class ReadOnlyTree {
  readonly #listing: Listing
  readonly #objects: Objects
  readonly #partners: DirectoryOfPartners
  readonly #mdns: MdnViews
  readonly #controlFiles: ReadonlyMap<string, ControlFile>
  readonly #root: Prefix
  readonly #ttl: Milliseconds
  readonly #since: EpochMs

  constructor(options: ReadOnlyTreeOptions) {
    this.#listing = options.listing
    this.#objects = options.objects
    this.#partners = options.partners
    this.#mdns = new MdnViews(options.listing, options.root, options.attribution)
    this.#controlFiles = options.controlFiles
    this.#root = options.root
    this.#ttl = options.ttl
    this.#since = options.since
  }

  /** @throws FsError ENOENT if there is no such station or partner */
  async owner(place: { readonly station: Name; readonly partner: Name }, signal: AbortSignal): Promise<Partner> {
    const station = await this.#station(place.station, signal)
    const partner = await this.#partners.partner(station, place.partner, signal)
    if (partner === undefined) throw absent(`${place.station}/${place.partner}`)
    return { station, partner }
  }

  async getattr(place: ReadOnlyPlace, signal: AbortSignal): Promise<Attributes> {
    switch (place.kind) {
      case 'root':
      case 'control':
      case 'all-mdns':
        return readOnlyFolder()
      case 'control-file':
        return this.#controlAttributes(place.name)
      case 'station':
        await this.#station(place.station, signal)
        return readOnlyFolder()
      case 'partner':
      case 'pair':
        await this.owner(place, signal)
        return readOnlyFolder()
      case 'all-mdns-of':
      case 'view':
        return place.names.length === 0
          ? this.#viewAttributes(place, signal)
          : entryAttributes(await this.entry(place, signal))
      case 'absent':
        throw absent('such file or folder')
    }
  }

  async readdir(place: ReadOnlyPlace, signal: AbortSignal): Promise<FolderContent> {
    switch (place.kind) {
      case 'root': {
        const stations = await this.#partners.stations(signal)
        return folders([controlFolder, ...stations.map(stationName)])
      }
      case 'control':
        return [...this.#controlEntries(), ...folders(['mdn'])]
      case 'all-mdns':
        return folders(pairFolders('mdn'))
      case 'station': {
        const partners = await this.#partners.partners(await this.#station(place.station, signal), signal)
        return folders(partners.map(encodeName))
      }
      case 'partner':
        return this.#partnerEntries(await this.owner(place, signal), signal)
      case 'pair':
        await this.owner(place, signal)
        return folders(pairFolders(place.pair))
      case 'all-mdns-of':
      case 'view': {
        const tree = await this.#tree(place, 'content', signal)
        const entries = tree.readdir(place.names)
        if (!entries) throw absent(place.names.join('/'))
        return new ShownFolder(entries, tree.listedAt + this.#ttl, () => tree.foldersAfter(place.names))
      }
      case 'control-file':
        throw new FsError('ENOTDIR', `${place.name} is a file.`)
      case 'absent':
        throw absent('such file or folder')
    }
  }

  /** Opens for reading. */
  async open(place: ReadOnlyPlace, signal: AbortSignal): Promise<FileDescription> {
    if (place.kind === 'control-file') return this.#openControl(place.name)
    if (place.kind === 'absent') throw absent('such file or folder')
    if (place.kind !== 'view' && place.kind !== 'all-mdns-of') throw new FsError('EISDIR', 'That is a folder.')
    const tree = await this.#tree(place, 'entry', signal)
    const entry = tree.lookup(place.names)
    if (!entry) throw absent(place.names.join('/'))
    if (entry.kind === 'folder') throw new FsError('EISDIR', `${entry.name} is a folder.`)
    const object = this.#objects.open(entry, () => tree.after(place.names))
    return readOnly(
      (position, length, readSignal) => object.read({ start: position, end: position + length }, readSignal),
      () => object.close(),
      { version: versionOf(entry), size: entry.size },
    )
  }

  /** What is at a place of a view, as its listing has it. */
  async entry(place: TreePlace, signal: AbortSignal): Promise<Entry> {
    const entry = (await this.#tree(place, 'entry', signal)).lookup(place.names)
    if (!entry) throw absent(place.names.join('/'))
    return entry
  }

  /** A tree that has at a place what its view has. */
  async #tree(place: TreePlace, purpose: Purpose, signal: AbortSignal): Promise<KeyTree> {
    const { prefix, mdns } = await this.#source(place, signal)
    if (!mdns) return this.#listing.near(prefix, place.names, purpose, signal)
    return this.#mdns.tree({ ...mdns, names: place.names, purpose }, this.#isKnown, signal)
  }

  /**
   * A view's own folder is there whatever it holds, so it is never listed for this. It is as new as the mount, or what came
   * since: its time must not jump back when somebody lists it, or a program that packs it says that it changed meanwhile.
   */
  async #viewAttributes(place: TreePlace, signal: AbortSignal): Promise<Attributes> {
    const { prefix, mdns } = await this.#source(place, signal)
    const known = await this.#listing.glance(prefix, signal)
    const tree = known && mdns ? this.#mdns.whole(known, mdns, this.#isKnown) : known
    return readOnlyFolder(Math.max(this.#since, tree?.lookup([])?.mtime ?? 0))
  }

  /** What is listed for a place; of an MDN view also which part of that it shows. */
  async #source(place: TreePlace, signal: AbortSignal): Promise<Source> {
    if (place.kind === 'all-mdns-of') return { prefix: mdnPrefix(this.#root, place.direction), mdns: undefined }
    const owner = await this.#viewOwner(place, signal)
    const direction = mdnDirection(place.view)
    if (direction === undefined) return { prefix: viewPrefix(this.#root, owner, place.view), mdns: undefined }
    return { prefix: mdnPrefix(this.#root, direction), mdns: { ...owner, direction } }
  }

  readonly #isKnown = (station: string, partner: string): boolean => this.#partners.isKnown(station, partner)

  async #viewOwner(place: Extract<TreePlace, { kind: 'view' }>, signal: AbortSignal): Promise<Partner> {
    const owner = await this.owner(place, signal)
    if (place.view === 'failed' && place.names.length === 0) await this.#requireFailed(owner, signal)
    return owner
  }

  async #station(name: Name, signal: AbortSignal): Promise<string> {
    const station = await this.#partners.station(name, signal)
    if (station === undefined) throw absent(name)
    return station
  }

  async #partnerEntries(owner: Partner, signal: AbortSignal): Promise<DirectoryEntry[]> {
    const names = partnerFolders((await this.#hasFailed(owner, signal)) === true)
    return names.map((name) => ({ ...readOnlyFolder(), ...(name === 'send' ? { mode: 0o755 } : {}), name }))
  }

  /**
   * `failed/` is there only where the bucket has it; who may not know sees none. A partner's other folders do not wait for this.
   * @returns undefined if that can't be told at once
   */
  async #hasFailed(owner: Partner, signal: AbortSignal): Promise<boolean | undefined> {
    const { value, error } = await this.#listing.glimpseOfFolders(this.#beside(owner), signal)
    return value?.includes('failed') ?? (error?.code === 'EACCES' ? false : undefined)
  }

  /** @throws FsError ENOENT if the bucket has none, EIO or ETIMEDOUT if that can't be told */
  async #requireFailed(owner: Partner, signal: AbortSignal): Promise<void> {
    const isThere =
      (await this.#hasFailed(owner, signal)) ??
      (await this.#listing.folders(this.#beside(owner), signal)).includes('failed')
    if (!isThere) throw absent('failed')
  }

  #beside({ station, partner }: Partner): Prefix {
    return `${this.#root}files/${station}/${partner}/` as Prefix
  }

  #controlFile(name: Name): ControlFile {
    const file = this.#controlFiles.get(name)
    if (!file) throw absent(name)
    return file
  }

  #controlAttributes(name: Name): Attributes {
    const { bytes, madeAt } = this.#controlFile(name).shown()
    return { kind: 'file', mode: 0o444, size: bytes.length, mtime: madeAt }
  }

  #controlEntries(): DirectoryEntry[] {
    return [...this.#controlFiles.keys()].map((name) => ({ ...this.#controlAttributes(name as Name), name }))
  }

  #openControl(name: Name): FileDescription {
    const file = this.#controlFile(name)
    const { bytes } = file.opened()
    return readOnly(
      (position, length) => Promise.resolve(bytes.subarray(position, position + length)),
      () => file.closed(),
      'rendered',
    )
  }
}

interface Source {
  readonly prefix: Prefix
  readonly mdns: (Partner & { readonly direction: MdnDirection }) | undefined
}

/** Some servers give no ETag. */
function versionOf({ key, etag, size, mtime }: ObjectInfo): string {
  return [key, etag, size, mtime].join(' ')
}

type TreePlace = Extract<Place, { kind: 'view' | 'all-mdns-of' }>

function mdnDirection(view: ViewName): MdnDirection | undefined {
  if (view === 'mdn/incoming') return 'incoming'
  return view === 'mdn/outgoing' ? 'outgoing' : undefined
}

function folders(names: readonly string[]): DirectoryEntry[] {
  return names.map((name) => ({ ...readOnlyFolder(), name }))
}

type ShownSibling = NonNullable<FolderContent['following']> extends Iterable<infer T> ? T : never

/** A folder of a view. */
class ShownFolder implements FolderContent {
  readonly freshUntil: Milliseconds
  readonly #entries: Iterable<Entry>
  readonly #following: () => Iterable<ListedFolder>

  constructor(entries: Iterable<Entry>, freshUntil: Milliseconds, following: () => Iterable<ListedFolder>) {
    this.#entries = entries
    this.freshUntil = freshUntil
    this.#following = following
  }

  [Symbol.iterator](): Iterator<DirectoryEntry> {
    return shown(this.#entries)
  }

  get following(): NonNullable<FolderContent['following']> {
    return shownFolders(this.#following())
  }
}

function* shownFolders(folders: Iterable<ListedFolder>): Generator<ShownSibling, undefined> {
  for (const { name, entries } of folders) yield { name, entries: shown(entries) }
}

/** Made one after the other, as they are asked for: a view may hold a million. */
function* shown(entries: Iterable<Entry>): Generator<DirectoryEntry, undefined> {
  for (const entry of entries) yield { ...entryAttributes(entry), name: entry.name }
}

function absent(what: string): FsError {
  return new FsError('ENOENT', `There is no ${what} here.`)
}
