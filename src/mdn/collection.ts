/** Has receipts read that were looked at and are not known yet, in the background; what is known already comes from the log. */
import type { CancelSignal } from '../cancellation.js'
import { BackgroundJob } from '../background-job.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import { inTime } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import { directionOfMdn, mdnPrefix, type MdnDirection } from '../view/tree.js'
import type { MdnLog } from './mdn-log.js'
import { MdnReader, type MdnReaderOptions } from './mdn-reader.js'
import { UnreadMdns } from './unread-mdns.js'

export interface CollectionOptions extends Pick<MdnReaderOptions, 'store' | 'reads' | 'timers'> {
  readonly root: Prefix
  readonly listing: Pick<Listing, 'forget' | 'recheck'>
  /** How long after a look one may wait for the receipts that it found. */
  readonly settleWithin: Milliseconds
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

const directions = ['incoming', 'outgoing'] as const
/** More than that are not waited for. */
const mostAwaited = 100

export class Collection {
  readonly #options: CollectionOptions
  readonly #log: MdnLog
  readonly #onChange: () => void
  readonly #unread: UnreadMdns
  readonly #reader: MdnReader
  readonly #comparing = new BackgroundJob((signal) => this.#compareAll(signal))
  readonly #trees = new Map<MdnDirection, ViewTree>()
  /** Where there are unread ones that are too many to be remembered. */
  readonly #more = new Map<MdnDirection, { readonly tree: ViewTree; readonly count: number }>()
  #notUnderstood = 0
  #isLoaded = false
  #isComparing = false
  #lookedAt: Milliseconds = -Infinity

  /** @param onChange more is known than before */
  constructor(options: CollectionOptions, log: MdnLog, onChange: () => void) {
    const { listing } = options
    this.#options = options
    this.#log = log
    this.#onChange = onChange
    this.#unread = new UnreadMdns(log)
    this.#reader = new MdnReader({
      ...options,
      onRead: (object, report) => {
        if (!report) this.#notUnderstood += 1
        log.add(object, report)
        onChange()
      },
      onRefused: (object) => log.refuse(object),
      onVanished: (key, isReplaced) => {
        if (isReplaced) listing.recheck(key)
        else listing.forget(key)
        // The listing may show it as it was, and be right.
        this.#unread.forget(directionOfMdn(options.root, key))
      },
      onDone: () => this.#readMore(),
      mustWait: () => log.isBehind,
    })
  }

  /** What was read before is there a moment later. */
  start(): void {
    this.#comparing.now()
  }

  /** All that was looked at is read, or can't be. */
  get isCurrent(): boolean {
    return this.#isLoaded && !this.#isComparing && this.#trees.size === 0 && this.left === 0
  }

  /** Seen by those who looked, and not read yet. */
  get left(): number {
    return this.#reader.left + [...this.#more.values()].reduce((sum, { count }) => sum + count, 0)
  }

  /** The keys may not read them, or they are archived. */
  get refused(): number {
    return this.#reader.refused
  }

  /** When the latest of them came, by the bucket's clock. */
  latestRefused(direction: MdnDirection): EpochMs | undefined {
    return this.#reader.latestRefused(mdnPrefix(this.#options.root, direction))
  }

  /** How many were read since the start and make no sense. */
  get notUnderstood(): number {
    return this.#notUnderstood
  }

  /** Somebody has looked at all MDNs of a direction. */
  look(direction: MdnDirection, tree: ViewTree): void {
    const isKnown = this.#unread.isKnown(direction, tree)
    if (isKnown && !this.#reader.again()) return
    this.#lookedAt = this.#options.clock.monotonic()
    if (isKnown) return
    this.#trees.set(direction, tree)
    if (this.#isLoaded) this.#comparing.now()
  }

  /** What was just looked at is read, or will not be soon: there are many, or the bucket does not answer. */
  async settled(): Promise<void> {
    const { settleWithin, clock } = this.#options
    const rest = this.#lookedAt + settleWithin - clock.monotonic()
    if (rest > 0) await inTime(this.#fewRead(), rest)
  }

  /** All that has been looked at is read, or can't be for now. */
  async idle(): Promise<void> {
    do {
      await this.#comparing.idle()
      await this.#reader.idle()
    } while (this.#more.size > 0 && this.#reader.left === 0)
  }

  async stop(): Promise<void> {
    await this.#comparing.stop()
    await this.#reader.stop()
  }

  async #fewRead(): Promise<void> {
    await this.#comparing.idle()
    if (!this.#reader.isPaused && this.#reader.left <= mostAwaited) await this.#reader.idle()
  }

  async #compareAll(signal: CancelSignal): Promise<void> {
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
      if (await this.#log.load()) this.#onChange()
    } catch (err) {
      const sentence = 'What receipts said could not be read from the state directory: they are read again.'
      this.#options.log.error({ err }, sentence)
    }
    this.#isLoaded = true
  }

  /** @returns how many more there are than can be remembered */
  async #compare(direction: MdnDirection, tree: ViewTree, signal: CancelSignal): Promise<number> {
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
}
