/** A `new/`: what is in it, and what is read there. Changes are `new-changes.ts`'s. */
import type { CancelSignal } from '../../cancellation.js'
import type { Objects } from '../../data/objects.js'
import { FsError } from '../../errors.js'
import type { Listing } from '../../listing/listing.js'
import type { ObjectInfo } from '../../s3/store.js'
import type { MadeNumber, ModeOwner, NewPath } from '../../taking/marks.js'
import type { Taking } from '../../taking/taking.js'
import type { Bytes, EpochMs, Milliseconds, Name, Prefix } from '../../units.js'
import type { Partner } from '../../view/partner.js'
import { viewPrefix } from '../../view/tree.js'
import { entryModes } from '../attributes.js'
import type { FileDescription } from '../file-description.js'
import type { Attributes, Changing, DirectoryEntry, FolderContent, OpenRequest } from '../filesystem.js'
import { versionOf } from '../version.js'
import { pathOf, type Finder, type Found } from './found.js'
import type { FreshInbox, NewInboxes } from './new-inboxes.js'

export const newFileMode = entryModes.changing
const newFolderMode = 0o755
const writeBits = 0o222

export interface NewFolderOptions {
  readonly listing: Listing
  readonly objects: Objects
  readonly taking: Taking
  readonly inboxes: NewInboxes
  readonly finder: Finder
  readonly root: Prefix
  /** When it was mounted, by the bucket's time. */
  readonly since: EpochMs
}

export class NewFolder {
  readonly #options: NewFolderOptions

  constructor(options: NewFolderOptions) {
    this.#options = options
  }

  async getattr(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<Attributes> {
    if (names.length === 0) return this.#ownAttributes(partner, signal)
    return this.#attributes(partner, await this.#options.finder.get(partner, names, 'fresh', signal))
  }

  async readdir(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<FolderContent> {
    const { finder, inboxes } = this.#options
    const folder = pathOf(names)
    if (names.length > 0 && (await finder.get(partner, names, 'known-or-fresh', signal)).kind !== 'folder') {
      throw new FsError('ENOTDIR', `${folder} is a file.`)
    }
    const { inbox, shown, freshUntil } = await inboxes.fresh(partner, signal)
    const marks = this.#options.taking.of(partner)
    const entries: DirectoryEntry[] = []
    // What is elsewhere, or under another name, may be so no longer when something else changes.
    let isSettled = names.length === 0 && marks.modes.size === 0
    for (const { position, name } of shown.in(folder)) {
      isSettled &&= shown.isOwn(position, name)
      const { size, mtime } = inbox.object(position)
      const mode = marks.modes.size === 0 ? undefined : marks.modes.get(inbox.id(position))
      entries.push({ kind: 'file', ...modeOf(mode), size, mtime, identity: inbox.identity(position), name })
    }
    const changing = isSettled ? this.#changing(partner, { inbox, freshUntil }, entries.length) : undefined
    entries.push(...this.#made(partner, folder))
    return changing ? Object.assign(entries, { changing }) : entries
  }

  #changing(
    partner: Partner,
    { inbox, freshUntil }: Pick<FreshInbox, 'inbox' | 'freshUntil'>,
    entries: number,
  ): Changing {
    const { taking, inboxes } = this.#options
    const { changes } = taking
    // It goes when nobody else needs it.
    const before = new WeakRef(inbox)
    const renewed = async (signal: CancelSignal): Promise<Milliseconds | undefined> => {
      const now = await inboxes.fresh(partner, signal)
      return now.inbox === before.deref() ? now.freshUntil : undefined
    }
    return { freshUntil, entries, isSo: () => taking.changes === changes, renewed }
  }

  async open(
    partner: Partner,
    names: readonly Name[],
    request: OpenRequest,
    signal: CancelSignal,
  ): Promise<FileDescription> {
    const found = await this.#options.finder.get(partner, names, 'fresh', signal)
    if (found.kind === 'folder') throw new FsError('EISDIR', `${pathOf(names)} is a folder.`)
    const { mode } = this.#attributes(partner, found)
    if (request.write && (mode & writeBits) === 0) throw new FsError('EACCES', `${pathOf(names)} is read-only.`)
    if (found.kind === 'inbox') return this.#openInbox(found, request)
    if (request.truncate) await this.#options.taking.made.truncate(found.number, 0)
    return this.openMade(found.number)
  }

  /** What a program has made. */
  async openMade(number: MadeNumber): Promise<FileDescription> {
    const { made } = this.#options.taking
    await made.open(number)
    return {
      // It is read past the page cache: by another name, somebody else may write to it.
      content: 'rendered',
      read: (position, length) => made.read(number, position, length),
      write: (bytes, position) => made.write(number, bytes, position),
      truncate: (size) => made.truncate(number, size),
      flush: () => Promise.resolve(),
      fsync: () => made.sync(number),
      release: () => made.close(number),
    }
  }

  /** The object behind a file of the inbox; undefined: it is something else. @throws FsError ENOENT */
  async object(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<ObjectInfo | undefined> {
    const found = await this.#options.finder.get(partner, names, 'fresh', signal)
    return found.kind === 'inbox' ? found.object : undefined
  }

  /** @see Filesystem.sizeOfOpen */
  sizeOfOpen(identity: string): Bytes | undefined {
    const [kind, number] = identity.split('/')
    return kind === madeIdentity ? this.#options.taking.made.of(Number(number))?.size : undefined
  }

  /** Whether something is kept here that would be lost with the partner. */
  isBusy(partner: Partner): boolean {
    const { files, folders } = this.#options.taking.of(partner)
    return files.size > 0 || folders.size > 0
  }

  async #ownAttributes(partner: Partner, signal: CancelSignal): Promise<Attributes> {
    const { listing, root, since } = this.#options
    // Never listed for this, as other views are not. @see Views
    const known = await listing.glance(viewPrefix(root, partner, 'inbox'), signal)
    return folderAttributes(Math.max(since, known?.lookup([])?.mtime ?? 0))
  }

  #attributes(partner: Partner, found: Found): Attributes {
    if (found.kind === 'folder') return folderAttributes(this.#options.since)
    if (found.kind === 'made') return this.#madeAttributes(partner, found.number)
    const { size, mtime } = found.object
    const identity = found.inbox.identity(found.position)
    return { kind: 'file', ...modeOf(this.#mode(partner, found.id)), size, mtime, identity }
  }

  #madeAttributes(partner: Partner, number: MadeNumber): Attributes {
    const { taking } = this.#options
    const { size = 0, mtime = 0 } = taking.made.of(number) ?? {}
    const identity = `${madeIdentity}/${number}`
    const links = taking.of(partner).linksOf(number)
    return { kind: 'file', ...modeOf(this.#mode(partner, `#${number}`)), size, mtime, identity, links }
  }

  #mode(partner: Partner, owner: ModeOwner): number | undefined {
    return this.#options.taking.of(partner).modes.get(owner)
  }

  /** Folders and files that programs have made in a folder. */
  #made(partner: Partner, folder: NewPath): DirectoryEntry[] {
    const { files, folders } = this.#options.taking.of(partner)
    const before = folder === '' ? '' : `${folder}/`
    const isIn = (path: NewPath): boolean => path.startsWith(before) && !path.includes('/', before.length)
    const nameOf = (path: NewPath): string => path.slice(before.length)
    return [
      ...[...folders].filter(isIn).map((it) => ({ ...folderAttributes(this.#options.since), name: nameOf(it) })),
      ...[...files]
        .filter(([path]) => isIn(path))
        .map(([path, number]) => ({ ...this.#madeAttributes(partner, number), name: nameOf(path) })),
    ]
  }

  #openInbox({ object: info, position, inbox, shown }: Found & { kind: 'inbox' }, { truncate, write }: OpenRequest) {
    if (truncate) throw unchangeable(info.key)
    function* ahead(): Generator<ObjectInfo, undefined> {
      for (const next of shown.after(position)) yield inbox.object(next)
    }
    const object = this.#options.objects.open(info, ahead)
    const refuse = (): Promise<never> => Promise.reject(unchangeable(info.key))
    const file: FileDescription = {
      // What is written to a mapping would stay in the page cache for all readers, though it is refused: none is to be had.
      content: write ? 'rendered' : { version: versionOf(info), size: info.size },
      held: () => object.held(),
      readBy: (reader) => object.readBy(reader),
      read: (start, length, signal) => object.read({ start, end: start + length }, signal),
      // Programs open for writing to see whether somebody writes yet, and lock what they have opened.
      write: refuse,
      truncate: refuse,
      flush: () => Promise.resolve(),
      fsync: () => Promise.resolve(),
      release: async (answered) => object.close(answered),
    }
    return file
  }
}

const madeIdentity = 'made'

function folderAttributes(mtime: EpochMs): Attributes {
  return { kind: 'folder', mode: newFolderMode, size: 0, mtime }
}

/** What a program has set is not less the umask. */
function modeOf(set: number | undefined): Pick<Attributes, 'mode' | 'isModeSet'> {
  return set === undefined ? { mode: newFileMode } : { mode: set, isModeSet: true }
}

export function unchangeable(key: string): FsError {
  return new FsError('EROFS', `${key} was received: it can be read, moved and removed here, not changed.`)
}
