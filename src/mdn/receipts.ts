/** The receipts of the bucket: what each says, read in the background when somebody looks, and kept in the state directory. */
import { BackgroundJob } from '../background-job.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import { inTime } from '../patience.js'
import type { Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { Known, ListedMdn, MdnContents } from './attribution.js'
import type { IndexedMdn } from './indexed-mdn.js'
import { MdnLog } from './mdn-log.js'
import { MdnReader } from './mdn-reader.js'
import type { MdnTable, Receipt } from './mdn-table.js'
import { namesAnother } from './named-pair.js'
import { UnreadMdns } from './unread-mdns.js'

export interface ReceiptsOptions {
  /** Of the receipts, in the state directory. */
  readonly directory: string
  readonly root: Prefix
  readonly store: Pick<Store, 'get'>
  readonly listing: Pick<Listing, 'forget' | 'recheck'>
  /** `--mdn-reads`; 0: none is read (`--mdn-index off`). */
  readonly reads: number
  readonly known: Known
  /** How long after a look one may wait for the receipts that it found. */
  readonly settleWithin: Milliseconds
  /** What is known is more than before. */
  readonly onChange: () => void
  /** Nothing is written down once the state directory is another's. */
  readonly lost: AbortSignal
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
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

const directions = ['incoming', 'outgoing'] as const
/** Whoever shows what is known is told of changes at most that often. */
const tellEvery: Milliseconds = 250
/** More than that are not waited for. */
const mostAwaited = 100
export class Receipts implements MdnContents {
  readonly #options: ReceiptsOptions
  readonly #log: MdnLog
  readonly #unread: UnreadMdns
  readonly #reader: MdnReader
  readonly #telling: BackgroundJob
  readonly #comparing: BackgroundJob
  readonly #trees = new Map<MdnDirection, ViewTree>()
  /** Where there are unread ones that are too many to be remembered. */
  readonly #more = new Map<MdnDirection, { readonly tree: ViewTree; readonly count: number }>()
  #notUnderstood = 0
  #isLoaded = false
  #isComparing = false
  #isTellingDue = false
  #lookedAt: Milliseconds = -Infinity

  private constructor(options: ReceiptsOptions, log: MdnLog) {
    const { store, listing, reads, clock, onChange } = options
    this.#options = options
    this.#log = log
    this.#unread = new UnreadMdns(log)
    this.#reader = new MdnReader({
      store,
      reads,
      clock,
      onRead: (object, report) => {
        log.add(object, report)
        this.#tell()
      },
      onVanished: (key, isReplaced) => (isReplaced ? listing.recheck(key) : listing.forget(key)),
      onDone: () => this.#readMore(),
      mustWait: () => log.isBehind,
    })
    this.#telling = new BackgroundJob(() => {
      this.#isTellingDue = false
      onChange()
    })
    this.#comparing = new BackgroundJob((signal) => this.#compareAll(signal))
  }

  /**
   * What was read before is there a moment later: whoever looks meanwhile sees what keys tell.
   * @throws the disk's own error, or NotOursError
   */
  static async open(options: ReceiptsOptions): Promise<Receipts> {
    const receipts = new Receipts(options, await MdnLog.open(options))
    receipts.#comparing.now()
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
    return this.#isLoaded && !this.#isComparing && this.#trees.size === 0 && this.counts().left === 0
  }

  get isOn(): boolean {
    return this.#options.reads > 0
  }

  /** How many were read since the start and make no sense. */
  get notUnderstood(): number {
    return this.#notUnderstood
  }

  /** One sentence for each thing that keeps it from working; for `status`. */
  get problems(): readonly string[] {
    return this.#log.problem === undefined ? [] : [this.#log.problem]
  }

  counts(): ReceiptCounts {
    const { size, unreadable } = this.table
    const more = [...this.#more.values()].reduce((sum, { count }) => sum + count, 0)
    const { left, refused } = this.#reader
    return { read: size, left: left + more, unreadable, unreadableKeys: this.#log.unreadableKeys, refused }
  }

  /** Somebody has looked at all MDNs of a direction: those that are not read yet are, in the background. */
  look(direction: MdnDirection, tree: ViewTree): void {
    if (!this.isOn || this.#unread.isKnown(direction, tree)) return
    this.#trees.set(direction, tree)
    this.#lookedAt = this.#options.clock.monotonic()
    if (this.#isLoaded) this.#comparing.now()
  }

  /** What was just looked at is read, or will not be soon: there are many, or the bucket does not answer. */
  async settled(): Promise<void> {
    const { settleWithin, clock } = this.#options
    const rest = this.#lookedAt + settleWithin - clock.monotonic()
    if (rest > 0) await inTime(this.#fewRead(), rest)
  }

  sidesOf(mdn: ListedMdn): Partner | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.sidesOf(row)
  }

  ownerOf(mdn: ListedMdn): Partner | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.ownerOf(row)
  }

  recipientOf(mdn: ListedMdn): string | undefined {
    const row = this.#rowOf(mdn)
    return row === undefined ? undefined : this.table.recipientOf(row)
  }

  /**
   * The MDNs that answer a message, latest last. One that names another pair by its key or its sides is none of them.
   * @param name the message's folder in the bucket
   */
  answersTo(partner: Partner, name: string, direction: MdnDirection): readonly Receipt[] {
    const { table } = this
    return table
      .answersTo(name, direction)
      .filter((row) => !this.#isAnothers(row, partner))
      .map((row) => table.receipt(row))
  }

  /** How many incoming ones say that they are a partner's, or answer a message of its own. */
  countOf(partner: Partner): number {
    return this.table.countOf(partner)
  }

  /** Whether some can only be told by the messages that they answer. */
  hasUnowned(direction: MdnDirection): boolean {
    return this.table.unowned(direction) > 0
  }

  /** A partner has these messages: what answers them, and does not say whose it is, is that partner's from now on. */
  claim(partner: Partner, direction: MdnDirection, names: Iterable<string>): void {
    if (!this.hasUnowned(direction)) return
    for (const name of names) {
      for (const row of this.table.answersTo(name, direction))
        if (this.table.isUnowned(row)) void this.#own(row, partner)
    }
  }

  /** All that an MDN says, and its key below `raw-mdn/<direction>/`. */
  details(row: number): Promise<IndexedMdn | undefined> {
    return this.#log.details(row)
  }

  /** All that has been looked at is read, or can't be for now. */
  async idle(): Promise<void> {
    do {
      await this.#comparing.idle()
      await this.#reader.idle()
    } while (this.#more.size > 0 && this.#reader.left === 0)
  }

  async close(): Promise<void> {
    await this.#comparing.stop()
    await this.#reader.stop()
    await this.#telling.stop()
    await this.#log.close()
  }

  async #fewRead(): Promise<void> {
    await this.#comparing.idle()
    if (!this.#reader.isPaused && this.#reader.left <= mostAwaited) await this.#reader.idle()
  }

  #rowOf({ direction, object }: ListedMdn): number | undefined {
    return this.#log.find(direction, object)
  }

  #isAnothers(row: number, partner: Partner): boolean {
    const { table } = this
    const named = { sides: table.sidesOf(row), folders: table.foldersOf(row) }
    return namesAnother(named, partner, this.#options.known)
  }

  #own(row: number, owner: Partner): Promise<void> {
    const owned = this.#log.own(row, owner)
    this.#tell()
    return owned
  }

  async #compareAll(signal: AbortSignal): Promise<void> {
    if (!this.#isLoaded) await this.#load()
    this.#isComparing = true
    for (const direction of directions) {
      const tree = this.#trees.get(direction)
      this.#trees.delete(direction)
      if (!tree || signal.aborted) continue
      const more = await this.#compare(direction, tree, signal)
      if (more === 0) this.#more.delete(direction)
      else this.#more.set(direction, { tree, count: more })
    }
    this.#isComparing = false
  }

  async #load(): Promise<void> {
    try {
      if (await this.#log.load()) this.#tell()
    } catch (err) {
      const sentence = 'What receipts said could not be read from the state directory: they are read again.'
      this.#options.log.error({ err }, sentence)
    }
    this.#isLoaded = true
  }

  /** @returns how many more there are than can be remembered */
  async #compare(direction: MdnDirection, tree: ViewTree, signal: AbortSignal): Promise<number> {
    const found = await this.#unread.of(direction, tree, signal)
    if (!found) return 0
    for (const row of found.gone) void this.#log.drop(row)
    const prefix = found.isWhole ? mdnPrefix(this.#options.root, direction) : undefined
    this.#reader.want(found.unread, { prefix })
    return found.more
  }

  #readMore(): void {
    for (const [direction, { tree }] of this.#more) {
      this.#unread.forget(direction)
      if (!this.#trees.has(direction)) this.#trees.set(direction, tree)
    }
    if (this.#more.size > 0) this.#comparing.now()
  }

  #tell(): void {
    if (this.#isTellingDue) return
    this.#isTellingDue = true
    this.#telling.in(tellEvery)
  }
}
