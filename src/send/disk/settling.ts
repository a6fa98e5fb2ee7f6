/** Small files whose contents the journal has: their own data gets to disk later, all together, or before it becomes another. */
import { BackgroundJob } from '../../background-job.js'
import type { Logger } from '../../telemetry/log.js'
import type { Bytes, Milliseconds } from '../../units.js'
import type { JournalEntry } from '../life/entry.js'
import { orFsError } from './spool-error.js'
import type { Spool } from './spool.js'

export interface SettlingOptions {
  readonly spool: Pick<Spool, 'contents' | 'settle'>
  readonly log: Logger
}

/** In memory, and in a journal that is made anew; base64. Beyond that a file is synced when it is closed. */
const mostContents: Bytes = 4 * 1024 * 1024
/** From here on those that were closed first are synced. */
const manyContents: Bytes = mostContents / 2
/** Whoever writes such a file again waits for no more than these. */
const atOnce = 8
const againAfter: Milliseconds = 10_000

export class Settling {
  readonly #options: SettlingOptions
  readonly #job: BackgroundJob
  /** One after the other: what is written once more here must not come behind what somebody writes once it is on disk. */
  #last: Promise<void> = Promise.resolve()
  /** It is tried again in a while. */
  #hasFailed = false

  constructor(options: SettlingOptions) {
    this.#options = options
    this.#job = new BackgroundJob((stop) => this.#settleSome(stop))
  }

  /** Whether the journal may take another content. */
  get hasRoom(): boolean {
    return this.#options.spool.contents.size < mostContents
  }

  /** Whether the journal has the data of a message, and its file may not. */
  has(id: string): boolean {
    return this.#options.spool.contents.get(id) !== undefined
  }

  /** An entry is in the journal. */
  note(entry: JournalEntry): void {
    const { contents } = this.#options.spool
    contents.note(entry)
    if (contents.size > manyContents && !this.#hasFailed) this.#job.now()
  }

  /** For a journal that is made anew. */
  entries(): JournalEntry[] {
    return this.#options.spool.contents.entries()
  }

  /** The data of messages is on disk when it resolves. @throws FsError ENOSPC, EIO */
  of(ids: readonly string[]): Promise<void> {
    const done = this.#last.then(() => this.#settle(ids))
    this.#last = done.catch(() => undefined)
    return done
  }

  close(): Promise<void> {
    return this.#job.stop()
  }

  async #settle(ids: readonly string[]): Promise<void> {
    const { spool } = this.#options
    const { contents } = spool
    const before = ids.map((id) => [id, contents.get(id)] as const).filter(([, content]) => content !== undefined)
    await orFsError(() => spool.settle(before.map(([id]) => id)))
    // One that was closed again meanwhile may not be.
    for (const [id, content] of before) if (contents.get(id) === content) contents.drop(id)
  }

  async #settleSome(stop: AbortSignal): Promise<void> {
    const { log } = this.#options
    const { contents } = this.#options.spool
    this.#hasFailed = false
    while (contents.size > manyContents && !stop.aborted) {
      const closed = contents.ids.filter((id) => !contents.isOpen(id)).slice(0, atOnce)
      if (closed.length === 0) return
      try {
        await this.of(closed)
      } catch (err) {
        log.warn({ err }, 'Small files of the spool could not be synced: the journal keeps what is in them.')
        this.#hasFailed = true
        this.#job.in(againAfter)
        return
      }
    }
  }
}
