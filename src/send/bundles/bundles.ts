/** Folders made in a `send/`: their files are never sent by themselves. `folder-sending.ts` sends one as a whole. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type { Name, Prefix } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { sendKey } from '../../view/send-key.js'
import type { MessageBook } from '../disk/book.js'
import type { Spool } from '../disk/spool.js'
import { pathId } from '../life/message.js'
import { FolderFiles } from './folder-files.js'

export interface BundlesOptions {
  readonly book: MessageBook
  readonly spool: Spool
  readonly root: Prefix
}

export class Bundles {
  readonly #options: BundlesOptions
  readonly #files: FolderFiles

  constructor(options: BundlesOptions) {
    this.#options = options
    this.#files = new FolderFiles(options.book)
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

  async mkdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void> {
    const { root, book } = this.#options
    sendKey(root, partner, path)
    const { station, partner: to } = partner
    const name = path.join('/')
    await book.exclusively([pathId(partner, name), ...this.lockIds(partner, path)], async (write) => {
      this.mustHold(partner, path)
      if (book.at(partner, name) ?? book.bundle(partner, name)) throw new FsError('EEXIST', `${name} is there already.`)
      const made = [{ station, partner: to, name }]
      await write([], { by: 'mkdir', sync: true, isNew: true, made, signal })
    })
  }

  async rmdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void> {
    const { book } = this.#options
    const name = path.join('/')
    const hidden = this.#files.hidden(partner, name)
    const ids = hidden.map((it) => it.id)
    await book.exclusively([pathId(partner, name), ...this.lockIds(partner, path), ...ids], async (write) => {
      if (this.#files.shown(partner, name).length > 0 || this.#files.folders(partner, name).length > 0) {
        throw new FsError('ENOTEMPTY', `${name} is not empty.`)
      }
      const bundle = book.bundle(partner, name)
      if (!bundle) throw new FsError('ENOENT', `There is no folder ${name} here.`)
      await write(this.#files.dropped(hidden), { by: 'rmdir', sync: true, removed: [bundle], signal })
    })
    for (const { id } of hidden) await this.#options.spool.remove(id)
  }
}
