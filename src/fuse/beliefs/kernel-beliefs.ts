/**
 * The filesystem as the kernel must be told of it. What it was told it believes for a second (`believed-for.ts`), and what is
 * open it goes on calling by some name: here is all that follows from that; `fs/` tells what is so now.
 *
 * - A folder that became an archive stays a folder for a second (`packed-folders.ts`).
 * - What is removed or replaced while it is open is shown to those who have it open (`displaced-files.ts`).
 * - What is opened in the belief that it is there, and is not, is stale: the kernel looks it up anew then.
 *
 * How large a file is in the kernel's eyes the binding knows: it is a number of the kernel's node there, as folders of a hundred
 * thousand entries are told of without a call to JavaScript. An object that is opened with another size is read past
 * the page cache (`choose_cache` in `native/replies.c`), one of another version without its old pages.
 */
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type {
  Attributes,
  Close,
  DirectoryEntry,
  Filesystem,
  FilesystemFigures,
  FolderContent,
  Opened,
  OpenRequest,
  Renamed,
  Times,
} from '../../fs/filesystem.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes } from '../../units.js'
import { DisplacedFiles } from './displaced-files.js'
import { PackedFolders } from './packed-folders.js'

export class KernelBeliefs implements Filesystem {
  readonly #fs: Filesystem
  readonly #packed: PackedFolders
  readonly #displaced = new DisplacedFiles()

  constructor(fs: Filesystem, clock: Clock) {
    this.#fs = fs
    this.#packed = new PackedFolders(clock)
  }

  /**
   * What is open at a path is about to be removed or replaced.
   * @param as how the kernel calls it from now on, until `unlink` of that, whether or not it comes to this
   * @returns false: nothing there can be removed or replaced, so it keeps its name
   */
  async displace(path: string, as: string, signal: CancelSignal): Promise<boolean> {
    const attributes = await this.getattr(path, signal).catch(absent)
    if (attributes?.identity === undefined) return false
    const { identity } = attributes
    this.#displaced.add(this.#displaced.pathOf(path), as, { ...attributes, identity })
    return true
  }

  async getattr(path: string, signal: CancelSignal): Promise<Attributes> {
    const nameless = this.#displaced.nameless(path)
    if (nameless) return { ...nameless, size: this.#fs.sizeOfOpen(nameless.identity) ?? nameless.size }
    const attributes = await this.#fs.getattr(this.#displaced.pathOf(path), signal)
    return this.#packed.asBelieved(path, attributes)
  }

  async readdir(path: string, signal: CancelSignal): Promise<FolderContent> {
    if (this.#packed.has(path)) return []
    const content = await this.#fs.readdir(path, signal)
    return this.#packed.isEmpty ? content : this.#withPacked(path, content)
  }

  async access(path: string, mode: number, signal: CancelSignal): Promise<void> {
    // Of a folder all may be done; of what has no name any longer, what could be done by it.
    if (this.#displaced.nameless(path)) return
    if (this.#packed.has(path)) await this.#fs.getattr(path, signal)
    else await this.#fs.access(this.#displaced.pathOf(path), mode, signal)
  }

  async open(path: string, request: OpenRequest, signal: CancelSignal): Promise<Opened> {
    try {
      return await this.#fs.open(this.#displaced.pathOf(path), request, signal)
    } catch (error) {
      absent(error)
      // The kernel looks anew then, and creates what is to be.
      throw new FsError('ESTALE', `${path} is there no longer.`, { cause: error })
    }
  }

  async create(path: string, signal: CancelSignal): Promise<number> {
    const handle = await this.#fs.create(path, signal)
    this.#packed.remove(path)
    return handle
  }

  async mkdir(path: string, signal: CancelSignal): Promise<void> {
    await this.#fs.mkdir(path, signal)
    this.#packed.remove(path)
  }

  async rename(from: string, to: string, signal: CancelSignal): Promise<Renamed> {
    const source = this.#displaced.pathOf(from)
    const renamed = await this.#fs.rename(source, to, signal)
    const isPacked = renamed.isPacked || this.#packed.has(from)
    this.#displaced.renamed(source, to)
    this.#packed.remove(from)
    if (isPacked) this.#packed.add(to)
    else this.#packed.remove(to)
    return renamed
  }

  /** Of what was displaced: its last close. */
  async unlink(path: string, signal: CancelSignal): Promise<void> {
    if (this.#displaced.remove(path)) return
    await this.#fs.unlink(path, signal)
    this.#displaced.removed(path)
    this.#packed.remove(path)
  }

  async truncate(path: string, size: Bytes, signal: CancelSignal): Promise<void> {
    await this.#fs.truncate(this.#displaced.pathOf(path), size, signal)
  }

  async utimens(path: string, times: Times, signal: CancelSignal): Promise<void> {
    if (!this.#displaced.nameless(path)) await this.#fs.utimens(this.#displaced.pathOf(path), times, signal)
  }

  async setattr(path: string, mode: number | undefined, signal: CancelSignal): Promise<void> {
    if (!this.#displaced.nameless(path)) await this.#fs.setattr(this.#displaced.pathOf(path), mode, signal)
  }

  link(from: string, to: string, signal: CancelSignal): Promise<void> {
    return this.#fs.link(this.#displaced.pathOf(from), to, signal)
  }

  read(handle: number, position: Bytes, length: Bytes, signal: CancelSignal): Promise<Uint8Array> {
    return this.#fs.read(handle, position, length, signal)
  }

  write(handle: number, bytes: Uint8Array, position: Bytes, signal: CancelSignal): Promise<number> {
    return this.#fs.write(handle, bytes, position, signal)
  }

  ftruncate(handle: number, size: Bytes, signal: CancelSignal): Promise<void> {
    return this.#fs.ftruncate(handle, size, signal)
  }

  flush(handle: number, close: Close, signal: CancelSignal): Promise<void> {
    return this.#fs.flush(handle, close, signal)
  }

  fsync(handle: number, signal: CancelSignal): Promise<void> {
    return this.#fs.fsync(handle, signal)
  }

  disown(handle: number): Promise<void> {
    return this.#fs.disown(handle)
  }

  release(handle: number, answered?: number): Promise<void> {
    return this.#fs.release(handle, answered)
  }

  rmdir(path: string, signal: CancelSignal): Promise<void> {
    return this.#fs.rmdir(path, signal)
  }

  refuse(path: string, operation: Parameters<Filesystem['refuse']>[1]): Promise<never> {
    return this.#fs.refuse(path, operation)
  }

  statfs(signal: CancelSignal): Promise<FilesystemFigures> {
    return this.#fs.statfs(signal)
  }

  sizeOfOpen(identity: string): Bytes | undefined {
    return this.#fs.sizeOfOpen(identity)
  }

  #withPacked(path: string, content: FolderContent): FolderContent {
    const { freshUntil, following } = content
    const told = (it: DirectoryEntry): DirectoryEntry => ({
      ...this.#packed.asBelieved(`${path}/${it.name}`, it),
      name: it.name,
    })
    return {
      ...(freshUntil !== undefined && { freshUntil }),
      ...(following && { following }),
      *[Symbol.iterator]() {
        for (const entry of content) yield told(entry)
      },
    }
  }
}

function absent(error: unknown): undefined {
  if (!(error instanceof FsError && error.code === 'ENOENT')) throw error
}
