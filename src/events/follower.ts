/**
 * Tells one follower what happened from where he was, and goes on with it. He is told at his own pace: nothing is kept for him
 * but a few lines, and while he does not read, nothing is looked at for him.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { inTime, late } from '../patience.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { isOfBucket, type BucketEvent, type FollowLine, type GapEvent, type LoggedEvent } from './event.js'
import type { EventReader } from './event-file.js'
import { merged } from './merged.js'
import { lookBack, type Mark, type Source } from './source.js'
import { markOf } from './watch.js'

/** Where somebody begins. */
export interface Beginning {
  /** The number of the last logged event that he was told, in the log of that id. */
  readonly logged?: { readonly log: string; readonly seq: number } | undefined
  /** What the bucket has from then on, by its clock; undefined: what comes from now on. */
  readonly from: EpochMs | undefined
  /** Goes on until he is gone. */
  readonly isFollowing: boolean
  /** He keeps what he was told: what came between with an earlier LastModified is told when he goes on. */
  readonly isKept?: boolean
}

/** The log of events, as a follower needs it. */
interface ReadLog {
  readonly id: string
  readonly last: number
  readonly dropped: number
  reader(seq: number): LogReader
  onNew(listener: () => void): () => void
  flushed(): Promise<void>
}
type LogReader = Pick<EventReader<LoggedEvent>, 'read' | 'seq'>

/** Where he is told. */
export interface FollowerLines {
  /** @returns false: there is no room for more at the moment */
  write(line: FollowLine): boolean
  /** Resolves when there is room again. @throws when he is gone */
  drained(): Promise<void>
}

export interface FollowerOptions {
  readonly log: ReadLog
  readonly source: Source
  readonly clock: {
    now(): EpochMs
    /** Undefined before the bucket's first answer. */
    bucketNow(): EpochMs | undefined
  }
  /** A line so often, though nothing happens: so that a daemon that is stuck is told from a quiet day. */
  readonly heartbeat: Milliseconds
  /** How long who does not follow waits for the bucket. */
  readonly patience: Milliseconds
}

/** So many are told at a time, and are in memory for one follower. */
const batch = 1_000
/** Each goes through all that the bucket has: who reads that many wants all of them. */
const furtherBatch = 4_000
/** After so many lines others have their turn: who has much to be told keeps nobody waiting. */
const linesPerTurn = 20
/** LastModified has whole seconds, and so has the time of the bucket's answers. */
const resolution: Milliseconds = 2_000

export class Follower {
  readonly #options: FollowerOptions
  readonly #lines: FollowerLines
  readonly #beginning: Beginning
  readonly #reader: LogReader
  readonly #startSeq: number
  /** Of the bucket's: told from there on. */
  #from: EpochMs
  /** What is older is known to him from the beginning; until all of it was looked at. */
  #knownUntil: EpochMs = -Infinity
  /** Of the log's: told from there on, where their numbers say nothing. */
  #loggedFrom: EpochMs
  #told = 0
  #hasNews = false
  #wake: (() => void) | undefined

  constructor(options: FollowerOptions, lines: FollowerLines, beginning: Beginning) {
    const { log, clock } = options
    const { logged, from, isKept = false } = beginning
    this.#options = options
    this.#lines = lines
    this.#beginning = beginning
    const now = (clock.bucketNow() ?? clock.now()) - resolution
    this.#from = from ?? (isKept ? now - lookBack : now)
    if (from === undefined && isKept) this.#knownUntil = now
    const isKnown = logged?.log === log.id
    this.#startSeq = isKnown ? logged.seq : from === undefined ? log.last : 0
    this.#loggedFrom = isKnown || from === undefined ? -Infinity : from
    this.#reader = log.reader(this.#startSeq)
  }

  /** Resolves when all is told; where he follows, when the signal is aborted. @throws when he is gone, or the disk's own error */
  async run(signal: AbortSignal): Promise<void> {
    const { log, source, heartbeat, patience } = this.#options
    const { isFollowing } = this.#beginning
    const note = (): void => this.#note()
    const ends = [source.keep(), log.onNew(note), source.recent.onNew(note)]
    signal.addEventListener('abort', note)
    try {
      // Who follows is told of the rest when it is known.
      await this.#looked(source.look(), isFollowing ? heartbeat : patience)
      await this.#tellOfGap()
      let next = await this.#tellAll(signal)
      while (isFollowing && !signal.aborted) {
        await this.#news()
        next = await this.#tellNews(next, signal)
      }
    } finally {
      signal.removeEventListener('abort', note)
      for (const end of ends) end()
    }
  }

  /** Whoever waits for a bucket that does not answer hears that somebody is there. */
  async #looked(look: Promise<void>, limit: Milliseconds): Promise<void> {
    const { heartbeat } = this.#options
    for (let waited = 0; waited < limit && (await inTime(look, heartbeat)) === late; waited += heartbeat) {
      await this.#tellProgress(undefined)
    }
  }

  async #tellOfGap(): Promise<void> {
    const { log, clock } = this.#options
    if (this.#beginning.logged?.log !== log.id || this.#startSeq >= log.dropped) return
    const reason = 'You were away for too long: what happened in send/ at first is not kept any more.'
    const gap: GapEvent = { at: new Date(clock.now()).toISOString(), event: 'gap', reason }
    await this.#tell({ event: gap })
  }

  /** From where he is on. @returns the number of what the source finds next */
  async #tellAll(signal: AbortSignal): Promise<number> {
    const { log, source } = this.#options
    await log.flushed()
    // Before what is found meanwhile: that is told after it.
    const next = source.recent.end
    const { through } = source
    const all = merged(this.#logged(), this.#inBucket(), (a, b) => a.at <= b.at)
    for await (const event of all) {
      if (signal.aborted) return next
      await this.#tell(isOfBucket(event) && Date.parse(event.at) < this.#knownUntil ? { known: event } : { event })
    }
    if (through !== undefined) this.#knownUntil = -Infinity
    this.#loggedFrom = -Infinity
    await this.#tellProgress(through)
    return next
  }

  async *#logged(): AsyncGenerator<LoggedEvent, undefined> {
    for await (const event of this.#reader.read()) {
      if (Date.parse(event.at) >= this.#loggedFrom) yield event
    }
  }

  async *#inBucket(): AsyncGenerator<BucketEvent, undefined> {
    let after: Mark = { at: this.#from, key: '' }
    for (let most = batch; ; most = furtherBatch) {
      const found = await this.#options.source.oldest(after, most)
      yield* found
      const last = found.at(-1)
      if (!last || found.length < most) return
      after = markOf(last)
    }
  }

  async #tellNews(next: number, signal: AbortSignal): Promise<number> {
    const { through, recent } = this.#options.source
    const news = recent.from(next)
    // Some may have been missed: once more from where all was told for certain.
    if (!news) return this.#tellAll(signal)
    for (const event of news) await this.#tell({ event })
    for await (const event of this.#logged()) await this.#tell({ event })
    await this.#tellProgress(through)
    return next + news.length
  }

  /** @param through up to where all that the bucket tells has been told */
  async #tellProgress(through: EpochMs | undefined): Promise<void> {
    const { log, source } = this.#options
    const { missing } = source
    if (through !== undefined) this.#from = Math.max(this.#from, Math.floor(through) - lookBack)
    await this.#tell({ progress: { log: log.id, seq: this.#reader.seq, from: this.#from, missing } })
  }

  async #tell(line: FollowLine): Promise<void> {
    if (!this.#lines.write(line)) await this.#lines.drained()
    this.#told += 1
    if (this.#told % linesPerTurn === 0) await nextTurn()
  }

  #note(): void {
    this.#hasNews = true
    this.#wake?.()
  }

  /** Until there is something to tell, or it is time for a sign of life. */
  async #news(): Promise<void> {
    const rest = this.#options.source.want()
    if (!this.#hasNews) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.heartbeat)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#wake = undefined
    this.#hasNews = false
    rest()
  }
}
