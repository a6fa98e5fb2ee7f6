/** Takes queued messages to the bucket: when, how many at once, and again after a failure. */
import type { Logger } from '../../telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from '../../units.js'
import { Attempts, type AttemptsOptions } from './attempt.js'
import type { Meaning } from './failures.js'
import { KeysGate } from './keys-gate.js'
import { Leftovers } from './leftovers.js'
import type { Locks } from '../disk/locks.js'
import type { Message } from '../life/message.js'
import type { UploadQueue } from './queue.js'

export interface TransferOptions extends Omit<AttemptsOptions, 'leftovers' | 'onProgress' | 'onFailed'> {
  readonly queue: UploadQueue
  readonly root: Prefix
  readonly uploads: number
  readonly log: Logger
  /** While somebody changes a message, its turn has not come. */
  readonly locks: Locks
}

/** One try may take this long, and a minute for every 10 MB. */
const tryPatience: Milliseconds = 120_000
const patiencePerByte = 60_000 / 10_000_000
/** Until a change that could not be written down is tried again. */
const journalDelay: Milliseconds = 1_000
/** What somebody changes just now is looked at again after this. */
const soonest: Milliseconds = 5
/** On the way out, for the abort of what was begun. */
const lastPatience: Milliseconds = 2_000
/** After an outage all that waits is due at once; not again within this, should single files go on failing. */
const wakeEvery: Milliseconds = 10_000

export class Transfer {
  readonly #options: TransferOptions
  readonly #stop = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  readonly #uploaded = new Map<string, Bytes>()
  readonly #attempts: Attempts
  readonly #gate: KeysGate
  readonly #leftovers: Leftovers
  #timer: NodeJS.Timeout | undefined
  /** Something failed for the moment since an upload was last taken. */
  #hasFailed = false
  #wokenAt: Milliseconds = -wakeEvery

  constructor(options: TransferOptions) {
    this.#options = options
    this.#gate = new KeysGate({ ...options, prefix: `${options.root}send/` as Prefix, onOpen: () => this.kick() })
    this.#leftovers = new Leftovers({ ...options, isUnderWay: (id) => this.isUnderWay(id) })
    this.#attempts = new Attempts({
      ...options,
      leftovers: this.#leftovers,
      onProgress: (id, bytes) => this.#uploaded.set(id, bytes),
      onSubmitted: (message) => {
        options.onSubmitted(message)
        this.#wake()
      },
      onFailed: (meaning) => this.#noteFailure(meaning),
    })
  }

  /** Bytes of a message that are in the bucket already, while it is being uploaded. */
  uploaded(id: string): Bytes {
    return this.#uploaded.get(id) ?? 0
  }

  /** Whether it is on its way, or about to be: then nobody else may change it. */
  isUnderWay(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** How many are on their way of which the journal does not say so yet. */
  begun(): number {
    let begun = 0
    for (const id of this.#underWay.keys()) if (this.#options.book.get(id)?.state === 'queued') begun += 1
    return begun
  }

  /** What those wait for that are due; undefined if nothing holds them up. */
  get waitsFor(): string | undefined {
    if (this.#options.book.isBroken) return 'the state directory'
    return this.#gate.isShut ? 'new keys' : undefined
  }

  /** Looks for work: call it whenever a message was queued. */
  kick(): void {
    // What can't be written down is not begun: nobody would know of it after a crash.
    if (this.#stop.signal.aborted || this.#gate.isShut || this.#options.book.isBroken) return
    const { queue, locks, uploads } = this.#options
    for (const message of queue.take((id) => !locks.isLocked(id))) this.#begin(message)
    clearTimeout(this.#timer)
    const wait = queue.untilNext()
    if (wait === undefined || this.#underWay.size >= uploads) return
    this.#timer = setTimeout(() => this.kick(), Math.max(wait, soonest))
  }

  /** Uploads what is queued, without settling, until nothing is or the time is over. */
  async drain(limit: Milliseconds): Promise<void> {
    const end = performance.now() + limit
    for (const { id } of [...this.#options.queue.all()]) this.#options.queue.dueIn(id, 0)
    this.kick()
    while (performance.now() < end && !this.#options.queue.isEmpty) {
      const soon = new Promise<void>((resolve) => setTimeout(resolve, Math.min(50, end - performance.now())))
      await Promise.race([soon, ...this.#underWay.values()])
    }
  }

  /** Aborts what is left in the bucket of files that are not uploaded any more: call it when one was cancelled. */
  sweep(): void {
    this.#leftovers.sweep()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await Promise.all([...this.#underWay.values(), this.#gate.close(), this.#leftovers.close()])
  }

  #begin(message: Message): void {
    const done = this.#try(message)
      .catch((err: unknown) => {
        // What is wrong with the journal is in the log already.
        this.#options.log.debug({ err, id: message.id }, 'An upload could not be written down; it is tried again.')
        this.#later(message.id, journalDelay)
      })
      .finally(() => {
        this.#underWay.delete(message.id)
        this.#options.queue.giveBack(message.id)
        this.#uploaded.delete(message.id)
        if (this.#options.book.get(message.id)?.upload) this.sweep()
        this.kick()
      })
    this.#underWay.set(message.id, done)
  }

  async #try(message: Message): Promise<void> {
    const patience = Math.ceil(tryPatience + message.size * patiencePerByte)
    const stop = this.#stop.signal
    const signal = AbortSignal.any([stop, AbortSignal.timeout(patience)])
    try {
      await this.#attempts.run(message, signal, stop)
    } catch (error) {
      // On the way out: what the journal says now is looked at by the next start.
      if (!stop.aborted) throw error
      await this.#leave(message.id)
    }
  }

  #noteFailure(meaning: Meaning): void {
    if (meaning === 'unknown' || meaning === 'not-taken' || meaning === 'refused') this.#hasFailed = true
    if (meaning === 'credentials') this.#gate.shut()
  }

  /** The parts that are there are of no use to the next start. */
  async #leave(id: string): Promise<void> {
    const message = this.#options.book.get(id)
    if (message?.upload && !message.attempt) {
      await this.#leftovers.abort(message, AbortSignal.timeout(lastPatience)).catch(() => undefined)
    }
  }

  /** The bucket takes files again: those that failed for the moment need not wait out their delays. */
  #wake(): void {
    const { queue, clock, random } = this.#options
    const now = clock.monotonic()
    if (!this.#hasFailed || now - this.#wokenAt < wakeEvery) return
    this.#hasFailed = false
    this.#wokenAt = now
    for (const message of [...queue.all()]) {
      const isPaused = message.error !== undefined && (queue.waitOf(message.id) ?? 0) > 1_000
      if (isPaused && !this.isUnderWay(message.id)) queue.dueIn(message.id, random() * 1_000)
    }
  }

  #later(id: string, delay: Milliseconds): void {
    const message = this.#options.book.get(id)
    if (message) this.#options.book.touch({ ...message, state: 'queued' })
    this.#options.queue.dueIn(id, delay)
  }
}
