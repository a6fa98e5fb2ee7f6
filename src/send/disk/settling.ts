/** Small files whose contents the journal has: their own data gets to disk later, all together, or before it becomes another. */
import type { CancelSignal } from '../../cancellation.js'
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
/** From here on those that were closed first are synced, until so much is left: who writes some hundred files in one go does not wait for it. */
const manyContents: Bytes = (mostContents / 8) * 5
const enoughContents: Bytes = (mostContents / 8) * 3
/** Whoever writes such a file again waits for no more than these. */
const atOnce = 8
const againAfter: Milliseconds = 10_000
/** Most are sent, and needed no more, before they have stood in the journal alone for twice as long. */
const lingerFor: Milliseconds = 5_000
/** Nobody waits for those, and others need the disk. */
const between: Milliseconds = 100

export class Settling {
  readonly #options: SettlingOptions
  readonly #job: BackgroundJob
  /** One after the other: what is written once more here must not come behind what somebody writes once it is on disk. */
  #last: Promise<void> = Promise.resolve()
  /** It is tried again in a while. */
  #hasFailed = false
  /** Those that were there when it was looked at last. */
  #before: ReadonlySet<string> = new Set()
  /** When it is looked for those that linger; undefined: not as long as there is nothing. */
  #dueAt: Milliseconds | undefined

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
    this.#options.spool.contents.note(entry)
    this.kick()
  }

  /** What is there is looked at in a while, or at once. */
  kick(): void {
    const { contents } = this.#options.spool
    if (contents.size === 0 || this.#hasFailed) return
    if (contents.size > manyContents) this.#job.now()
    else if (this.#dueAt === undefined) this.#lookLater(lingerFor)
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

  /** All that was closed is on disk by itself, where it can be: whatever reads the spool next need not know of contents. Never throws. */
  async end(): Promise<void> {
    await this.#job.stop()
    for (let ids = this.#closed(); ids.length > 0; ids = this.#closed()) {
      if (await this.#hasFailedToSettle(ids)) return
    }
  }

  async #settle(ids: readonly string[]): Promise<void> {
    const { spool } = this.#options
    const { contents } = spool
    const before = ids.map((id) => [id, contents.get(id)] as const).filter(([, content]) => content !== undefined)
    await orFsError(() => spool.settle(before.map(([id]) => id)))
    // One that was closed again meanwhile may not be.
    for (const [id, content] of before) if (contents.get(id) === content) contents.drop(id)
  }

  #lookLater(after: Milliseconds): void {
    this.#dueAt = performance.now() + after
    this.#job.in(after)
  }

  async #settleSome(stop: CancelSignal): Promise<void> {
    const { contents } = this.#options.spool
    let hasFailed = false
    const enough = contents.size > manyContents ? enoughContents : Infinity
    while (contents.size > enough && !stop.aborted && !hasFailed) {
      const closed = this.#closed()
      if (closed.length === 0) break
      hasFailed = await this.#hasFailedToSettle(closed)
    }
    const wait = (this.#dueAt ?? 0) - performance.now()
    const lingering = wait > 0 ? [] : this.#closed((id) => this.#before.has(id))
    if (!hasFailed && !stop.aborted && lingering.length > 0) hasFailed = await this.#hasFailedToSettle(lingering)
    this.#hasFailed = hasFailed
    this.#dueAt = undefined
    if (contents.size > 0) this.#lookLater(hasFailed ? againAfter : wait > 0 ? wait : this.#next(lingering.length))
  }

  /** @param lingering how many were settled just now @returns when it is looked for the next ones */
  #next(lingering: number): Milliseconds {
    if (lingering === atOnce) return between
    this.#before = new Set(this.#options.spool.contents.ids)
    return lingerFor
  }

  /** Those that were closed first, and are to be settled together. */
  #closed(isMeant: (id: string) => boolean = () => true): readonly string[] {
    const { contents } = this.#options.spool
    return contents.ids.filter((id) => isMeant(id) && !contents.isOpen(id)).slice(0, atOnce)
  }

  /** @returns whether it has failed */
  async #hasFailedToSettle(ids: readonly string[]): Promise<boolean> {
    try {
      await this.of(ids)
      return false
    } catch (err) {
      const { log } = this.#options
      log.warn({ err }, 'Small files of the spool could not be synced: the journal keeps what is in them.')
      return true
    }
  }
}
