/** The views of a partner, and `.as2fs/mdn/`: folders of objects, as the listing has them. */
import type { CancelSignal } from '../cancellation.js'
import type { Objects } from '../data/objects.js'
import { FsError } from '../errors.js'
import type { Entry, KeyTree, Listing, Purpose } from '../listing/listing.js'
import type { MdnAttribution } from '../mdn/attribution.js'
import { isDenied } from '../s3/store-error.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import {
  filesPrefix,
  mdnPrefix,
  partnerFolders,
  viewPrefix,
  type MdnDirection,
  type Place,
  type ViewName,
} from '../view/tree.js'
import { entryAttributes, readOnlyFolder } from './attributes.js'
import type { DirectoryOfPartners } from './directory-of-partners.js'
import { objectFile, type FileDescription } from './file-description.js'
import type { Attributes, FolderContent } from './filesystem.js'
import type { Deliveries } from '../delivery/deliveries.js'
import { deliveryFolders, type DeliveryFolder } from '../delivery/delivery.js'
import { DeliveryTree } from './delivery-tree.js'
import { FlatOutboxes } from './flat-outboxes.js'
import { MdnViews, type MdnLooks } from './mdn-views.js'
import { versionOf } from './version.js'
import { ViewContent } from './view-content.js'

export type ViewPlace = Extract<Place, { kind: 'view' | 'all-mdns-of' }>

export interface ViewsOptions {
  readonly listing: Listing
  readonly objects: Objects
  readonly partners: DirectoryOfPartners
  readonly attribution: MdnAttribution
  readonly deliveries: Deliveries
  /** None where receipts are not read. */
  readonly looks?: MdnLooks | undefined
  readonly clock: Pick<Clock, 'monotonic'>
  readonly root: Prefix
  /** `--list-ttl` */
  readonly ttl: Milliseconds
  /** When it was mounted, by the bucket's time. */
  readonly since: EpochMs
}

/** What is listed for a place; of an MDN view also which part of that it shows. */
interface Source {
  readonly prefix: Prefix
  readonly mdns?: Partner & { readonly direction: MdnDirection }
  /** Of a folder of `delivery/`. */
  readonly deliveries?: Partner & { readonly folder: DeliveryFolder }
}

export class Views {
  readonly #listing: Listing
  readonly #objects: Objects
  readonly #partners: DirectoryOfPartners
  readonly #mdns: MdnViews
  readonly #looks: MdnLooks | undefined
  readonly #deliveries: Deliveries
  readonly #flat = new FlatOutboxes()
  readonly #root: Prefix
  readonly #ttl: Milliseconds
  readonly #since: EpochMs

  constructor(options: ViewsOptions) {
    this.#listing = options.listing
    this.#objects = options.objects
    this.#partners = options.partners
    this.#mdns = new MdnViews(options)
    this.#looks = options.looks
    this.#deliveries = options.deliveries
    this.#root = options.root
    this.#ttl = options.ttl
    this.#since = options.since
  }

  async getattr(place: ViewPlace, signal: CancelSignal): Promise<Attributes> {
    if (place.names.length === 0) return this.#ownAttributes(place, signal)
    return entryAttributes(await this.entry(place, signal))
  }

  async readdir(place: ViewPlace, signal: CancelSignal): Promise<FolderContent> {
    const tree = await this.#tree(place, 'content', signal)
    const entries = tree.readdir(place.names)
    if (!entries) throw tree.lookup(place.names) ? new FsError('ENOTDIR', 'That is a file.') : absent(place)
    return new ViewContent(entries, tree.listedAt + this.#ttl, () => tree.foldersAfter(place.names))
  }

  async open(place: ViewPlace, signal: CancelSignal): Promise<FileDescription> {
    const tree = await this.#tree(place, 'entry', signal)
    const entry = tree.lookup(place.names)
    if (!entry) throw absent(place)
    if (entry.kind === 'folder') throw new FsError('EISDIR', `${entry.name} is a folder.`)
    const object = this.#objects.open(entry, () => tree.after(place.names))
    return objectFile(object, { version: versionOf(entry), size: entry.size })
  }

  /** What is at a place, as its listing has it. */
  async entry(place: ViewPlace, signal: CancelSignal): Promise<Entry> {
    const entry = (await this.#tree(place, 'entry', signal)).lookup(place.names)
    if (!entry) throw absent(place)
    return entry
  }

  /** The folders of a partner. `failed/` is there only where the bucket has it; they do not wait for that. */
  async foldersOf(partner: Partner, signal: CancelSignal): Promise<readonly Name[]> {
    return partnerFolders((await this.#hasFailed(partner, signal)) === true)
  }

  /** A tree that has at a place what its view has. */
  async #tree(place: ViewPlace, purpose: Purpose, signal: CancelSignal): Promise<KeyTree> {
    const { prefix, mdns, deliveries } = await this.#source(place, signal)
    if (deliveries) {
      const found =
        purpose === 'content'
          ? await this.#deliveries.settled(deliveries, signal)
          : await this.#deliveries.of(deliveries, signal)
      return new DeliveryTree(found, this.#flat.of(found.outbox, prefix), deliveries.folder)
    }
    if (!mdns) {
      const tree = await this.#listing.near(prefix, place.names, purpose, signal)
      if (place.kind === 'all-mdns-of') await this.#lookedAtAll(place.direction, prefix, signal)
      return tree
    }
    return this.#mdns.tree({ ...mdns, names: place.names, purpose }, this.#isKnown, signal)
  }

  async #lookedAtAll(direction: MdnDirection, prefix: Prefix, signal: CancelSignal): Promise<void> {
    const all = await this.#listing.glance(prefix, signal)
    if (all) this.#looks?.look(direction, all)
  }

  /**
   * A view's own folder is there whatever it holds, so it is never listed for this. It is as new as the mount, or what came
   * since: its time must not jump back when somebody lists it, or a program that packs it says that it changed meanwhile.
   */
  async #ownAttributes(place: ViewPlace, signal: CancelSignal): Promise<Attributes> {
    const { prefix, mdns } = await this.#source(place, signal)
    const known = await this.#listing.glance(prefix, signal)
    const tree = known && mdns ? this.#mdns.whole(known, mdns, this.#isKnown) : known
    return readOnlyFolder(Math.max(this.#since, tree?.lookup([])?.mtime ?? 0))
  }

  async #source(place: ViewPlace, signal: CancelSignal): Promise<Source> {
    if (place.kind === 'all-mdns-of') return { prefix: mdnPrefix(this.#root, place.direction) }
    const partner = await this.#partners.find(place, signal)
    if (place.view === 'failed' && place.names.length === 0) await this.#requireFailed(partner, signal)
    const direction = mdnDirection(place.view)
    const prefix = viewPrefix(this.#root, partner, place.view)
    const folder = deliveryFolders.find((it) => place.view === `delivery/${it}`)
    if (folder) return { prefix, deliveries: { ...partner, folder } }
    if (direction === undefined) return { prefix }
    return { prefix: mdnPrefix(this.#root, direction), mdns: { ...partner, direction } }
  }

  readonly #isKnown = (station: string, partner: string): boolean => this.#partners.isKnown(station, partner)

  /** Who may not know sees none. @returns undefined if that can't be told at once */
  async #hasFailed(partner: Partner, signal: CancelSignal): Promise<boolean | undefined> {
    const { value, error } = await this.#listing.glimpseOfFolders(filesPrefix(this.#root, partner), signal)
    return value?.includes('failed') ?? (isDenied(error) ? false : undefined)
  }

  /** @throws FsError ENOENT if the bucket has none, EIO or ETIMEDOUT if that can't be told */
  async #requireFailed(partner: Partner, signal: CancelSignal): Promise<void> {
    const isThere =
      (await this.#hasFailed(partner, signal)) ??
      (await this.#listing.folders(filesPrefix(this.#root, partner), signal)).includes('failed')
    if (!isThere) throw new FsError('ENOENT', 'There is no failed here.')
  }
}

function mdnDirection(view: ViewName): MdnDirection | undefined {
  if (view === 'mdn/incoming') return 'incoming'
  return view === 'mdn/outgoing' ? 'outgoing' : undefined
}

function absent({ names }: ViewPlace): FsError {
  return new FsError('ENOENT', `There is no ${names.join('/')} here.`)
}
