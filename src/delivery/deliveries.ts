/** What became of all that is in an outbox, joined with the receipts for it. */
import type { CancelSignal } from '../cancellation.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { NameHashes, Receipt } from '../mdn/mdn-table.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { mdnPrefix, viewPrefix, type MdnDirection } from '../view/tree.js'
import { deliveryOf, folderOf, type Delivery, type DeliveryPolicy } from './delivery.js'
import { LeftMessages } from './left-messages.js'
import { LongerNames } from './longer-names.js'
import { messageOf } from './message-of.js'
import { OutboxFolders } from './outbox-folders.js'

/** `--mdn-expect`: whether a receipt is missed. `seen`: of partners who have ever sent one. */
type MdnExpectation = 'seen' | 'always' | 'never'

/** What is known of receipts. */
export interface KnownReceipts {
  readonly isOn: boolean
  /** None is left to be read: one of those could be the one that is missed. */
  readonly isCurrent: boolean
  /** When the latest came that may not be read: it could be the one that is missed, too. */
  latestRefused(direction: MdnDirection): EpochMs | undefined
  readonly changes: number
  look(direction: MdnDirection, tree: ViewTree): void
  /** What was just looked at is read, or will not be soon. */
  settled(): Promise<void>
  /** Latest last. @param others messages that may be meant as well */
  answersTo(partner: Partner, message: string, direction: MdnDirection, others?: NameHashes): readonly Receipt[]
  hashesOf(names: Iterable<string>): NameHashes
  /** How many say that they are a partner's. */
  countOf(partner: Partner): number
}

export interface DeliveriesOptions {
  readonly listing: Pick<Listing, 'tree'>
  readonly receipts: KnownReceipts
  readonly root: Prefix
  /** By the bucket's clock. */
  readonly now: () => EpochMs
  /** By the listing's clock. */
  readonly monotonic: () => Milliseconds
  /** `--mdn-overdue` */
  readonly overdueAfter: Milliseconds | undefined
  readonly expects: MdnExpectation
}

/** One message of an outbox: all files of its folder. */
export interface SentMessage extends Partner {
  /** Its folder; undefined of a file without one, of which no receipt can be told. */
  readonly message: string | undefined
  /** In the order of keys; one at least. */
  readonly files: readonly ObjectInfo[]
  /** By LastModified. */
  readonly sentAt: EpochMs
  readonly delivery: Delivery
}

export class Deliveries {
  readonly #listeners: ((found: OutboxDeliveries) => void)[] = []
  readonly #options: DeliveriesOptions
  readonly #folders = new OutboxFolders()
  readonly #longerNames = new LongerNames()
  readonly #left = new LeftMessages()

  constructor(options: DeliveriesOptions) {
    this.#options = options
  }

  /** Told of each look from now on. */
  onLooked(listener: (found: OutboxDeliveries) => void): void {
    this.#listeners.push(listener)
  }

  /**
   * As fresh as the listings; receipts that are new in them are read in the background.
   * @throws FsError as Listing.tree
   */
  async of(partner: Partner, signal: CancelSignal): Promise<OutboxDeliveries> {
    const { listing, receipts, root } = this.#options
    const [outbox, mdns] = await Promise.all([
      listing.tree(viewPrefix(root, partner, 'outbox'), signal),
      listing.tree(mdnPrefix(root, 'incoming'), signal),
    ])
    receipts.look('incoming', mdns)
    const found = new OutboxDeliveries(
      { ...this.#options, folders: this.#folders, longerNames: this.#longerNames, left: this.#left },
      partner,
      outbox,
      mdns,
    )
    for (const listener of this.#listeners) listener(found)
    return found
  }

  /** The same, but few receipts that have just come are waited for, a moment. */
  async settled(partner: Partner, signal: CancelSignal): Promise<OutboxDeliveries> {
    const found = await this.of(partner, signal)
    await this.#options.receipts.settled()
    return found
  }
}

interface OutboxOptions extends DeliveriesOptions {
  readonly folders: OutboxFolders
  readonly longerNames: LongerNames
  readonly left: LeftMessages
}

/** Of one partner, as it was listed. */
export class OutboxDeliveries {
  readonly outbox: ViewTree
  /** When the older of both listings was begun, by the clock that never steps. */
  readonly listedAt: Milliseconds
  readonly prefix: Prefix
  readonly partner: Partner
  readonly #options: OutboxOptions
  readonly #mdns: ViewTree

  constructor(options: OutboxOptions, partner: Partner, outbox: ViewTree, mdns: ViewTree) {
    this.#options = options
    this.partner = { station: partner.station, partner: partner.partner }
    this.outbox = outbox
    this.#mdns = mdns
    this.listedAt = Math.min(outbox.listedAt, mdns.listedAt)
    this.prefix = viewPrefix(options.root, partner, 'outbox')
  }

  /** Another number when more receipts are known. */
  get changes(): number {
    return this.#options.receipts.changes
  }

  /** All that are there, in the order of keys; after them those that have left, and of which a receipt tells. */
  *messages(): Generator<SentMessage, undefined> {
    const { left } = this.#options
    const listedAt = this.#mdnsListedAt()
    for (const it of this.present()) {
      left.seen(it, listedAt)
      yield it
    }
    for (const it of left.notIn(this.outbox, this.partner, listedAt)) {
      const delivery = this.deliveryOf(it.message, it.sentAt)
      if (folderOf(delivery.state) !== 'pending') yield { ...it, delivery }
    }
  }

  /** Those that are in the outbox, in the order of keys. */
  *present(): Generator<SentMessage, undefined> {
    const policy = this.#policy()
    const listedAt = this.#mdnsListedAt()
    let [message, files]: [string | undefined, ObjectInfo[]] = [undefined, []]
    for (const object of this.files()) {
      const own = messageOf(object.key.slice(this.prefix.length))
      if (files.length > 0 && (own === undefined || own !== message)) {
        yield this.#message(message, files, policy, listedAt)
        files = []
      }
      message = own
      files.push(object)
    }
    if (files.length > 0) yield this.#message(message, files, policy, listedAt)
  }

  /** All that are shown as files, in the order of keys. */
  *files(): Generator<ObjectInfo, undefined> {
    for (const object of this.outbox.objects()) {
      // A folder's marker is no file.
      if (object.size > 0 || !object.key.endsWith('/')) yield object
    }
  }

  /** In which folder of `delivery/` each of the files is: places in `deliveryFolders`. */
  inFolders(): Uint8Array {
    return this.#options.folders.of(this)
  }

  /** All receipts for a message, latest last. @param message its folder */
  receipts(message: string): readonly Receipt[] {
    const { receipts, longerNames } = this.#options
    return receipts.answersTo(this.partner, message, 'incoming', longerNames.of(this, receipts))
  }

  /** @param message its folder; undefined: it has none */
  deliveryOf(message: string | undefined, sentAt: EpochMs): Delivery {
    return this.#delivery(message, sentAt, this.#policy(), this.#mdnsListedAt())
  }

  #message(message: string | undefined, files: readonly ObjectInfo[], policy: DeliveryPolicy, listedAt: EpochMs) {
    const sentAt = files.reduce((latest, it) => Math.max(latest, it.mtime), 0)
    return { ...this.partner, message, files, sentAt, delivery: this.#delivery(message, sentAt, policy, listedAt) }
  }

  #delivery(message: string | undefined, sentAt: EpochMs, policy: DeliveryPolicy, listedAt: EpochMs): Delivery {
    if (message === undefined) return deliveryOf([], undefined, listedAt, policy)
    return deliveryOf(this.receipts(message), sentAt, listedAt, policy)
  }

  /** By the bucket's clock. What has come since nobody knows: in an outage no receipt is missed that is in the bucket. */
  #mdnsListedAt(): EpochMs {
    const { now, monotonic } = this.#options
    return now() - (monotonic() - this.#mdns.listedAt)
  }

  #policy(): DeliveryPolicy {
    const { overdueAfter, expects, receipts } = this.#options
    const { station, partner } = this.partner
    const hasSent = () => this.#mdns.below(`${station}/${partner}/`).size > 0 || receipts.countOf(this.partner) > 0
    // Where none is read, or not all are, nobody knows.
    const isExpected =
      receipts.isOn && receipts.isCurrent && (expects === 'always' || (expects === 'seen' && hasSent()))
    return { overdueAfter, isExpected, unreadAt: receipts.latestRefused('incoming') }
  }
}
