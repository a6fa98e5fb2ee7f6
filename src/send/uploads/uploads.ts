/** The door of this room: takes queued files to the bucket, and clears away what is left there of those that are not uploaded. */
import { timeLimit, within } from '../../patience.js'
import type { Logger } from '../../telemetry/log.js'
import type { Bytes, Milliseconds, Prefix } from '../../units.js'
import { sendPrefix } from '../../view/tree.js'
import type { Message } from '../life/message.js'
import { isPassing, type Fate } from './fate.js'
import { KeysGate } from './keys-gate.js'
import { Leftovers } from './leftovers.js'
import { UploadQueue, type RunOptions } from './queue.js'
import { Tries, type TriesOptions } from './tries.js'
import type { Turns } from './turns.js'

export interface UploadsOptions extends Omit<TriesOptions, 'leftovers' | 'onFailed'> {
  readonly turns: Turns
  readonly root: Prefix
  /** Whether it is known that nothing beside a file keeps it from being sent. */
  readonly isHeeded: (id: string) => boolean
  /** Nothing is changed in the bucket: what waits goes on waiting. */
  readonly readOnly?: boolean
  readonly log: Logger
}

/** One try may take this long, and so much for each byte: no request of it is given less. */
const tryPatience: Milliseconds = 15 * 60_000
const patiencePerByte: Milliseconds = 1
/** On the way out, for the abort of what was begun. */
const lastPatience: Milliseconds = 2_000
/** After an outage all that waits is due at once; not again within this, should single files go on failing. */
const hastenEvery: Milliseconds = 10_000

export class Uploads {
  readonly #options: UploadsOptions
  readonly #queue: UploadQueue
  readonly #tries: Tries
  readonly #gate: KeysGate
  readonly #leftovers: Leftovers
  /** Something failed for the moment since an upload was last taken. */
  #hasFailed = false
  #hastenedAt: Milliseconds = -hastenEvery

  constructor(options: UploadsOptions) {
    this.#options = options
    const { turns, book, root, isHeeded, clock, random } = options
    this.#gate = new KeysGate({ ...options, prefix: sendPrefix(root), onOpen: () => this.kick() })
    this.#queue = new UploadQueue({
      run: (id, run) => this.#try(id, run),
      onOver: (id) => this.#clearUp(id),
      isFree: (id) => !book.isLocked(id) && isHeeded(id),
      // What can't be written down is not begun: nobody would know of it after a crash.
      wanting: () => {
        if (options.readOnly === true) return 'a mount without --read-only'
        return book.isBroken ? 'the state directory' : this.#gate.isShut ? 'new keys' : undefined
      },
      turns,
      clock,
      random,
    })
    this.#leftovers = new Leftovers({ ...options, isUnderWay: (id) => this.isUnderWay(id) })
    this.#tries = new Tries({
      ...options,
      leftovers: this.#leftovers,
      onSubmitted: (message) => this.#onSubmitted(message),
      onFailed: (fate) => this.#onFailed(fate),
    })
  }

  /** Looks for work: call it whenever a message was queued. */
  kick(): void {
    this.#queue.kick()
  }

  /** Nobody changes some of them any more. */
  freed(): void {
    this.#queue.freed()
  }

  /** Whether it is on its way, or about to be: then nobody else may change it. */
  isUnderWay(id: string): boolean {
    return this.#queue.isRunning(id) && !this.#tries.isAsking(id)
  }

  /** Whether it is its turn, be it that something is only asked yet. */
  isTried(id: string): boolean {
    return this.#queue.isRunning(id)
  }

  /** Bytes of a message that are in the bucket already, while it is being uploaded. */
  uploaded(id: string): Bytes {
    return this.#queue.progress(id)
  }

  /** Those that are on their way of which the journal does not say so yet. */
  begun(): readonly string[] {
    return [...this.#queue.running()].filter(
      (id) => this.isUnderWay(id) && this.#options.book.get(id)?.state === 'queued',
    )
  }

  /** What those wait for that are due; undefined if nothing holds them up. */
  get waitsFor(): string | undefined {
    return this.#queue.waitsFor
  }

  /** Uploads what is queued, without settling, until nothing is or the time is over. */
  async drain(limit: Milliseconds): Promise<void> {
    if (this.#options.readOnly !== true) await this.#queue.drain(limit)
  }

  /** Aborts what is left in the bucket of files that are not uploaded any more: call it when one was cancelled. */
  sweep(): void {
    if (this.#options.readOnly !== true) this.#leftovers.sweep()
  }

  async close(): Promise<void> {
    await Promise.all([this.#queue.close(), this.#gate.close(), this.#leftovers.close()])
  }

  /** @throws FsError if what became of it could not be written down: it is tried again, and looked for first */
  async #try(id: string, { signal: stop, onProgress }: RunOptions): Promise<void> {
    const { book, ownership, turns, log } = this.#options
    await ownership.check()
    const message = book.get(id)
    if (!message) return
    const patience = Math.ceil(tryPatience + message.size * patiencePerByte)
    try {
      const wait = await within(patience, [stop, ownership.lost], (signal) =>
        this.#tries.run(message, { signal, stop, onProgress }),
      )
      if (wait !== undefined) turns.dueIn(id, wait)
    } catch (err) {
      // On the way out: what the journal says now is looked at by the next start.
      if (stop.aborted) return this.#leave(id)
      // What is wrong with the journal is in the log already.
      log.debug({ err, id }, 'An upload could not be written down; it is tried again.')
      if (book.get(id)?.state === 'uploading') book.touch(id, { type: 'put-off' })
      throw err
    }
  }

  /** Of a file that is not under way any more. */
  #clearUp(id: string): void {
    if (this.#options.book.get(id)?.upload) this.sweep()
  }

  /** The parts that are there are of no use to the next start. */
  async #leave(id: string): Promise<void> {
    const message = this.#options.book.get(id)
    if (message?.upload && !message.attempt) {
      await this.#leftovers.abort(message, timeLimit(lastPatience)).catch(() => undefined)
    }
  }

  #onFailed(fate: Fate): void {
    if (isPassing(fate)) this.#hasFailed = true
    if (fate === 'credentials') this.#gate.shut()
  }

  /** The bucket takes files: those that failed for the moment need not wait out their pauses. */
  #onSubmitted(message: Message): void {
    const { onSubmitted, clock } = this.#options
    onSubmitted(message)
    const now = clock.monotonic()
    if (!this.#hasFailed || now - this.#hastenedAt < hastenEvery) return
    this.#hasFailed = false
    this.#hastenedAt = now
    this.#queue.hasten()
  }
}
