/** Reads MDNs in the background, newest first, so many at a time; what fails is tried again, and holds nothing up. */
import { LRUCache } from 'lru-cache'
import type { CancelSignal } from '../cancellation.js'
import { BackgroundJob } from '../background-job.js'
import { FsError } from '../errors.js'
import { within } from '../patience.js'
import { isDenied } from '../s3/store-error.js'
import type { ObjectInfo, Store } from '../s3/store.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { EpochMs, Key, Milliseconds, Prefix } from '../units.js'
import { largestMdn, parseMdn, type MdnReport } from './report.js'

export interface MdnReaderOptions {
  readonly store: Pick<Store, 'get'>
  /** `--mdn-reads` */
  readonly reads: number
  /** @param report undefined: it can't be understood */
  readonly onRead: (object: ObjectInfo, report: MdnReport | undefined) => void
  /** The keys may not read it, it is archived, or another was there twice than was listed: it is let be for a while. */
  readonly onRefused: (object: ObjectInfo) => void
  /** It is not there as it was listed. @param isReplaced another is */
  readonly onVanished: (key: Key, isReplaced: boolean) => void
  /** None is left, for now. */
  readonly onDone: () => void
  /** What was read can't be kept for now. */
  readonly mustWait: () => boolean
  readonly clock: Pick<Clock, 'monotonic'>
  /** By which it waits; the system's by default. */
  readonly timers?: Pick<Timers, 'pause'>
}

/** For one GET of a few KB, with all that is tried again in it. */
const patience: Milliseconds = 30_000
const firstPause: Milliseconds = 1_000
const longestPause: Milliseconds = 60_000
/** For a disk to take what was read. */
const behindPause: Milliseconds = 100
/** What may not be read is asked for again after that: keys are given more rights while they are tried out. */
const refusedFor: Milliseconds = 600_000
/** So many refusals in a row are no matter of single objects. */
const mostRefused = 20
const mostVanished = 1_000

interface Refused {
  readonly object: ObjectInfo
  readonly until: Milliseconds
}

export class MdnReader {
  readonly #options: MdnReaderOptions
  readonly #job: BackgroundJob
  /** Newest last. */
  #queue: ObjectInfo[] = []
  readonly #underWay = new Map<Key, ObjectInfo>()
  /** They are let be for a while; in the order in which that is over. */
  readonly #refused = new Map<Key, Refused>()
  /** Those that were not there as they were listed. Where the listing says the same once more, one of them is let be, too. */
  readonly #vanished = new LRUCache<Key, ObjectInfo>({ max: mostVanished })
  #refusedInARow = 0
  #pause: Milliseconds = 0
  #pausedUntil: Milliseconds = 0

  constructor(options: MdnReaderOptions) {
    this.#options = options
    this.#job = new BackgroundJob((signal) => this.#readAll(signal), options)
  }

  /** How many may not be read. */
  get refused(): number {
    return this.#refused.size
  }

  /** When the latest came of those below a prefix that may not be read. */
  latestRefused(prefix: Prefix): EpochMs | undefined {
    let latest: EpochMs | undefined
    for (const { object } of this.#refused.values())
      if (object.key.startsWith(prefix)) latest = Math.max(latest ?? 0, object.mtime)
    return latest
  }

  /** The bucket does not answer, or the disk is behind. */
  get isPaused(): boolean {
    return this.#options.clock.monotonic() < this.#pausedUntil
  }

  get left(): number {
    return this.#queue.length + this.#underWay.size
  }

  /**
   * These are to be read, too.
   * @param objects in any order
   * @param prefix given: they are all that there are below a prefix: what was to be read of those is no more
   */
  want(objects: readonly ObjectInfo[], { prefix }: { readonly prefix: Prefix | undefined }): void {
    this.#takeRefused()
    const others = prefix === undefined ? this.#queue : this.#queue.filter(({ key }) => !key.startsWith(prefix))
    const queue = new Map(others.map((it) => [it.key, it]))
    for (const it of objects) {
      const { key } = it
      if (isSame(this.#underWay.get(key), it) || isSame(this.#refused.get(key)?.object, it)) continue
      // Another version is in its place now.
      this.#refused.delete(key)
      queue.set(key, it)
    }
    this.#queue = [...queue.values()].sort((a, b) => a.mtime - b.mtime)
    this.#start()
  }

  /** Asks again for what was refused a while ago. @returns whether there is any */
  again(): boolean {
    const areDue = this.#takeRefused()
    if (areDue) this.#start()
    return areDue
  }

  idle(): Promise<void> {
    return this.#job.idle()
  }

  stop(): Promise<void> {
    return this.#job.stop()
  }

  #start(): void {
    if (this.#queue.length === 0) return
    const wait = this.#pausedUntil - this.#options.clock.monotonic()
    if (wait > 0) this.#job.in(wait)
    else this.#job.now()
  }

  /** @returns whether there are any that are to be asked for again */
  #takeRefused(): boolean {
    const before = this.#queue.length
    const now = this.#options.clock.monotonic()
    for (const [key, { object, until }] of this.#refused) {
      if (until > now) break
      this.#refused.delete(key)
      this.#queue.push(object)
    }
    return this.#queue.length > before
  }

  async #readAll(signal: CancelSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.reads }, () => this.#readSome(signal)))
    if (this.#queue.length > 0) this.#start()
    else this.#options.onDone()
  }

  async #readSome(signal: CancelSignal): Promise<void> {
    while (!signal.aborted && !this.isPaused) {
      if (this.#options.mustWait()) {
        this.#pauseFor(behindPause)
        return
      }
      const object = this.#queue.pop()
      if (!object) return
      this.#underWay.set(object.key, object)
      try {
        await this.#read(object, signal)
      } catch (error) {
        this.#failed(object, error)
      } finally {
        this.#underWay.delete(object.key)
      }
    }
  }

  async #read(object: ObjectInfo, signal: CancelSignal): Promise<void> {
    const { store, onRead } = this.#options
    const { key, etag, size, mtime } = object
    const request = { key, size, ...(etag === '' ? { mtime } : { etag }) }
    const report =
      size > largestMdn ? undefined : parseMdn(await within(patience, signal, (own) => store.get(request, own)))
    if (signal.aborted) return
    this.#pause = 0
    this.#refusedInARow = 0
    this.#vanished.delete(key)
    onRead(object, report)
  }

  #failed(object: ObjectInfo, error: unknown): void {
    const code = error instanceof FsError ? error.code : undefined
    const isVanished = code === 'ENOENT' || code === 'ESTALE'
    if (isVanished && !isSame(this.#vanished.get(object.key), object)) {
      this.#vanished.set(object.key, object)
      this.#options.onVanished(object.key, code === 'ESTALE')
    } else if (isVanished || isDenied(error) || code === 'ENODATA') {
      this.#refused.set(object.key, { object, until: this.#options.clock.monotonic() + refusedFor })
      this.#options.onRefused(object)
      this.#refusedInARow += 1
      if (this.#refusedInARow >= mostRefused) this.#pauseFor(refusedFor)
    } else {
      // After all others: what is wrong with it may be wrong with it alone.
      this.#queue.unshift(object)
      if (this.isPaused) return
      this.#pause = Math.min(longestPause, Math.max(firstPause, this.#pause * 2))
      this.#pauseFor(this.#pause)
    }
  }

  #pauseFor(time: Milliseconds): void {
    this.#pausedUntil = this.#options.clock.monotonic() + time
  }
}

function isSame(one: ObjectInfo | undefined, other: ObjectInfo): boolean {
  return one?.etag === other.etag && one.mtime === other.mtime
}
