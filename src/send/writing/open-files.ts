/** The spool files that are open, one for each message, whoever opened it how often. */
import { inTime } from '../../patience.js'
import type { Bytes, Milliseconds } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { Spool } from '../disk/spool.js'
import type { SpoolFile } from '../disk/spool-file.js'
import type { OpenSpoolFile } from '../sender.js'
import type { LastCloses } from './last-closes.js'
import { SharedFile } from './shared-file.js'
import { WritingSession } from './writing-session.js'

export interface OpenFilesOptions {
  readonly book: MessageBook
  readonly spool: Spool
  /** Told when the last writer has closed a file. */
  readonly lastCloses: LastCloses
}

export class OpenFiles {
  readonly #options: OpenFilesOptions
  readonly #open = new Map<string, SharedFile>()
  /** Whoever ends it again waits for the first as well. */
  #ending: Promise<unknown> = Promise.resolve()

  constructor(options: OpenFilesOptions) {
    this.#options = options
  }

  /**
   * @param named resolves when the journal knows of it
   * @throws FsError if the spool can't be written
   */
  async create(id: string, named?: () => Promise<void>): Promise<OpenSpoolFile> {
    const { book, spool } = this.#options
    const forget = (): Promise<void> =>
      book.exclusively([id], async (write) => {
        if (book.get(id)?.state !== 'open') return
        await write([{ id, event: { type: 'cancelled' } }], { by: 'create', sync: false })
        await spool.remove(id)
      })
    const file = await spool.create(id, named)
    return this.#share(file, WritingSession.ofNew(id, 0, book), forget).handle({ write: true })
  }

  /**
   * The file with a handle for reading, without which its last release could close it at any time.
   * @param isLost whether its data may be gone, and is to be written anew
   */
  async pinned(
    id: string,
    { isWritten, isLost = false }: { readonly isWritten: boolean; readonly isLost?: boolean },
  ): Promise<{ readonly file: SharedFile; readonly pin: OpenSpoolFile }> {
    const open = this.#open.get(id)
    if (open) return { file: open, pin: open.handle({ write: false }) }
    const { spool } = this.#options
    const opened = await (isWritten ? spool.open(id, { isLost }) : spool.read(id))
    const meanwhile = this.#open.get(id)
    const file = meanwhile ?? this.#share(opened, this.#session(id, opened.size))
    // At once: whoever else has it open may be the last to close it, while ours is closed.
    const pin = file.handle({ write: false })
    // Nothing was written through it.
    if (meanwhile) await opened.close().catch(() => undefined)
    return { file, pin }
  }

  /** One that is open is in the spool when it resolves. @throws FsError ENOSPC, EIO */
  async made(id: string): Promise<void> {
    await this.#open.get(id)?.made()
  }

  /** Of one that is open, undefined if it is not. */
  size(id: string): Bytes | undefined {
    return this.#open.get(id)?.size
  }

  /** Whether somebody has it open for writing. */
  isWritten(id: string): boolean {
    return this.#open.get(id)?.session.writers.isEmpty === false
  }

  /** Whether all that was written to it was closed by somebody. */
  isFlushed(id: string): boolean {
    return this.#open.get(id)?.session.isFlushed === true
  }

  /** Nobody has anything open any more, or the patience is over. */
  async idle(patience: Milliseconds): Promise<void> {
    await inTime(Promise.all([...this.#open.values()].map((it) => it.idle)), patience)
  }

  /**
   * Nobody writes to anything any more, though the kernel did not tell.
   * @param isProof it is certain that nobody has anything open
   */
  async endWriting(isProof: boolean): Promise<void> {
    this.#ending = Promise.all([this.#ending, ...[...this.#open.values()].map((it) => it.endWriting(isProof))])
    await this.#ending
  }

  #session(id: string, size: Bytes): WritingSession {
    return this.#options.lastCloses.unfinished(id) ?? new WritingSession(id, size, this.#options.book)
  }

  #share(file: SpoolFile, session: WritingSession, forget?: () => Promise<void>): SharedFile {
    const shared: SharedFile = new SharedFile({
      file,
      session,
      lastCloses: this.#options.lastCloses,
      ...(forget && { forget }),
      onIdle: () => {
        if (this.#open.get(session.id) === shared) this.#open.delete(session.id)
      },
    })
    this.#open.set(session.id, shared)
    return shared
  }
}
