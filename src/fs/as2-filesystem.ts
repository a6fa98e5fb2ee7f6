/** The filesystem: each operation finds its place in the tree and is passed on to the part that knows it. */
import { FsError } from '../errors.js'
import type { Bytes, Name } from '../units.js'
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
import { HandleTable } from './handles.js'
import type { ReadOnlyPlace, ReadOnlyTree } from './read-only-tree.js'
import type { SendFolder } from './send-folder.js'
import type { Partner } from '../view/partner.js'

/** W_OK and X_OK of access(2). */
const writable = 2
const executable = 1
/** What may be run has one of these, what may be written the other. */
const executeBits = 0o111
const writeBits = 0o222

export interface As2FilesystemOptions {
  readonly tree: ReadOnlyTree
  readonly send: SendFolder
  readonly partners: DirectoryOfPartners
  /** `--read-only`: `send/` too refuses every change. */
  readonly readOnly: boolean
  readonly figures: () => Promise<FilesystemFigures>
}

type SendPlace = Extract<Place, { kind: 'send' }>

export class As2Filesystem implements Filesystem {
  readonly #tree: ReadOnlyTree
  readonly #send: SendFolder
  readonly #partners: DirectoryOfPartners
  readonly #readOnly: boolean
  readonly #figures: () => Promise<FilesystemFigures>
  readonly #handles = new HandleTable()

  constructor(options: As2FilesystemOptions) {
    this.#tree = options.tree
    this.#send = options.send
    this.#partners = options.partners
    this.#readOnly = options.readOnly
    this.#figures = options.figures
  }

  async getattr(path: string, signal: AbortSignal): Promise<Attributes> {
    const place = parsePath(path)
    if (place.kind !== 'send') return this.#tree.getattr(place, signal)
    const partner = await this.#partners.find(place, signal)
    return this.#send.getattr(partner, place.names, signal)
  }

  async readdir(path: string, signal: AbortSignal): Promise<FolderContent> {
    const place = parsePath(path)
    if (place.kind !== 'send') return this.#tree.readdir(place, signal)
    const partner = await this.#partners.find(place, signal)
    return this.#send.readdir(partner, place.names, signal)
  }

  async access(path: string, mode: number, signal: AbortSignal): Promise<void> {
    const attributes = await this.getattr(path, signal)
    // To root, too, the kernel says so of a disk.
    if ((mode & executable) !== 0 && (attributes.mode & executeBits) === 0) {
      throw new FsError('EACCES', `${path} is no program.`)
    }
    if ((mode & writable) === 0) return
    const { kind } = parsePath(path)
    if (kind !== 'send' && kind !== 'root' && kind !== 'station') throw readOnlyView(path)
    if (this.#readOnly) throw mountedReadOnly()
    if (kind === 'send' && (attributes.mode & writeBits) === 0) {
      throw new FsError('EACCES', `${path} is submitted: it can be read, not changed.`)
    }
  }

  async open(path: string, request: OpenRequest, signal: AbortSignal): Promise<Opened> {
    const place = parsePath(path)
    if (place.kind === 'send') {
      if (request.write && this.#readOnly) throw mountedReadOnly()
      const partner = await this.#partners.find(place, signal)
      return this.#opened(await this.#send.open(partner, place.names, request, signal))
    }
    if (request.write) throw readOnlyView(path)
    return this.#opened(await this.#tree.open(place, signal))
  }

  async create(path: string, signal: AbortSignal): Promise<number> {
    const { partner, names } = await this.#sendPlace(path, signal)
    return this.#handles.add(await this.#send.create(partner, names, signal))
  }

  async read(handle: number, position: Bytes, length: Bytes, signal: AbortSignal): Promise<Uint8Array> {
    return this.#handles.get(handle).read(position, length, signal)
  }

  async write(handle: number, bytes: Uint8Array, position: Bytes, signal: AbortSignal): Promise<number> {
    return this.#handles.get(handle).write(bytes, position, signal)
  }

  async truncate(path: string, size: Bytes, signal: AbortSignal): Promise<void> {
    const { partner, names } = await this.#sendPlace(path, signal)
    await this.#send.truncate(partner, names, size, signal)
  }

  async ftruncate(handle: number, size: Bytes): Promise<void> {
    return this.#handles.get(handle).truncate(size)
  }

  async flush(handle: number, close: Close, signal: AbortSignal): Promise<void> {
    return this.#handles.get(handle).flush(close, signal)
  }

  async fsync(handle: number): Promise<void> {
    return this.#handles.get(handle).fsync()
  }

  async release(handle: number): Promise<void> {
    await this.#handles.take(handle)?.release()
  }

  async rename(from: string, to: string, signal: AbortSignal): Promise<Renamed> {
    const source = await this.#sendPlace(from, signal)
    const target = await this.#sendPlace(to, signal)
    if (!isSame(source.partner, target.partner)) {
      throw new FsError('EXDEV', 'A file is renamed within one send/ only: copy it to another partner.')
    }
    return this.#send.rename(source.partner, source.names, target.names, signal)
  }

  async unlink(path: string, signal: AbortSignal): Promise<void> {
    const { partner, names } = await this.#sendPlace(path, signal)
    await this.#send.unlink(partner, names, signal)
  }

  sizeOfOpen(identity: string): Bytes | undefined {
    return this.#send.sizeOfOpen(identity)
  }

  async mkdir(path: string, signal: AbortSignal): Promise<void> {
    const place = parsePath(path)
    if (place.kind !== 'station' && place.kind !== 'partner') {
      const { partner, names } = await this.#sendPlace(path, signal)
      return this.#send.mkdir(partner, names, signal)
    }
    if (this.#readOnly) throw mountedReadOnly()
    if (await this.#isThere(place, signal)) throw new FsError('EEXIST', `${path} is there already.`)
    if (place.kind === 'station') return this.#partners.make(newId(place.station))
    const station = await this.#partners.findStation(place.station, signal)
    await this.#partners.make(station, newId(place.partner))
  }

  async rmdir(path: string, signal: AbortSignal): Promise<void> {
    const place = parsePath(path)
    if (place.kind !== 'station' && place.kind !== 'partner') {
      const { partner, names } = await this.#sendPlace(path, signal)
      return this.#send.rmdir(partner, names, signal)
    }
    if (this.#readOnly) throw mountedReadOnly()
    const station = await this.#partners.findStation(place.station, signal)
    if (place.kind === 'station') return this.#partners.forget(station, undefined, signal)
    const partner = await this.#partners.find(place, signal)
    if (this.#send.isBusy(partner)) throw new FsError('ENOTEMPTY', 'Files wait in its send/.')
    await this.#partners.forget(station, partner.partner, signal)
  }

  async utimens(path: string, times: Times, signal: AbortSignal): Promise<void> {
    const { partner, names } = await this.#sendPlace(path, signal)
    if (times.mtime !== undefined && names.length > 0) {
      await this.#send.setMtime(partner, names, times.mtime, signal)
    }
  }

  async setattr(path: string, signal: AbortSignal): Promise<void> {
    await this.#sendPlace(path, signal)
    await this.getattr(path, signal)
  }

  refuse(path: string, operation: 'link' | 'symlink' | 'mknod' | 'setxattr'): Promise<never> {
    if (operation === 'setxattr') return Promise.reject(new FsError('ENOTSUP', 'Extended attributes are not kept.'))
    if (parsePath(path).kind !== 'send') return Promise.reject(readOnlyView(path))
    return Promise.reject(new FsError('EPERM', 'A send/ holds plain files only.'))
  }

  statfs(): Promise<FilesystemFigures> {
    return this.#figures()
  }

  async #isThere(place: ReadOnlyPlace, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#tree.getattr(place, signal)
      return true
    } catch (error) {
      if (error instanceof FsError && error.code === 'ENOENT') return false
      throw error
    }
  }

  #opened(file: FileDescription): Opened {
    return { handle: this.#handles.add(file), content: file.content }
  }

  /** The place of a path that something is to be changed at. @throws FsError EROFS outside `send/` */
  async #sendPlace(path: string, signal: AbortSignal): Promise<{ partner: Partner; names: readonly Name[] }> {
    const place: SendPlace = requireSend(path)
    if (this.#readOnly) throw mountedReadOnly()
    return { partner: await this.#partners.find(place, signal), names: place.names }
  }
}

function isSame(one: Partner, other: Partner): boolean {
  return one.station === other.station && one.partner === other.partner
}

function requireSend(path: string): SendPlace {
  const place = parsePath(path)
  if (place.kind !== 'send') throw readOnlyView(path)
  return place
}

function newId(name: Name): string {
  const id = idOfNewFolder(name)
  if (id === undefined) throw new FsError('EINVAL', `${name} can't be an AS2 id.`)
  return id
}

function readOnlyView(path: string): FsError {
  return new FsError('EROFS', `${path} can only be read; files are sent through send/.`)
}

function mountedReadOnly(): FsError {
  return new FsError('EROFS', 'The mount is read-only (--read-only).')
}
