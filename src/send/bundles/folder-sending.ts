/** A folder that is renamed to `.zip` is sent as one message: whether it may be, and what is written down then. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds, Name, Prefix } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { sendKey } from '../../view/send-key.js'
import type { MessageBook, Write } from '../disk/book.js'
import type { Spool } from '../disk/spool.js'
import type { Beside } from '../life/beside.js'
import type { Happening } from '../life/events.js'
import type { Holding } from '../life/holding.js'
import { pathId, type Bundle, type Message } from '../life/message.js'
import type { NameCheck } from '../judging/name-check.js'
import type { OpenFiles } from '../writing/open-files.js'
import { fitsArchive } from './archive.js'
import { FolderFiles } from './folder-files.js'
import type { Packer } from './packer.js'

export interface FolderSendingOptions {
  readonly book: MessageBook
  readonly files: Pick<OpenFiles, 'isWritten' | 'isFlushed'>
  readonly spool: Spool
  readonly names: NameCheck
  readonly holding: Holding
  readonly beside: Beside
  readonly packer: Packer
  readonly root: Prefix
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

/** What is to be written down. */
interface Folding {
  readonly folder: string
  readonly archive: string
  readonly isUnchecked: boolean
  readonly signal: CancelSignal
}

/**
 * The kernel tells of a last close a moment after close(2) has returned, and that is written down then: `cp -r … && mv …` must
 * not be too fast. So long is waited for a file that nobody has open any more, for one whose last close that seems to be,
 * and for one that was closed, by whoever else it may be open. Meanwhile the kernel lets nobody look into `send/`.
 */
const patienceWith: Readonly<Record<'released' | 'complete' | 'flushed', Milliseconds>> = {
  released: 10_000,
  complete: 1_000,
  flushed: 100,
}
const lookEvery: Milliseconds = 5

export class FolderSending {
  readonly #options: FolderSendingOptions
  readonly #files: FolderFiles

  constructor(options: FolderSendingOptions) {
    this.#options = options
    this.#files = new FolderFiles(options.book)
  }

  /**
   * A folder that gets a name ending in .zip is sent as one. When it resolves, its files and what is to become of them are
   * on disk, and the archive is made in the background.
   * @throws FsError ENOTSUP for other names (mv would read EINVAL as 'into itself'), EXDEV within folders (mv then
   * copies), ENOTEMPTY or EEXIST over another folder, ENODATA where there is nothing in it, EBUSY while a file of it looks unfinished, EIO for one that is not complete, EEXIST for a duplicate
   */
  async send(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    try {
      await this.#send(partner, from, to, signal)
    } catch (error) {
      // The kernel hands on no more than a number.
      if (error instanceof FsError && error.code !== 'EXDEV') {
        this.#options.log.warn(`${from.join('/')} is not sent as ${to.join('/')}: ${error.message}`)
      }
      throw error
    }
  }

  async #send(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    const { root, book, names, packer } = this.#options
    const archive = archiveName(from, to)
    sendKey(root, partner, to)
    const folder = from.join('/')
    const isUnchecked = await names.check(partner, archive, true, signal)
    const found = await this.#closedFiles(partner, folder, signal)
    const folders = [folder, ...this.#files.folders(partner, folder)]
    const ids = [archive, ...folders].map((path) => pathId(partner, path))
    await book.exclusively([...ids, ...found.map((it) => it.id)], async (write) => {
      // A disk that hangs is waited for before there is anything that could not be taken back.
      await book.synced()
      signal.throwIfAborted()
      const files = this.#mayBeSent(partner, folder, archive)
      if (!sameFiles(files, found)) throw new FsError('EBUSY', 'A file of it was changed a moment ago.')
      await this.#write(write, partner, files, { folder, archive, isUnchecked, signal })
    })
    packer.kick()
  }

  /** The files of a folder, when those that are being closed are: not one that is being written. */
  async #closedFiles(partner: Partner, folder: string, signal: CancelSignal): Promise<Message[]> {
    const { clock } = this.#options
    const begin = clock.monotonic()
    for (;;) {
      const files = this.#files.shown(partner, folder)
      const open = files.filter((it) => it.state === 'open')
      const patience = Math.min(...open.map((it) => this.#patienceWith(it)))
      if (open.length === 0 || clock.monotonic() - begin >= patience || signal.aborted) return files
      await delay(lookEvery)
    }
  }

  /** 0: it is no use. */
  #patienceWith({ id, isComplete }: Message): Milliseconds {
    const { book, files } = this.#options
    if (book.isBroken) return 0
    if (!files.isWritten(id)) return patienceWith.released
    if (isComplete === true) return patienceWith.complete
    return files.isFlushed(id) ? patienceWith.flushed : 0
  }

  #mayBeSent(partner: Partner, folder: string, archive: string): Message[] {
    const { book } = this.#options
    if (!book.bundle(partner, folder)) throw new FsError('ENOENT', `There is no folder ${folder} here.`)
    if (book.at(partner, archive)) throw new FsError('EEXIST', `${archive} is there already.`)
    this.#mustBeNoFolder(partner, archive)
    const files = this.#files.shown(partner, folder)
    if (files.length === 0) throw new FsError('ENODATA', 'There is no file in it.')
    if (this.#options.beside.isLocked(partner, folder)) throw new FsError('EBUSY', 'A lock file stands beside it.')
    for (const file of files) this.#mayBeMember(file, file.path.slice(folder.length + 1))
    return files
  }

  /** rename(2) would put a folder over an empty one: what can't be taken back is not done in passing. */
  #mustBeNoFolder(partner: Partner, name: string): void {
    if (!this.#options.book.bundle(partner, name)) return
    if (this.#files.all(partner, name).length + this.#files.folders(partner, name).length === 0) {
      throw new FsError('EEXIST', `${name} is a folder here: remove it.`)
    }
    throw new FsError('ENOTEMPTY', `${name} is a folder here, and not empty: rename or remove it.`)
  }

  /** Nothing half-written goes out, in an archive neither. */
  #mayBeMember(file: Message, name: string): void {
    const { holding, beside } = this.#options
    if (file.isDamaged === true) throw new FsError('EIO', `${name} is not complete: ${file.error}`)
    if (file.state !== 'held') throw new FsError('EBUSY', `${name} is still being written.`)
    if (file.reason !== 'bundle') {
      throw new FsError('EBUSY', `${name} may be incomplete: release it with as2fs queue, or write it again.`)
    }
    if (name.split('/').some((it) => holding.looksUnfinished(it))) {
      throw new FsError('EBUSY', `${name} looks unfinished: rename or remove it.`)
    }
    if (beside.isLocked(file, file.path)) throw new FsError('EBUSY', `A lock file stands beside ${name}.`)
    if (holding.triggeredBy(file.path) !== undefined) {
      throw new FsError('EBUSY', `${name} is a trigger, which is never sent: remove it, and make one for the archive.`)
    }
    if (file.size === 0 && holding.isEmptyHeld) throw new FsError('ENODATA', `${name} is empty (--empty).`)
    if (!fitsArchive(name)) throw new FsError('ENOTSUP', `${name} can't be unpacked everywhere: rename it.`)
  }

  async #write(
    write: Write,
    partner: Partner,
    files: readonly Message[],
    { folder, archive, isUnchecked, signal }: Folding,
  ): Promise<void> {
    const { station, partner: to } = partner
    const id = randomUUID()
    const members = files.map(({ id, path, size, mtime }) => ({ id, name: path.slice(folder.length + 1), size, mtime }))
    const bundled: Happening = {
      id,
      event: { type: 'bundled', archive: { id, station, partner: to, path: archive, isUnchecked, members } },
    }
    const packed = files.map((it): Happening => ({ id: it.id, event: { type: 'packed', into: archive } }))
    const removed = [folder, ...this.#files.folders(partner, folder)].map((name): Bundle => ({
      station,
      partner: to,
      name,
    }))
    const dropped = this.#files.dropped(this.#files.hidden(partner, folder))
    await write([bundled, ...packed, ...dropped], { by: 'rename', sync: true, removed, signal })
    for (const it of dropped) await this.#options.spool.remove(it.id)
  }
}

function archiveName(from: readonly Name[], to: readonly Name[]): string {
  const [name = ''] = to
  if (to.length === 1 && name.toLowerCase().endsWith('.zip') && name.length > '.zip'.length) return name
  if (to.length > 1 || from.length > 1) throw new FsError('EXDEV', 'Folders are not moved: copy it.')
  throw new FsError('ENOTSUP', 'A folder is sent by renaming it to a name that ends in .zip.')
}

function sameFiles(a: readonly Message[], b: readonly Message[]): boolean {
  const ids = new Set(b.map((it) => it.id))
  return a.length === b.length && a.every((it) => ids.has(it.id))
}
