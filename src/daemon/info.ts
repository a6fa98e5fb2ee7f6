/** `as2fs info`: what is known of a path beyond its bytes. */
import type { CancelSignal } from '../cancellation.js'
import type { Objects } from '../data/objects.js'
import { FsError } from '../errors.js'
import type { FileEntry } from '../listing/listing.js'
import { largestMdn, parseMdn } from '../mdn/report.js'
import type { HoldReason, Sender } from '../send/sender.js'
import type { InfoReport } from '../control/reports.js'
import { messageId } from '../view/message-id.js'
import { messageNames } from '../mdn/message-id.js'
import type { Deliveries } from '../delivery/deliveries.js'
import { messageOf } from '../delivery/message-of.js'
import type { Receipts } from '../mdn/receipts.js'
import type { ObjectInfo } from '../s3/store.js'
import { MessageMdns } from './message-mdns.js'
import { within } from '../patience.js'
import type { Milliseconds, Prefix } from '../units.js'
import { expiresAt } from '../view/expiry.js'
import { encodeName } from '../view/names.js'
import { parsePath, stationName, viewPrefix, type Place, type ViewName } from '../view/tree.js'
import type { Filesystem } from '../fs/filesystem.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { NewFolder } from '../fs/new/new-folder.js'
import type { Views } from '../fs/views.js'
import type { Partner } from '../view/partner.js'

/** The views whose first folder is a message. */
const messageViews: readonly ViewName[] = ['inbox', 'outbox', 'failed', 'headers/inbox', 'headers/outbox']

const heldBecause: Readonly<Record<HoldReason, string>> = {
  name: 'Its name looks unfinished: rename it, or release it with as2fs queue.',
  empty: 'It is empty: write to it, or release it with as2fs queue.',
  commit: 'It is sent once it is renamed (--commit rename).',
  lock: 'A lock file stands beside it: it is sent when that is removed.',
  untriggered: 'It is sent once its trigger is made beside it (--commit trigger).',
  trigger: 'It is a trigger (--commit trigger): it is never sent, and goes when its file does.',
  crash: 'It was open when the daemon ended: look whether it is complete.',
  killed: 'Its writer was killed: look whether it is complete.',
  bundle: 'A folder is sent by renaming it to a name that ends in .zip.',
  packing: 'Its archive is being made.',
}

export interface InfoOptions {
  readonly fs: Filesystem
  readonly partners: DirectoryOfPartners
  readonly views: Views
  readonly fresh: NewFolder
  readonly sender: Sender
  readonly objects: Objects
  readonly deliveries: Deliveries
  readonly receipts: Receipts
  readonly root: Prefix
  /** A bucket that hangs is not waited for longer: `--op-timeout` */
  readonly patience: Milliseconds
}

type ViewPlace = Extract<Place, { kind: 'view' | 'all-mdns-of' }>

export class Info {
  readonly #options: InfoOptions
  readonly #mdns: MessageMdns

  constructor(options: InfoOptions) {
    this.#options = options
    this.#mdns = new MessageMdns(options)
  }

  /**
   * @param path in the mount, from `/`
   * @throws FsError as getattr(2) would
   */
  async describe(path: string, signal: CancelSignal): Promise<InfoReport> {
    return within(this.#options.patience, signal, (own) => this.#describe(path, own))
  }

  async #describe(path: string, signal: CancelSignal): Promise<InfoReport> {
    const place = parsePath(path)
    const { kind, size, mtime } = await this.#options.fs.getattr(path, signal).catch(async (error: unknown) => {
      throw place.kind === 'send' && isAbsent(error) ? await this.#notInSend(place, signal) : error
    })
    const base = { path, kind, size, mtime }
    if (place.kind === 'send') return { ...base, ...(await this.#ofSend(place, kind, signal)) }
    if (place.kind === 'new') return { ...base, ...(await this.#ofNew(place, signal)) }
    if (place.kind !== 'view' && place.kind !== 'all-mdns-of') return base
    const owner = place.kind === 'view' ? await this.#options.partners.find(place, signal) : undefined
    const entry = await this.#options.views.entry(place, signal)
    if (entry.kind === 'folder') return { ...base, ...owner }
    return { ...base, ...owner, ...(await this.#ofObject(place, entry, owner, signal)) }
  }

  /** What to say of a file that is not in `send/`: that was sent, most likely. */
  async #notInSend(place: Extract<Place, { kind: 'send' }>, signal: CancelSignal): Promise<FsError> {
    const name = place.names.join('/')
    const folder = `/${place.station}/${place.partner}/outbox`
    const owner = await this.#options.partners.find(place, signal).catch(noneOf)
    const outbox = owner && (await this.#options.deliveries.of(owner, signal).catch(noneOf))?.outbox
    let last: ObjectInfo | undefined
    for (const it of outbox?.objects() ?? [])
      if (it.key.endsWith(`/${name}`) && it.mtime >= (last?.mtime ?? 0)) last = it
    const known = last && owner && last.key.slice(viewPrefix(this.#options.root, owner, 'outbox').length).split('/')
    const found = known
      ? `one of that name was sent: as2fs info of ${folder}/${known.map(encodeName).join('/')}, or`
      : `what was sent is in ${folder}, and`
    return new FsError('ENOENT', `There is no ${name} in this send/; ${found} as2fs deliveries says what became of it.`)
  }

  async #ofSend(
    place: Extract<Place, { kind: 'send' }>,
    kind: 'file' | 'folder',
    signal: CancelSignal,
  ): Promise<Partial<InfoReport>> {
    const { sender, root } = this.#options
    const owner = await this.#options.partners.find(place, signal)
    const path = place.names.join('/')
    if (sender.folders(owner).includes(path)) return { ...owner, state: 'held', reason: heldBecause.bundle }
    const row = sender.row(owner, place.names)
    if (!row) {
      const key = viewPrefix(root, owner, 'send') + path
      return { ...owner, key, ...(kind === 'file' ? { state: 'submitted' } : {}) }
    }
    const reason = row.error ?? (row.reason && heldBecause[row.reason])
    return { ...owner, key: row.key, etag: row.etag, state: row.state, reason }
  }

  async #ofNew(place: Extract<Place, { kind: 'new' }>, signal: CancelSignal): Promise<Partial<InfoReport>> {
    const { partners, fresh, root } = this.#options
    const owner = await partners.find(place, signal)
    const object = await fresh.object(owner, place.names, signal)
    if (!object) return owner
    const { key, etag, mtime } = object
    const [message, name] = key.slice(viewPrefix(root, owner, 'inbox').length).split('/')
    const known = { ...owner, key, etag, expires: expiresAt(root, key, mtime) }
    if (message === undefined || name === undefined) return known
    const folder = encodeName(message)
    return { ...known, messageId: messageId(folder), ...(await this.#mdns.ofReceived(owner, folder, signal)) }
  }

  async #ofObject(
    place: ViewPlace,
    entry: FileEntry,
    owner: Partner | undefined,
    signal: CancelSignal,
  ): Promise<Partial<InfoReport>> {
    const { key, etag } = entry
    const known = { key, etag, expires: expiresAt(this.#options.root, key, entry.mtime) }
    if (place.kind === 'all-mdns-of' || place.view.startsWith('mdn/')) {
      return { ...known, ...(await this.#ofMdn(entry, place, owner, signal)) }
    }
    if (owner && (place.view === 'outbox' || place.view.startsWith('delivery/'))) {
      return { ...known, ...(await this.#ofSent(entry, owner, signal)) }
    }
    const message = place.names.length > 1 && messageViews.includes(place.view) ? place.names[0] : undefined
    if (message === undefined || !owner) return known
    const isReceived = place.view.endsWith('inbox')
    const found = isReceived
      ? await this.#mdns.ofReceived(owner, message, signal)
      : await this.#mdns.namedFor(owner, message, signal)
    return { ...known, messageId: messageId(message), ...found }
  }

  async #ofMdn(
    entry: FileEntry,
    place: ViewPlace,
    owner: Partner | undefined,
    signal: CancelSignal,
  ): Promise<Partial<InfoReport>> {
    if (entry.size > largestMdn) return {}
    const object = this.#options.objects.open(entry)
    try {
      const report = parseMdn(await object.read({ start: 0, end: entry.size }, signal))
      if (!report) return {}
      const { disposition, contradictory, originalMessageId, mic } = report
      const direction = place.kind === 'view' ? place.view.slice('mdn/'.length) : undefined
      const answered =
        owner && direction === 'incoming' ? await this.#findSent(originalMessageId, owner, signal) : undefined
      return { disposition, originalMessageId, mic, answered, ...(contradictory.length > 0 ? { contradictory } : {}) }
    } finally {
      object.close()
    }
  }

  /** The folder of the message that an id means: the one whose name has most of it. */
  async #findSent(id: string | undefined, owner: Partner, signal: CancelSignal): Promise<string | undefined> {
    const names = id === undefined ? undefined : messageNames(id)
    const of = { station: stationName(owner.station), partner: encodeName(owner.partner) }
    for (const segment of names ? new Set([names.whole, names.local, names.stem]) : []) {
      const name = encodeName(segment)
      const place = { kind: 'view', ...of, view: 'outbox', names: [name] } as const
      const entry = await this.#options.views.entry(place, signal).catch(noneOf)
      if (entry?.kind === 'folder') return `/${of.station}/${of.partner}/outbox/${name}`
    }
    return undefined
  }

  /** Of a file in the outbox: what became of its message. */
  async #ofSent({ key, mtime }: FileEntry, owner: Partner, signal: CancelSignal): Promise<Partial<InfoReport>> {
    const found = await this.#options.deliveries.settled(owner, signal).catch(noneOf)
    const message = messageOf(key.slice(viewPrefix(this.#options.root, owner, 'outbox').length))
    if (!found || message === undefined) return {}
    const { state, receipt } = found.deliveryOf(message, mtime)
    const known = { messageId: messageId(message), delivery: state }
    if (!receipt) return { ...known, ...(await this.#mdns.namedFor(owner, encodeName(message), signal)) }
    const all = await Promise.all(found.receipts(message).map((it) => this.#options.receipts.details(it.row)))
    const says = (await this.#options.receipts.details(receipt.row))?.says
    const mdn = await this.#mdns.pathOf(receipt.row, owner)
    const receipts = all.length > 1 ? all.flatMap((it) => it?.says?.disposition ?? []) : undefined
    const contradictory = says && says.contradictory.length > 0 ? says.contradictory : undefined
    return { ...known, mdn, disposition: says?.disposition, contradictory, receipts }
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof FsError && error.code === 'ENOENT'
}

/** What can't be looked at now tells nothing. */
function noneOf(error: unknown): undefined {
  if (error instanceof FsError) return undefined
  throw error
}
