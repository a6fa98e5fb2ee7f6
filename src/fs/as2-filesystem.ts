/** The filesystem: each operation finds its place in the tree and is passed on to the part that knows it. */
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { within } from '../patience.js'
import type { Bytes, Milliseconds, Name } from '../units.js'
import { idOfNewFolder, parsePath, type Place } from '../view/tree.js'
import type { DirectoryOfPartners } from './directory-of-partners.js'
import type {
  Attributes,
  Close,
  Filesystem,
  FilesystemFigures,
  FolderContent,
  Opened,
  OpenRequest,
  Renamed,
  Times,
} from './filesystem.js'
import type { FileDescription } from './file-description.js'
import { HandleTable, type OpenFiles, type OpenKind } from './handles.js'
import type { NewChanges } from './new/new-changes.js'
import type { NewFolder } from './new/new-folder.js'
import type { ReadOnlyPlace, ReadOnlyTree } from './read-only-tree.js'
import type { SendFolder } from './send-folder.js'
import type { Partner } from '../view/partner.js'

/** W_OK and X_OK of access(2). */
const writable = 2
const executable = 1
/** What may be run has one of these, what may be written the other. */
const executeBits = 0o111
const writeBits = 0o222

/**
 * While a folder is made or removed the kernel lets nobody look into the one that it is in: that must not wait for a bucket that
 * hangs as long as others do.
 */
const folderPatience: Milliseconds = 10_000

export interface As2FilesystemOptions {
  readonly tree: ReadOnlyTree
  readonly send: SendFolder
  readonly fresh: { readonly folder: NewFolder; readonly changes: NewChanges }
  readonly partners: DirectoryOfPartners
  /** `--read-only`: `send/` too refuses every change. */
  readonly readOnly: boolean
  readonly figures: () => Promise<FilesystemFigures>
}

/** Where programs may change something. */
type WritablePlace = Extract<Place, { kind: 'send' | 'new' }>
/** The folder of a station or a partner. */
type OwnerPlace = Extract<Place, { kind: 'station' | 'partner' }>

export class As2Filesystem implements Filesystem {
  readonly #tree: ReadOnlyTree
  readonly #send: SendFolder
  readonly #new: NewFolder
  readonly #newChanges: NewChanges
  readonly #partners: DirectoryOfPartners
  readonly #readOnly: boolean
  readonly #figures: () => Promise<FilesystemFigures>
  readonly #handles = new HandleTable()

  constructor(options: As2FilesystemOptions) {
    this.#tree = options.tree
    this.#send = options.send
    this.#new = options.fresh.folder
    this.#newChanges = options.fresh.changes
    this.#partners = options.partners
    this.#readOnly = options.readOnly
    this.#figures = options.figures
  }

  /** What programs have open. */
  get openFiles(): OpenFiles {
    return this.#handles.counts
  }

  async getattr(path: string, signal: CancelSignal): Promise<Attributes> {
    const place = parsePath(path)
    if (!isWritable(place)) return this.#tree.getattr(place, signal)
    const partner = await this.#partners.find(place, signal)
    return (place.kind === 'send' ? this.#send : this.#new).getattr(partner, place.names, signal)
  }

  async readdir(path: string, signal: CancelSignal): Promise<FolderContent> {
    const place = parsePath(path)
    if (!isWritable(place)) return this.#tree.readdir(place, signal)
    const partner = await this.#partners.find(place, signal)
    return (place.kind === 'send' ? this.#send : this.#new).readdir(partner, place.names, signal)
  }

  async access(path: string, mode: number, signal: CancelSignal): Promise<void> {
    const attributes = await this.getattr(path, signal)
    // To root, too, the kernel says so of a disk.
    if ((mode & executable) !== 0 && (attributes.mode & executeBits) === 0) {
      throw new FsError('EACCES', `${path} is no program.`)
    }
    if ((mode & writable) === 0) return
    const place = parsePath(path)
    if (!isWritable(place) && place.kind !== 'root' && place.kind !== 'station') throw readOnlyView(path)
    if (this.#readOnly) throw mountedReadOnly()
    if (isWritable(place) && (attributes.mode & writeBits) === 0) {
      const why = place.kind === 'send' ? 'is submitted' : 'was made read-only'
      throw new FsError('EACCES', `${path} ${why}: it can be read, not changed.`)
    }
  }

  async open(path: string, request: OpenRequest, signal: CancelSignal): Promise<Opened> {
    const place = parsePath(path)
    if (isWritable(place)) {
      if (request.write && this.#readOnly) throw mountedReadOnly()
      const partner = await this.#partners.find(place, signal)
      const folder = place.kind === 'send' ? this.#send : this.#new
      return this.#opened(await folder.open(partner, place.names, request, signal), place.kind)
    }
    if (request.write) throw readOnlyView(path)
    const kind = place.kind === 'control-file' ? 'daemon' : 'object'
    return this.#opened(await this.#tree.open(place, signal), kind)
  }

  async create(path: string, signal: CancelSignal): Promise<number> {
    const { kind, partner, names } = await this.#writable(path, signal)
    const folder = kind === 'send' ? this.#send : this.#newChanges
    return this.#handles.add(await folder.create(partner, names, signal), kind)
  }

  async read(handle: number, position: Bytes, length: Bytes, signal: CancelSignal): Promise<Uint8Array> {
    return this.#handles.get(handle).read(position, length, signal)
  }

  async write(handle: number, bytes: Uint8Array, position: Bytes, signal: CancelSignal): Promise<number> {
    return this.#handles.get(handle).write(bytes, position, signal)
  }

  async truncate(path: string, size: Bytes, signal: CancelSignal): Promise<void> {
    const { kind, partner, names } = await this.#writable(path, signal)
    await (kind === 'send' ? this.#send : this.#newChanges).truncate(partner, names, size, signal)
  }

  async ftruncate(handle: number, size: Bytes, signal: CancelSignal): Promise<void> {
    return this.#handles.get(handle).truncate(size, signal)
  }

  async flush(handle: number, close: Close, signal: CancelSignal): Promise<void> {
    return this.#handles.get(handle).flush(close, signal)
  }

  async fsync(handle: number, signal: CancelSignal): Promise<void> {
    return this.#handles.get(handle).fsync(signal)
  }

  async disown(handle: number): Promise<void> {
    const file = this.#handles.take(handle)
    await (file?.disown ? file.disown() : file?.release())
  }

  async release(handle: number, answered?: number): Promise<void> {
    await this.#handles.take(handle)?.release(answered)
  }

  async rename(from: string, to: string, signal: CancelSignal): Promise<Renamed> {
    const [source, target] = [await this.#writable(from, signal), await this.#writable(to, signal)]
    if (source.kind !== target.kind || !isSame(source.partner, target.partner)) {
      throw new FsError('EXDEV', 'A file is renamed within one folder only: copy it.')
    }
    if (source.kind === 'send') return this.#send.rename(source.partner, source.names, target.names, signal)
    await this.#newChanges.rename(source.partner, source.names, target.names, signal)
    return { isPacked: false }
  }

  async link(from: string, to: string, signal: CancelSignal): Promise<void> {
    const [source, target] = [await this.#writable(from, signal), await this.#writable(to, signal)]
    if (source.kind === 'send' || target.kind === 'send') throw plainFilesOnly()
    if (!isSame(source.partner, target.partner)) throw new FsError('EXDEV', 'A file has names in one new/ only.')
    await this.#newChanges.link(source.partner, source.names, target.names, signal)
  }

  async unlink(path: string, signal: CancelSignal): Promise<void> {
    const { kind, partner, names } = await this.#writable(path, signal)
    await (kind === 'send' ? this.#send : this.#newChanges).unlink(partner, names, signal)
  }

  sizeOfOpen(identity: string): Bytes | undefined {
    return this.#send.sizeOfOpen(identity) ?? this.#new.sizeOfOpen(identity)
  }

  async mkdir(path: string, signal: CancelSignal): Promise<void> {
    const place = parsePath(path)
    if (place.kind !== 'station' && place.kind !== 'partner') {
      const { kind, partner, names } = await this.#writable(path, signal)
      return (kind === 'send' ? this.#send : this.#newChanges).mkdir(partner, names, signal)
    }
    if (this.#readOnly) throw mountedReadOnly()
    await within(folderPatience, signal, (own) => this.#makeOwner(place, path, own))
  }

  async rmdir(path: string, signal: CancelSignal): Promise<void> {
    const place = parsePath(path)
    if (place.kind !== 'station' && place.kind !== 'partner') {
      const { kind, partner, names } = await this.#writable(path, signal)
      return (kind === 'send' ? this.#send : this.#newChanges).rmdir(partner, names, signal)
    }
    if (this.#readOnly) throw mountedReadOnly()
    await within(folderPatience, signal, (own) => this.#removeOwner(place, own))
  }

  async utimens(path: string, times: Times, signal: CancelSignal): Promise<void> {
    const { kind, partner, names } = await this.#writable(path, signal)
    if (times.mtime !== undefined && names.length > 0) {
      await (kind === 'send' ? this.#send : this.#newChanges).setMtime(partner, names, times.mtime, signal)
    }
  }

  async setattr(path: string, mode: number | undefined, signal: CancelSignal): Promise<void> {
    const { kind, partner, names } = await this.#writable(path, signal)
    if (kind === 'new' && mode !== undefined) await this.#newChanges.setMode(partner, names, mode, signal)
    else await this.getattr(path, signal)
  }

  refuse(path: string, operation: 'symlink' | 'mknod' | 'setxattr'): Promise<never> {
    if (operation === 'setxattr') return Promise.reject(new FsError('ENOTSUP', 'Extended attributes are not kept.'))
    return Promise.reject(isWritable(parsePath(path)) ? plainFilesOnly() : readOnlyView(path))
  }

  statfs(): Promise<FilesystemFigures> {
    return this.#figures()
  }

  async #makeOwner(place: OwnerPlace, path: string, signal: CancelSignal): Promise<void> {
    if (await this.#isThere(place, signal)) throw new FsError('EEXIST', `${path} is there already.`)
    if (place.kind === 'station') return this.#partners.make(newId(place.station))
    const station = await this.#partners.findStation(place.station, signal)
    await this.#partners.make(station, newId(place.partner))
  }

  async #removeOwner(place: OwnerPlace, signal: CancelSignal): Promise<void> {
    const station = await this.#partners.findStation(place.station, signal)
    if (place.kind === 'station') return this.#partners.forget(station, undefined, signal)
    const partner = await this.#partners.find(place, signal)
    if (this.#send.isBusy(partner)) throw new FsError('ENOTEMPTY', 'Files wait in its send/.')
    if (this.#new.isBusy(partner)) throw new FsError('ENOTEMPTY', 'Something was made in its new/.')
    await this.#partners.forget(station, partner.partner, signal)
  }

  async #isThere(place: ReadOnlyPlace, signal: CancelSignal): Promise<boolean> {
    try {
      await this.#tree.getattr(place, signal)
      return true
    } catch (error) {
      if (error instanceof FsError && error.code === 'ENOENT') return false
      throw error
    }
  }

  #opened(file: FileDescription, kind: OpenKind): Opened {
    return {
      handle: this.#handles.add(file, kind),
      content: file.content,
      held: file.held && (() => file.held?.()),
      readBy: file.readBy && ((reader) => file.readBy?.(reader)),
    }
  }

  /** The place of a path that something is to be changed at. @throws FsError EROFS outside `send/` and `new/` */
  async #writable(
    path: string,
    signal: CancelSignal,
  ): Promise<{ kind: WritablePlace['kind']; partner: Partner; names: readonly Name[] }> {
    const place = parsePath(path)
    if (!isWritable(place)) throw readOnlyView(path)
    if (this.#readOnly) throw mountedReadOnly()
    return { kind: place.kind, partner: await this.#partners.find(place, signal), names: place.names }
  }
}

function isSame(one: Partner, other: Partner): boolean {
  return one.station === other.station && one.partner === other.partner
}

function isWritable(place: Place): place is WritablePlace {
  return place.kind === 'send' || place.kind === 'new'
}

function newId(name: Name): string {
  const id = idOfNewFolder(name)
  if (id === undefined) throw new FsError('EINVAL', `${name} can't be an AS2 id.`)
  return id
}

function readOnlyView(path: string): FsError {
  return new FsError('EROFS', `${path} can only be read; files are sent through send/.`)
}

function plainFilesOnly(): FsError {
  return new FsError('EPERM', 'send/ and new/ hold plain files only.')
}

function mountedReadOnly(): FsError {
  return new FsError('EROFS', 'The mount is read-only (--read-only).')
}
