/** Opens files of a `send/`: new ones, and those that are there, to be read or written. */
import { randomUUID } from 'node:crypto'
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Bytes, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { sendKey } from '../view/send-key.js'
import type { Bundles } from './bundles/bundles.js'
import type { MessageBook } from './disk/book.js'
import type { Descriptors } from './disk/descriptors.js'
import type { Spool } from './disk/spool.js'
import type { NameCheck } from './judging/name-check.js'
import { isLocal, pathId } from './life/message.js'
import { mustBePacked } from './life/refusal.js'
import type { Rejudging } from './judging/rejudging.js'
import type { OpenFlags, OpenSpoolFile } from './sender.js'
import type { OpenFiles } from './writing/open-files.js'

export interface OpeningOptions {
  readonly book: MessageBook
  readonly files: OpenFiles
  readonly spool: Spool
  readonly descriptors: Descriptors
  readonly names: NameCheck
  readonly bundles: Bundles
  readonly rejudging: Rejudging
  readonly root: Prefix
}

export class Opening {
  readonly #options: OpeningOptions
  #isOver = false

  constructor(options: OpeningOptions) {
    this.#options = options
  }

  /** Nothing new is written from now on. */
  end(): void {
    this.#isOver = true
  }

  /** @see Sender.create */
  async create(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<OpenSpoolFile> {
    this.#mayWrite()
    const { book, names, bundles, descriptors, rejudging, root } = this.#options
    sendKey(root, partner, path)
    bundles.mustHold(partner, path)
    const name = path.join('/')
    if (book.at(partner, name)) return this.open(partner, path, { write: true, truncate: true }, signal)
    descriptors.mustBeFree()
    const isUnchecked = await names.check(partner, name, false, signal)
    try {
      return await this.#created(partner, path, isUnchecked)
    } finally {
      // It may be a lock, also one that could not be made after all.
      await rejudging.heed()
    }
  }

  /** @see Sender.open */
  async open(partner: Partner, path: readonly Name[], flags: OpenFlags, signal: CancelSignal): Promise<OpenSpoolFile> {
    const { book, files } = this.#options
    const { id } = mustBePacked(book.found(partner, path))
    if (!flags.write) return this.#toRead(id)
    this.#mayWrite()
    return book.exclusively([id], async (write) => {
      signal.throwIfAborted()
      const before = book.allowing(id, 'reopened')
      // What was lost can be written anew; until it is cut to nothing, writes fail.
      const { file, pin } = await files.pinned(id, { isWritten: true, isLost: before.isDamaged === true })
      try {
        // Its name may be taken from it while it is open.
        await file.made()
        // Out of the queue, on disk, before a byte of it changes.
        await write([{ id, event: { type: 'reopened' } }], { by: 'open', sync: true, signal })
        if (before.state !== 'open') file.session.reopened(before)
        if (flags.truncate) await file.truncate(0, signal, write)
        return file.handle({ write: true })
      } finally {
        await pin.release()
      }
    })
  }

  /** @see Sender.truncate */
  async truncate(partner: Partner, path: readonly Name[], size: Bytes, signal: CancelSignal): Promise<void> {
    const { book, spool } = this.#options
    const { members } = book.found(partner, path)
    const file = await this.open(partner, path, { write: true, truncate: false }, signal)
    try {
      await file.truncate(size, signal)
      // An archive that could not be made, and is written anew.
      if (size === 0) for (const { id } of members ?? []) await spool.remove(id)
      await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, signal)
    } finally {
      // Nobody waits for it, as after any close(2): it is on disk, and who was told by now that he came too late would see it sent.
      file.release().catch(() => undefined)
    }
  }

  /** @throws FsError ENOENT if it has been sent or removed meanwhile */
  async #toRead(id: string): Promise<OpenSpoolFile> {
    const { book, files } = this.#options
    try {
      return (await files.pinned(id, { isWritten: false })).pin
    } catch (cause) {
      const message = book.get(id)
      if (message && isLocal(message.state)) throw cause
      throw new FsError('ENOENT', 'It has left the spool a moment ago.', { cause })
    }
  }

  #created(partner: Partner, path: readonly Name[], isUnchecked: boolean): Promise<OpenSpoolFile> {
    const { book, bundles, files, spool } = this.#options
    const { station, partner: to } = partner
    const name = path.join('/')
    const id = randomUUID()
    const names = [id, pathId(partner, name), ...bundles.lockIds(partner, path)]
    return book.exclusively(names, async (write, writeLater) => {
      bundles.mustHold(partner, path)
      if (book.at(partner, name)) throw new FsError('EEXIST', `${name} was made a moment ago.`)
      const made = [
        { id, event: { type: 'made', file: { id, station, partner: to, path: name, isUnchecked } } },
      ] as const
      const options = { by: 'create', sync: false, isNew: true } as const
      // What is in memory need not be known to anybody yet; what is in the spool must have a name.
      const named = spool.hasRoom ? writeLater(made, options) : undefined
      if (!named) await write(made, options)
      try {
        return await files.create(id, named)
      } catch (error) {
        await write([{ id, event: { type: 'cancelled' } }], { by: 'create', sync: false })
        throw error
      }
    })
  }

  #mayWrite(): void {
    if (this.#isOver) throw new FsError('ESHUTDOWN', 'The mount is being taken down: nothing new is accepted.')
  }
}
