/**
 * The queue of uploads: runs what waits when its turn comes, as many at once as may be, until it is closed. What a run does it
 * does not know.
 */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, Milliseconds } from '../../units.js'
import type { Turns } from './turns.js'

export interface RunOptions {
  /** Aborted when the queue is closed. */
  readonly signal: CancelSignal
  /** Told how much of it is done, and that anything of it was. */
  readonly onProgress: (bytes: Bytes) => void
}

export interface UploadQueueOptions {
  readonly turns: Turns
  /**
   * Does what is to be done to one of them.
   * @throws whatever kept it from that: it is due again in a second
   */
  readonly run: (id: string, options: RunOptions) => Promise<void>
  /** A run is over, and the next one of the same file may begin. */
  readonly onOver: (id: string) => void
  /** While somebody changes a file its turn has not come: `freed`, or `kick`, tells when that is over. */
  readonly isFree: (id: string) => boolean
  /** What none of them can begin without; undefined: nothing is wanting. */
  readonly wanting: () => string | undefined
  readonly clock: Pick<Clock, 'monotonic'>
  /** 0 to 1 */
  readonly random: () => number
  /** Nothing was done of one for so long: another one is run in its place. */
  readonly hangsAfter?: Milliseconds
}

/** What a run could not do is tried again after this. */
const againAfter: Milliseconds = 1_000
/** Between two looks. What was freed waits for it, too: whoever has changed it may have more to do with it. */
const soonest: Milliseconds = 5
/** Those that need not wait out a long pause are due within this, not all at the same moment. */
const hastened: Milliseconds = 1_000
const lookEvery: Milliseconds = 50
/** Of which nothing was done for so long hangs, and keeps no place from the others. */
const hangsAfter: Milliseconds = 10_000

export class UploadQueue {
  readonly #options: UploadQueueOptions
  readonly #looking = new BackgroundJob(() => this.kick())
  readonly #closed = new AbortController()
  readonly #running = new Map<string, Promise<void>>()
  readonly #progress = new Map<string, Bytes>()
  /** At the last look one was due, and not free. */
  #isPassedOver = false

  constructor(options: UploadQueueOptions) {
    this.#options = options
  }

  /** Those that are being run. */
  running(): Iterable<string> {
    return this.#running.keys()
  }

  /** Whether it is being run, or about to be: then nobody else may change it. */
  isRunning(id: string): boolean {
    return this.#running.has(id)
  }

  /** How much of it is done, while it is being run. */
  progress(id: string): Bytes {
    return this.#progress.get(id) ?? 0
  }

  /** What those wait for that are due; undefined if nothing holds them up. */
  get waitsFor(): string | undefined {
    return this.#options.wanting()
  }

  /** Looks for work: call it whenever something may have become due, free, or possible. */
  kick(): void {
    const { turns, wanting } = this.#options
    if (this.#closed.signal.aborted || wanting() !== undefined) return
    this.#isPassedOver = false
    for (const { id } of turns.take((id) => this.#isFree(id))) this.#running.set(id, this.#run(id))
    const wait = turns.untilNext()
    if (wait === undefined) this.#looking.putOff()
    else this.#looking.in(Math.max(wait, soonest))
  }

  /** What was passed over may be free now. */
  freed(): void {
    if (!this.#isPassedOver) return
    this.#isPassedOver = false
    this.#looking.in(soonest)
  }

  /** Those that failed need not wait out their pauses. */
  hasten(): void {
    const { turns, random } = this.#options
    for (const { id, error } of [...turns.all()]) {
      const isPaused = error !== undefined && (turns.waitOf(id) ?? 0) > hastened
      if (isPaused && !this.isRunning(id)) turns.dueIn(id, random() * hastened)
    }
  }

  /** Runs what waits, whenever it was due, until nothing does or the time is over; without any time it begins nothing. */
  async drain(limit: Milliseconds): Promise<void> {
    if (limit <= 0) return
    const { turns, clock } = this.#options
    const end = clock.monotonic() + limit
    for (const { id } of [...turns.all()]) turns.dueIn(id, 0)
    this.kick()
    for (let left = limit; left > 0 && !turns.isEmpty; left = end - clock.monotonic()) {
      const soon = new Promise<void>((resolve) => setTimeout(resolve, Math.min(lookEvery, left)))
      await Promise.race([soon, ...this.#running.values()])
    }
  }

  /** Begins nothing any more. Resolves when nothing is being run. */
  async close(): Promise<void> {
    this.#closed.abort()
    await Promise.all([this.#looking.stop(), ...this.#running.values()])
  }

  #isFree(id: string): boolean {
    // One that was changed while something was asked for it is tried again when that is over.
    const isFree = !this.isRunning(id) && this.#options.isFree(id)
    if (!isFree) this.#isPassedOver = true
    return isFree
  }

  async #run(id: string): Promise<void> {
    const { run, turns, onOver } = this.#options
    const onHanging = (): void => {
      turns.putAside(id)
      this.kick()
    }
    const hanging = setTimeout(onHanging, this.#options.hangsAfter ?? hangsAfter)
    const onProgress = (bytes: Bytes): void => {
      hanging.refresh()
      if (this.isRunning(id)) this.#progress.set(id, bytes)
    }
    try {
      await run(id, { signal: this.#closed.signal, onProgress })
    } catch {
      turns.dueIn(id, againAfter)
    }
    clearTimeout(hanging)
    this.#running.delete(id)
    this.#progress.delete(id)
    turns.giveBack(id)
    onOver(id)
    this.kick()
  }
}
