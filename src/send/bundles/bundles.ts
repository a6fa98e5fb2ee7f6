/** Folders made in a `send/`: their files are never sent by themselves, a folder renamed to `.zip` is one message. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { FsError } from '../../errors.js'
import { isHiddenName } from '../../hidden-name.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds, Name, Prefix } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { sendKey } from '../../view/send-key.js'
import { fitsArchive } from './archive.js'
import type { Beside } from '../life/beside.js'
import type { Happening } from '../life/events.js'
import type { Holding } from '../life/holding.js'
import { pathId, type Bundle, type Message } from '../life/message.js'
import type { MessageBook, Write } from '../disk/book.js'
import type { NameCheck } from '../life/name-check.js'
import type { OpenFiles } from '../writing/open-files.js'
import type { Packer } from './packer.js'
import type { Spool } from '../disk/spool.js'

export interface BundlesOptions {
  readonly book: MessageBook
  readonly files: Pick<OpenFiles, 'isWritten' | 'isFlushed'>
  readonly spool: Spool
  readonly names: NameCheck
  readonly holding: Holding
  readonly beside: Beside
  readonly packer: Packer
  readonly root: Prefix
  readonly log: Logger
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

export class Bundles {
  readonly #options: BundlesOptions

  constructor(options: BundlesOptions) {
    this.#options = options
  }

  /** Folders of a partner, and those in them: paths below `send/`. */
  folders(partner: Partner): readonly string[] {
    return Array.from(this.#options.book.bundles(partner), (it) => it.name)
  }

  has(partner: Partner, path: readonly Name[]): boolean {
    return this.#options.book.bundle(partner, path.join('/')) !== undefined
  }

  /** @throws FsError ENOENT if the folder that a file is to be in is not there */
  mustHold(partner: Partner, path: readonly Name[]): void {
    const folder = path.slice(0, -1)
    if (folder.length === 0 || this.has(partner, folder)) return
    throw new FsError('ENOENT', `There is no folder ${folder.join('/')} here.`)
  }

  /** What to lock while something is put at a path: the folder must not be sent meanwhile. */
  lockIds(partner: Partner, path: readonly Name[]): string[] {
    return path.length > 1 ? [pathId(partner, path.slice(0, -1).join('/'))] : []
  }

  async mkdir(partner: Partner, path: readonly Name[]): Promise<void> {
    const { root, book } = this.#options
    sendKey(root, partner, path)
    const { station, partner: to } = partner
    const name = path.join('/')
    await book.exclusively([pathId(partner, name), ...this.lockIds(partner, path)], async (write) => {
      this.mustHold(partner, path)
      if (book.at(partner, name) ?? book.bundle(partner, name)) throw new FsError('EEXIST', `${name} is there already.`)
      await write([], { by: 'mkdir', sync: true, isNew: true, made: [{ station, partner: to, name }] })
    })
  }

  async rmdir(partner: Partner, path: readonly Name[]): Promise<void> {
    const { book } = this.#options
    const name = path.join('/')
    const hidden = this.#hidden(partner, name)
    const ids = hidden.map((it) => it.id)
    await book.exclusively([pathId(partner, name), ...this.lockIds(partner, path), ...ids], async (write) => {
      if (this.#files(partner, name).length > 0 || this.#foldersIn(partner, name).length > 0) {
        throw new FsError('ENOTEMPTY', `${name} is not empty.`)
      }
      const bundle = book.bundle(partner, name)
      if (!bundle) throw new FsError('ENOENT', `There is no folder ${name} here.`)
      await write(this.#dropped(hidden), { by: 'rmdir', sync: true, removed: [bundle] })
    })
    for (const { id } of hidden) await this.#options.spool.remove(id)
  }

  /**
   * A folder that gets a name ending in .zip is sent as one. When it resolves, its files and what is to become of them are
   * on disk, and the archive is made in the background.
   * @throws FsError ENOTSUP for other names (mv would read EINVAL as 'into itself'), EXDEV within folders (mv then
   * copies), ENOTEMPTY or EEXIST over another folder, ENODATA where there is nothing in it, EBUSY while a file of it looks unfinished, EIO for one that is not complete, EEXIST for a duplicate
   */
  async send(partner: Partner, from: readonly Name[], to: readonly Name[], signal: AbortSignal): Promise<void> {
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

  async #send(partner: Partner, from: readonly Name[], to: readonly Name[], signal: AbortSignal): Promise<void> {
    const { root, book, names, packer } = this.#options
    const archive = archiveName(from, to)
    sendKey(root, partner, to)
    const folder = from.join('/')
    const isUnchecked = await names.check(partner, archive, true, signal)
    const found = await this.#closedFiles(partner, folder, signal)
    const folders = [folder, ...this.#foldersIn(partner, folder)]
    const ids = [archive, ...folders].map((path) => pathId(partner, path))
    await book.exclusively([...ids, ...found.map((it) => it.id)], async (write) => {
      signal.throwIfAborted()
      const files = this.#mayBeSent(partner, folder, archive)
      if (!sameFiles(files, found)) throw new FsError('EBUSY', 'A file of it was changed a moment ago.')
      await this.#write(write, partner, files, { folder, archive, isUnchecked })
    })
    packer.kick()
  }

  /** The files of a folder, when those that are being closed are: not one that is being written. */
  async #closedFiles(partner: Partner, folder: string, signal: AbortSignal): Promise<Message[]> {
    const begin = performance.now()
    for (;;) {
      const files = this.#files(partner, folder)
      const open = files.filter((it) => it.state === 'open')
      const patience = Math.min(...open.map((it) => this.#patienceWith(it)))
      if (open.length === 0 || performance.now() - begin >= patience || signal.aborted) return files
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
    const files = this.#files(partner, folder)
    if (files.length === 0) throw new FsError('ENODATA', 'There is no file in it.')
    if (this.#options.beside.isLocked(partner, folder)) throw new FsError('EBUSY', 'A lock file stands beside it.')
    for (const file of files) this.#mayBeMember(file, file.path.slice(folder.length + 1))
    return files
  }

  /** rename(2) would put a folder over an empty one: what can't be taken back is not done in passing. */
  #mustBeNoFolder(partner: Partner, name: string): void {
    if (!this.#options.book.bundle(partner, name)) return
    if (this.#all(partner, name).length + this.#foldersIn(partner, name).length === 0) {
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
    { folder, archive, isUnchecked }: { folder: string; archive: string; isUnchecked: boolean },
  ): Promise<void> {
    const { station, partner: to } = partner
    const id = randomUUID()
    const members = files.map(({ id, path, size, mtime }) => ({ id, name: path.slice(folder.length + 1), size, mtime }))
    const bundled: Happening = {
      id,
      event: { type: 'bundled', archive: { id, station, partner: to, path: archive, isUnchecked, members } },
    }
    const packed = files.map((it): Happening => ({ id: it.id, event: { type: 'packed', into: archive } }))
    const removed = [folder, ...this.#foldersIn(partner, folder)].map((name): Bundle => ({
      station,
      partner: to,
      name,
    }))
    const dropped = this.#dropped(this.#hidden(partner, folder))
    await write([bundled, ...packed, ...dropped], { by: 'rename', sync: true, removed })
    for (const it of dropped) await this.#options.spool.remove(it.id)
  }

  #files(partner: Partner, folder: string): Message[] {
    return this.#all(partner, folder).filter((it) => !isHiddenName(it.path))
  }

  /** Files that were removed, and that somebody has open: only the stock binding shows them here. */
  #hidden(partner: Partner, folder: string): Message[] {
    return this.#all(partner, folder).filter((it) => isHiddenName(it.path))
  }

  /** As they are once libfuse can't remove them any more: their folder is gone. */
  #dropped(hidden: readonly Message[]): Happening[] {
    const still = hidden.filter(({ id }) => (this.#options.book.get(id)?.state ?? 'gone') !== 'gone')
    return still.map(({ id }) => ({ id, event: { type: 'dropped' } }))
  }

  #all(partner: Partner, folder: string): Message[] {
    return [...this.#options.book.index.of(partner)].filter((it) => it.path.startsWith(`${folder}/`))
  }

  #foldersIn(partner: Partner, folder: string): string[] {
    return this.folders(partner).filter((it) => it.startsWith(`${folder}/`))
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
