/** The spool files that are open, one for each message, whoever opened it how often. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, Milliseconds } from '../../units.js'
import type { Locks } from '../disk/locks.js'
import type { MessageBook } from '../disk/book.js'
import { SharedFile, type EndOfWriting } from './open-file.js'
import type { OpenSpoolFile } from '../sender.js'
import type { Spool, SpoolFile } from '../disk/spool.js'

export interface OpenFilesOptions {
  readonly book: MessageBook
  readonly locks: Locks
  readonly spool: Spool
  readonly clock: Clock
  /** The last writer has closed a file: asks for the end of writing once nobody else can open it. */
  readonly onClosed: (id: string, endOfWriting: () => EndOfWriting | undefined) => Promise<void>
}

export class OpenFiles {
  readonly #options: OpenFilesOptions
  readonly #open = new Map<string, SharedFile>()

  constructor(options: OpenFilesOptions) {
    this.#options = options
  }

  /** @throws FsError if the spool can't be written */
  async create(id: string): Promise<OpenSpoolFile> {
    return this.#share(id, await this.#options.spool.create(id), true).handle({ write: true })
  }

  /**
   * The file with a handle for reading, without which its last release could close it at any time.
   * @param isLost whether its data may be gone, and is to be written anew
   */
  async pinned(
    id: string,
    { isLost } = { isLost: false },
  ): Promise<{ readonly file: SharedFile; readonly pin: OpenSpoolFile }> {
    let file = this.#open.get(id)
    if (!file) {
      const opened = await this.#options.spool.open(id, { isLost })
      file = this.#open.get(id)
      if (file) await opened.close()
      else file = this.#share(id, opened, false)
    }
    return { file, pin: file.handle({ write: false }) }
  }

  /** Of one that is open, undefined if it is not. */
  size(id: string): Bytes | undefined {
    return this.#open.get(id)?.size
  }

  /** Whether somebody has it open for writing. */
  isWritten(id: string): boolean {
    return this.#open.get(id)?.isWritten === true
  }

  /** Whether all that was written to it was closed by somebody. */
  isFlushed(id: string): boolean {
    return this.#open.get(id)?.isFlushed === true
  }

  /** Nobody has anything open any more, or the patience is over. */
  async idle(patience: Milliseconds): Promise<void> {
    const timer = new AbortController()
    const late = delay(patience, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([late, Promise.all([...this.#open.values()].map((it) => it.idle))])
    timer.abort()
  }

  /** It is certain that nobody has anything open, though the kernel did not tell. */
  async endWriting(): Promise<void> {
    for (const file of [...this.#open.values()]) await file.endWriting()
  }

  #share(id: string, file: SpoolFile, isNew: boolean): SharedFile {
    const { book, locks, clock, onClosed } = this.#options
    const shared: SharedFile = new SharedFile({
      ...{ id, file, book, locks, clock, isNew },
      onClosed: () => onClosed(id, () => shared.endOfWriting()),
      onIdle: () => {
        if (this.#open.get(id) === shared) this.#open.delete(id)
      },
    })
    this.#open.set(id, shared)
    return shared
  }
}
