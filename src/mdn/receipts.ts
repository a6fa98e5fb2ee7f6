/** The receipts of the bucket: what each says, read in the background when somebody looks, and kept in the state directory. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackgroundJob } from '../background-job.js'
import { LineLog } from '../journal/line-log.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import { inTime } from '../patience.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { Known, ListedMdn, MdnContents } from './attribution.js'
import { changeIn, entryOf, mdnId, type IndexedMdn, type MdnChange } from './indexed-mdn.js'
import { MdnReader } from './mdn-reader.js'
import { MdnTable, type Receipt } from './mdn-table.js'
import { namesAnother } from './named-pair.js'
import type { MdnReport } from './report.js'

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

/** What was looked at last. */
interface Look {
  readonly content: object
  readonly completeAt: Milliseconds
  readonly newest: EpochMs
}

const directions = ['incoming', 'outgoing'] as const
/** What comes anew is no older than that, seen from the newest. */
const lookBack: Milliseconds = 15 * 60_000
/** Between two turns of others. */
const atOnce = 2_000
/** Of those to be read, so many are remembered; the rest is looked for again when these are read. */
const mostWanted = 20_000
/** What is no longer listed is remembered for that long: the gateway's rules take messages away after 35 days. */
const rememberedFor: Milliseconds = 40 * 24 * 3_600_000
/** Whoever shows what is known is told of changes at most that often. */
const tellEvery: Milliseconds = 250
/** More than that are not waited for. */
const mostAwaited = 100
/** Of those that can't be understood, for `status`. */
const mostNamed = 10
/** Lines of the log that say nothing any more, before it is made anew at a start. */
const mostDead = 10_000

export class Receipts implements MdnContents {
  readonly table = new MdnTable()
  readonly #options: ReceiptsOptions
  readonly #log: LineLog
  readonly #reader: MdnReader
  readonly #telling: BackgroundJob
  readonly #comparing: BackgroundJob
  readonly #trees = new Map<MdnDirection, ViewTree>()
  readonly #looks = new Map<MdnDirection, Look>()
  /** Where there are unread ones that are too many to be remembered. */
  readonly #more = new Map<MdnDirection, { readonly tree: ViewTree; readonly count: number }>()
  #unreadableKeys: readonly string[] = []
  #notUnderstood = 0
  #isLoaded = false
  #isComparing = false
  #isTellingDue = false
  #lookedAt: Milliseconds = -Infinity

  private constructor(options: ReceiptsOptions, log: LineLog) {
    const { store, listing, reads, clock, onChange } = options
    this.#options = options
    this.#log = log
    this.#reader = new MdnReader({
      store,
      reads,
      clock,
      onRead: (object, report) => this.#read(object, report),
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
    const receipts = new Receipts(options, await LineLog.open({ ...options, name: 'mdns', what: 'What receipts say' }))
    receipts.#comparing.now()
    return receipts
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
    return { read: size, left: left + more, unreadable, unreadableKeys: this.#unreadableKeys, refused }
  }

  /** Somebody has looked at all MDNs of a direction: those that are not read yet are, in the background. */
  look(direction: MdnDirection, tree: ViewTree): void {
    if (!this.isOn || this.#looks.get(direction)?.content === tree.content) return
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
  async details(row: number): Promise<IndexedMdn | undefined> {
    const change = changeIn(await this.#log.read(this.table.placeOf(row)))
    return change && 'read' in change ? change.read : undefined
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
    return this.table.find(mdnId(direction, mdnPrefix(this.#options.root, direction), object))
  }

  #isAnothers(row: number, partner: Partner): boolean {
    const { table } = this
    const named = { sides: table.sidesOf(row), folders: table.foldersOf(row) }
    return namesAnother(named, partner, this.#options.known)
  }

  async #own(row: number, owner: Partner): Promise<void> {
    this.table.setOwner(row, owner)
    this.#tell()
    const mdn = await this.details(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#log.append(entryOf({ found: { direction, key }, owner }))
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
    const { log } = this.#options
    let lines = 0
    try {
      await this.#log.load((entry, place) => {
        lines += 1
        const change = changeIn(entry)
        if (change) this.#apply(change, place)
      })
      if (lines > 2 * this.table.size + mostDead) await this.#compactLog()
    } catch (err) {
      log.error({ err }, 'What receipts said could not be read from the state directory: they are read again.')
    }
    this.#isLoaded = true
    if (lines > 0) this.#tell()
  }

  #apply(change: MdnChange, place: { readonly offset: number; readonly length: number }): void {
    if ('read' in change) {
      const { id, says } = change.read
      if (!says) this.#unreadableKeys = [`${id.direction}/${id.key}`, ...this.#unreadableKeys].slice(0, mostNamed)
      this.table.add(change.read, place)
      return
    }
    const row = this.table.named('found' in change ? change.found : change.gone)
    if (row === undefined) return
    if ('found' in change) this.table.setOwner(row, change.owner)
    else this.table.drop(row)
  }

  async #compactLog(): Promise<void> {
    const { table } = this
    const rows = [...table.rows()].sort((a, b) => table.placeOf(a).offset - table.placeOf(b).offset)
    const owned = rows.filter((row) => table.ownerOf(row))
    await this.#log.compact(
      rows.map((row) => table.placeOf(row)),
      (i, place) => table.moved(rows[i] ?? 0, place),
    )
    for (const row of owned) {
      const owner = table.ownerOf(row)
      if (owner) await this.#own(row, owner)
    }
  }

  /**
   * Finds those that were not read. Only what may be new is compared, where all was before.
   * @returns how many more there are than can be remembered
   */
  async #compare(direction: MdnDirection, tree: ViewTree, signal: AbortSignal): Promise<number> {
    const last = this.#looks.get(direction)
    const isWhole = last?.completeAt !== tree.completeAt
    const prefix = mdnPrefix(this.#options.root, direction)
    const listed = new Set<number>()
    const unread: ObjectInfo[] = []
    let [newest, count, more] = [last?.newest ?? 0, 0, 0]
    for (const object of isWhole ? tree.objects() : tree.recent(newest - lookBack)) {
      count += 1
      if (count % atOnce === 0) await nextTurn()
      if (signal.aborted) return 0
      newest = Math.max(newest, object.mtime)
      const row = this.table.find(mdnId(direction, prefix, object))
      if (row !== undefined) listed.add(row)
      else if (!object.key.endsWith('/')) unread.push(object)
      if (unread.length > 2 * mostWanted) more += newestOf(unread)
    }
    more += newestOf(unread)
    this.#looks.set(direction, { content: tree.content, completeAt: tree.completeAt, newest })
    if (isWhole) this.#forget(direction, listed, newest - rememberedFor)
    // Some of them may have been read meanwhile.
    const still = unread.filter((it) => this.table.find(mdnId(direction, prefix, it)) === undefined)
    this.#reader.want(still, { prefix: isWhole ? prefix : undefined })
    return more
  }

  #readMore(): void {
    for (const [direction, { tree }] of this.#more) {
      this.#looks.delete(direction)
      if (!this.#trees.has(direction)) this.#trees.set(direction, tree)
    }
    if (this.#more.size > 0) this.#comparing.now()
  }

  #forget(direction: MdnDirection, listed: ReadonlySet<number>, before: EpochMs): void {
    for (const row of this.table.rows()) {
      if (listed.has(row) || this.table.mtimeOf(row) >= before || this.table.directionOf(row) !== direction) continue
      void this.#gone(row)
    }
  }

  async #gone(row: number): Promise<void> {
    const mdn = await this.details(row)
    this.table.drop(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#log.append(entryOf({ gone: { direction, key } }))
  }

  #read(object: ObjectInfo, says: MdnReport | undefined): void {
    const { root } = this.#options
    const direction = object.key.startsWith(mdnPrefix(root, 'incoming')) ? 'incoming' : 'outgoing'
    const read = { id: mdnId(direction, mdnPrefix(root, direction), object), mtime: object.mtime, says }
    if (!says) this.#notUnderstood += 1
    this.#apply({ read }, this.#log.append(entryOf({ read })))
    this.#tell()
  }

  #tell(): void {
    if (this.#isTellingDue) return
    this.#isTellingDue = true
    this.#telling.in(tellEvery)
  }
}

/** Leaves the newest, if there are too many. @returns how many are left out */
function newestOf(objects: ObjectInfo[]): number {
  if (objects.length <= mostWanted) return 0
  objects.sort((a, b) => b.mtime - a.mtime)
  return objects.splice(mostWanted).length
}
