/** What is in a folder of a `send/`, and in folders in it. */
import { isHiddenName } from '../../hidden-name.js'
import type { Partner } from '../../view/partner.js'
import type { MessageBook } from '../disk/book.js'
import type { Happening } from '../life/events.js'
import type { Message } from '../life/message.js'

export class FolderFiles {
  readonly #book: MessageBook

  constructor(book: MessageBook) {
    this.#book = book
  }

  /** Those that are shown. */
  shown(partner: Partner, folder: string): Message[] {
    return this.all(partner, folder).filter((it) => !isHiddenName(it.path))
  }

  /** Files that were removed, and that somebody has open: only the stock binding shows them here. */
  hidden(partner: Partner, folder: string): Message[] {
    return this.all(partner, folder).filter((it) => isHiddenName(it.path))
  }

  /** What happens to hidden ones as their folder goes, with which libfuse can't remove them any more. */
  dropped(hidden: readonly Message[]): Happening[] {
    const still = hidden.filter(({ id }) => (this.#book.get(id)?.state ?? 'gone') !== 'gone')
    return still.map(({ id }) => ({ id, event: { type: 'dropped' } }))
  }

  all(partner: Partner, folder: string): Message[] {
    return [...this.#book.index.of(partner)].filter((it) => it.path.startsWith(`${folder}/`))
  }

  /** Paths of folders in it, below `send/`. */
  folders(partner: Partner, folder: string): string[] {
    const names = Array.from(this.#book.bundles(partner), (it) => it.name)
    return names.filter((it) => it.startsWith(`${folder}/`))
  }
}
