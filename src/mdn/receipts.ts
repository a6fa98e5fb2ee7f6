/** The receipts of the bucket: what each says, whose it is, and which message it answers. */
import { BackgroundJob } from '../background-job.js'
import type { ViewTree } from '../listing/listing.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { MdnDirection } from '../view/tree.js'
import type { Known, ListedMdn, MdnContents } from './attribution.js'
import { Collection, type CollectionOptions } from './collection.js'
import type { IndexedMdn } from './indexed-mdn.js'
import { MdnLog } from './mdn-log.js'
import type { MdnTable, NameHashes, Receipt } from './mdn-table.js'
import { namesAnother } from './named-pair.js'

export interface ReceiptsOptions extends CollectionOptions {
  /** Of the receipts, in the state directory. */
  readonly directory: string
  /** `--mdn-reads`; 0: none is read (`--mdn-index off`). */
  readonly reads: number
  readonly known: Known
  /** By the bucket's clock. */
  readonly now: () => EpochMs
  /** What is known is more than before. */
  readonly onChange: () => void
  /** Nothing is written down once the state directory is another's. */
  readonly lost: AbortSignal
}

/** How well the receipts are known; for `status`. */
export interface ReceiptCounts {
  readonly read: number
  /** Seen by those who looked, and not read yet. */
  readonly left: number
  /** Read, and not understood. */
  readonly unreadable: number
  /** The last ones of those, below `raw-mdn/`. */
  readonly unreadableKeys: readonly string[]
  /** The keys may not read them, or they are archived. */
  readonly refused: number
}

/** Whoever shows what is known is told of changes at most that often. */
const tellEvery: Milliseconds = 250

export class Receipts implements MdnContents {
  readonly #options: ReceiptsOptions
  readonly #log: MdnLog
  readonly #collection: Collection
  readonly #telling: BackgroundJob
  #isTellingDue = false

  private constructor(options: ReceiptsOptions, log: MdnLog) {
    this.#options = options
    this.#log = log
    this.#collection = new Collection(options, log, () => this.#tell())
    this.#telling = new BackgroundJob(() => {
      this.#isTellingDue = false
      options.onChange()
    }, options)
  }

  /**
   * What was read before is there a moment later: whoever looks meanwhile sees what keys tell.
   * @throws the disk's own error, or NotOursError
   */
  static async open(options: ReceiptsOptions): Promise<Receipts> {
    const receipts = new Receipts(options, await MdnLog.open(options))
    receipts.#collection.start()
    return receipts
  }

  get table(): MdnTable {
    return this.#log.table
  }

  get changes(): number {
    return this.table.changes
  }

  /** All that was looked at is read, or can't be. */
  get isCurrent(): boolean {
    return this.#collection.isCurrent
  }

  /** When the latest receipt came that the keys may not read, by the bucket's clock. */
  latestRefused(direction: MdnDirection): EpochMs | undefined {
    return this.#collection.latestRefused(direction)
  }

  get isOn(): boolean {
    return this.#options.reads > 0
  }

  /** How many were read since the start and make no sense. */
  get notUnderstood(): number {
    return this.#collection.notUnderstood
  }

  /** One sentence for each thing that keeps it from working; for `status`. */
  get problems(): readonly string[] {
    return this.#log.problem === undefined ? [] : [this.#log.problem]
  }

  counts(): ReceiptCounts {
    const { size, unreadable } = this.table
    const { left, refused } = this.#collection
    return { read: size, left, unreadable, unreadableKeys: this.#log.unreadableKeys, refused }
  }

  /** Somebody has looked at all MDNs of a direction: those that are not read yet are, in the background. */
  look(direction: MdnDirection, tree: ViewTree): void {
    if (this.isOn) this.#collection.look(direction, tree)
  }

  /** What was just looked at is read, or will not be soon: there are many, or the bucket does not answer. */
  settled(): Promise<void> {
    return this.#collection.settled()
  }

  sidesOf(mdn: ListedMdn): Partner | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.owners.sidesOf(row)
  }

  ownerOf(mdn: ListedMdn): Partner | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.owners.ownerOf(row)
  }

  recipientOf(mdn: ListedMdn): string | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.owners.recipientOf(row)
  }

  /**
   * The MDNs that answer a message, latest last. One that names another pair by its key or its sides is none of them.
   * @param name the message's folder in the bucket
   * @param others of the same partner, by `hashesOf`
   */
  answersTo(partner: Partner, name: string, direction: MdnDirection, others?: NameHashes): readonly Receipt[] {
    const { table } = this
    return table
      .answersTo(name, direction, others)
      .filter((row) => !this.#isAnothers(row, partner))
      .map((row) => table.receipt(row))
  }

  hashesOf(names: Iterable<string>): NameHashes {
    return this.table.hashesOf(names)
  }

  /** How many incoming ones say that they are a partner's, or answer a message of its own. */
  countOf(partner: Partner): number {
    return this.table.owners.countOf(partner)
  }

  /** Whether some can only be told by the messages that they answer. */
  hasUnowned(direction: MdnDirection): boolean {
    return this.table.owners.unowned(direction) > 0
  }

  /** A partner has these messages: what answers them, and does not say whose it is, is that partner's from now on. */
  claim(partner: Partner, direction: MdnDirection, names: Iterable<string>): void {
    if (!this.hasUnowned(direction)) return
    for (const name of names) {
      for (const row of this.table.answersTo(name, direction))
        if (this.table.owners.isUnowned(row)) void this.#own(row, partner)
    }
  }

  /** All that an MDN says, and its key below `raw-mdn/<direction>/`. */
  details(row: number): Promise<IndexedMdn | undefined> {
    return this.#log.details(row)
  }

  /** All that has been looked at is read, or can't be for now. */
  idle(): Promise<void> {
    return this.#collection.idle()
  }

  async close(): Promise<void> {
    await this.#collection.stop()
    await this.#telling.stop()
    await this.#log.close()
  }

  #rowOf({ direction, object }: ListedMdn): number | undefined {
    return this.#log.find(direction, object)
  }

  #isAnothers(row: number, partner: Partner): boolean {
    const { table } = this
    if (table.owners.namesOnly(row, partner)) return false
    const named = { sides: table.owners.sidesOf(row), folders: table.owners.foldersOf(row) }
    return namesAnother(named, partner, this.#options.known)
  }

  #own(row: number, owner: Partner): Promise<void> {
    const owned = this.#log.own(row, owner)
    this.#tell()
    return owned
  }

  #tell(): void {
    if (this.#isTellingDue) return
    this.#isTellingDue = true
    this.#telling.in(tellEvery)
  }
}
