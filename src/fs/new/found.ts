/** What is at a path of new/. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type { ObjectInfo } from '../../s3/store.js'
import type { FileId } from '../../taking/file-id.js'
import type { MadeNumber, NewPath } from '../../taking/marks.js'
import type { Taking } from '../../taking/taking.js'
import type { Name } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import type { NewInbox, NewInboxes } from './new-inboxes.js'

export type Found =
  | { readonly kind: 'folder' }
  | { readonly kind: 'made'; readonly number: MadeNumber }
  | (NewInbox & {
      readonly kind: 'inbox'
      readonly id: FileId
      readonly position: number
      readonly object: ObjectInfo
    })

/** How what is in the inbox is looked for: what was known will do where it has the path, or nothing newer. */
export type Look = 'fresh' | 'known-or-fresh' | 'known'

export class Finder {
  readonly #taking: Taking
  readonly #inboxes: NewInboxes

  constructor(taking: Taking, inboxes: NewInboxes) {
    this.#taking = taking
    this.#inboxes = inboxes
  }

  /** @throws FsError ENOENT, or why it can't be told */
  async get(partner: Partner, names: readonly Name[], look: Look, signal: CancelSignal): Promise<Found> {
    const found = await this.find(partner, names, look, signal)
    if (!found) throw new FsError('ENOENT', `There is no ${pathOf(names)} in this new/.`)
    return found
  }

  /** What was made here needs no bucket. */
  async find(partner: Partner, names: readonly Name[], look: Look, signal: CancelSignal): Promise<Found | undefined> {
    const path = pathOf(names)
    const marks = this.#taking.of(partner)
    if (path === '' || marks.folders.has(path)) return { kind: 'folder' }
    const number = marks.files.get(path)
    if (number !== undefined) return { kind: 'made', number }
    // Only what has another name is in a folder.
    if (names.length > 1 && !marks.claims.has(path)) return undefined
    if (look !== 'fresh') {
      const known = await this.#inboxes.known(partner)
      const found = known && inboxFile(known, path)
      if (found || look === 'known') return found
    }
    return inboxFile(await this.#inboxes.fresh(partner, signal), path)
  }

  /** @throws FsError ENOENT or ENOTDIR where there is no folder to make something in */
  async requireParent(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<void> {
    const parent = await this.get(partner, names.slice(0, -1), 'known', signal)
    if (parent.kind !== 'folder') throw new FsError('ENOTDIR', `${pathOf(names.slice(0, -1))} is a file.`)
  }
}

export function pathOf(names: readonly Name[]): NewPath {
  return names.join('/')
}

function inboxFile(it: NewInbox, path: NewPath): Found | undefined {
  const position = it.shown.at(path)
  if (position === undefined) return undefined
  return { kind: 'inbox', ...it, position, id: it.inbox.id(position), object: it.inbox.object(position) }
}
