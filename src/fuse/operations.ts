/**
 * What each operation of the kernel does, the same for both bindings: they decode its calls and encode the answers
 * (`kernel-calls.ts`, `stock-mount.ts`). Deadlines and errors are `answer`'s, what the kernel believes is `KernelBeliefs`'.
 */
import { constants } from 'node:fs'
import type { CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import type { Attributes, FilesystemFigures, FolderContent, Opened } from '../fs/filesystem.js'
import type { EpochMs } from '../units.js'
import type { KernelBeliefs } from './beliefs/kernel-beliefs.js'
import type { Closer, HandleProcesses, Opener } from './callers/handle-processes.js'

/** Process or thread that calls; undefined or 0 where the binding or the kernel does not tell. */
type Pid = number | undefined

/** What setattr of the kernel changes; undefined: it leaves that alone. */
export interface AttributeChange {
  readonly owner?: boolean
  /** Permission bits. */
  readonly mode?: number
  readonly size?: number
  /** `omit`: another of its times is set, which is not kept. */
  readonly mtime?: EpochMs | 'omit'
  /** By which the file is open. */
  readonly handle?: number
}

/** A new file. */
export interface Created {
  readonly handle: number
  readonly attributes: Attributes
}

/** What is known of a path beside its attributes: by the names of extended attributes. */
export type Xattrs = (path: string, signal: CancelSignal) => Promise<ReadonlyMap<string, string>>

export class Operations {
  readonly #fs: KernelBeliefs
  readonly #processes: HandleProcesses
  readonly #xattrs: Xattrs | undefined

  /** @param xattrs undefined: there are none */
  constructor(fs: KernelBeliefs, processes: HandleProcesses, xattrs?: Xattrs) {
    this.#fs = fs
    this.#processes = processes
    this.#xattrs = xattrs
  }

  get tellsXattrs(): boolean {
    return this.#xattrs !== undefined
  }

  /** @throws FsError ENODATA if there is no such one */
  async xattr(path: string, name: string, signal: CancelSignal): Promise<string> {
    const value = (await this.#xattrs?.(path, signal))?.get(name)
    if (value === undefined) throw new FsError('ENODATA', `${path} has no ${name}.`)
    return value
  }

  async xattrs(path: string, signal: CancelSignal): Promise<readonly string[]> {
    return [...((await this.#xattrs?.(path, signal))?.keys() ?? [])]
  }

  getattr(path: string, signal: CancelSignal): Promise<Attributes> {
    return this.#fs.getattr(path, signal)
  }

  readdir(path: string, signal: CancelSignal): Promise<FolderContent> {
    return this.#fs.readdir(path, signal)
  }

  access(path: string, mode: number, signal: CancelSignal): Promise<void> {
    return this.#fs.access(path, mode, signal)
  }

  statfs(signal: CancelSignal): Promise<FilesystemFigures> {
    return this.#fs.statfs(signal)
  }

  async open(path: string, flags: number, opener: Opener, signal: CancelSignal): Promise<Opened> {
    const write = isForWriting(flags)
    const request = { write, truncate: (flags & constants.O_TRUNC) !== 0 }
    const opening = this.#fs.open(path, request, signal)
    const handle = opening.then((it) => it.handle)
    await this.#inTime(write ? this.#processes.opened(handle, opener) : handle, signal)
    return opening
  }

  async create(path: string, opener: Opener, signal: CancelSignal): Promise<Created> {
    requireUtf8(path)
    const handle = await this.#inTime(this.#processes.opened(this.#fs.create(path, signal), opener), signal)
    try {
      const attributes = await this.#fs.getattr(path, signal)
      signal.throwIfAborted()
      return { handle, attributes }
    } catch (error) {
      await this.#disown(handle)
      throw error
    }
  }

  read(handle: number, position: number, length: number, signal: CancelSignal): Promise<Uint8Array> {
    return this.#fs.read(handle, position, length, signal)
  }

  /** @param bytes are copied before this returns its promise */
  write(handle: number, bytes: Uint8Array, position: number, pid: Pid, signal: CancelSignal): Promise<number> {
    const known = this.#processes.wrote(handle, pid)
    const written = this.#fs.write(handle, bytes, position, signal)
    return known ? written.finally(() => known) : written
  }

  flush(path: string, handle: number, closer: Closer, signal: CancelSignal): Promise<void> {
    return this.#fs.flush(handle, this.#processes.closing(handle, path, closer), signal)
  }

  fsync(handle: number, signal: CancelSignal): Promise<void> {
    return this.#fs.fsync(handle, signal)
  }

  /** @see Filesystem.release */
  release(handle: number, answered?: number): Promise<void> {
    const unclosed = this.#processes.released(handle)
    return unclosed ? this.#releasedUnclosed(handle, unclosed) : this.#fs.release(handle, answered)
  }

  /** In the order in which a program would do it by itself. @returns what it is like then */
  async change(
    path: string,
    { owner, mode, size, mtime, handle }: AttributeChange,
    signal: CancelSignal,
  ): Promise<Attributes> {
    if (owner || mode !== undefined) await this.#fs.setattr(path, mode, signal)
    if (size !== undefined) {
      if (handle === undefined) await this.#fs.truncate(path, size, signal)
      else await this.#fs.ftruncate(handle, size, signal)
    }
    if (mtime !== undefined) {
      await this.#fs.utimens(path, { mtime: mtime === 'omit' ? undefined : mtime }, signal)
    }
    return this.#fs.getattr(path, signal)
  }

  async rename(from: string, to: string, signal: CancelSignal): Promise<void> {
    requireUtf8(to)
    this.#processes.renamed(from, to)
    try {
      await this.#fs.rename(from, to, signal)
    } finally {
      this.#processes.renamed(from, to)
    }
  }

  /** @see KernelBeliefs.displace */
  displace(path: string, as: string, signal: CancelSignal): Promise<boolean> {
    return this.#fs.displace(path, as, signal)
  }

  unlink(path: string, signal: CancelSignal): Promise<void> {
    return this.#fs.unlink(path, signal)
  }

  async mkdir(path: string, signal: CancelSignal): Promise<Attributes> {
    requireUtf8(path)
    await this.#fs.mkdir(path, signal)
    return this.#fs.getattr(path, signal)
  }

  rmdir(path: string, signal: CancelSignal): Promise<void> {
    return this.#fs.rmdir(path, signal)
  }

  /** @returns what it is like under both names then */
  async link(from: string, to: string, signal: CancelSignal): Promise<Attributes> {
    requireUtf8(to)
    await this.#fs.link(from, to, signal)
    return this.#fs.getattr(to, signal)
  }

  refuse(path: string, operation: 'symlink' | 'mknod' | 'setxattr'): Promise<never> {
    return this.#fs.refuse(path, operation)
  }

  /** @param ending what has ended who wrote to it */
  async #releasedUnclosed(handle: number, ending: Promise<string | undefined>): Promise<void> {
    const killedBy = await ending
    if (killedBy !== undefined) {
      const close = { closed: async () => ({ isLast: true, killedBy }) }
      await this.#fs.flush(handle, close, new AbortController().signal).catch(() => undefined)
    }
    await this.#fs.release(handle)
  }

  #disown(handle: number): Promise<void> {
    void this.#processes.released(handle)
    return this.#fs.disown(handle)
  }

  /** A handle that comes after the deadline is nobody's: the kernel will not release it, so we do. */
  async #inTime(opening: Promise<number>, signal: CancelSignal): Promise<number> {
    const handle = await opening
    if (signal.aborted) await this.#disown(handle)
    signal.throwIfAborted()
    return handle
  }
}

export function isForWriting(flags: number): boolean {
  return (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0
}

/** The bindings hand over names as strings: bytes that are not UTF-8 have become U+FFFD. */
function requireUtf8(path: string): void {
  if (path.includes('\ufffd')) throw new FsError('EILSEQ', `${path} is not valid UTF-8.`)
}
