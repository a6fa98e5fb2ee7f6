/** The filesystem as promises, in the kernel's words, without the kernel: what is so now. */
import type { CancelSignal } from '../cancellation.js'
import type { BlockReader } from '../data/objects.js'
import type { Close, Closed } from '../send/sender.js'
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

export type { BlockReader, Close, Closed }

/** What getattr(2) tells. Owner, umask and inode numbers are added by `fuse/`. */
export interface Attributes {
  readonly kind: 'file' | 'folder'
  /** Permission bits before the umask, e.g. 0o444. */
  readonly mode: number
  /** The mode was set so: nothing is taken from it. */
  readonly isModeSet?: boolean
  /** How many names it has, where it may have several. */
  readonly links?: number
  readonly size: Bytes
  readonly mtime: EpochMs
  /** What makes it the same file under another name; without it, its path does. */
  readonly identity?: string
}

export interface DirectoryEntry extends Attributes {
  readonly name: string
}

/** Of what is in a folder that changes: for how long it is told of a name without another look, unless a call has changed that. */
export interface Changing {
  /** By the clock that never steps. */
  readonly freshUntil: Milliseconds
  /** How many of the entries, from the first one on; others may change by another name. */
  readonly entries: number
  /** Whether nothing has changed since the content was made. */
  isSo(): boolean
  /**
   * By a look when that time is over.
   * @returns till when all of it is there still, but for what calls have changed; undefined: something else has changed
   * @throws FsError as the look
   */
  renewed(signal: CancelSignal): Promise<Milliseconds | undefined>
}

/** What is in a folder; `.` and `..` aside. The entries are made as they are asked for, once. */
export interface FolderContent extends Iterable<DirectoryEntry> {
  /**
   * Till when this may be told without another look, unless it is told to have changed, by the clock that never steps.
   * None: it may change any time.
   */
  readonly freshUntil?: Milliseconds
  /** Of a folder in which names come and go by calls of the kernel, and hardly otherwise. */
  readonly changing?: Changing
  /** The folders that come after it in its parent, just as fresh: who walks through them will ask for theirs next. */
  readonly following?: Iterable<{ readonly name: string; readonly entries: Iterable<DirectoryEntry> }>
}

export interface OpenRequest {
  readonly write: boolean
  readonly truncate: boolean
}

/**
 * What is read under a handle and stays the same while it is open. `rendered`: made when it was opened, for this handle alone.
 * Else it is of a version: where two differ in that, so may their bytes.
 */
export type Content = 'rendered' | { readonly version: string; readonly size: Bytes }

export interface Opened {
  readonly handle: number
  /** Undefined: it may change while it is open. */
  readonly content: Content | undefined
  /** All of it, where it is at hand: memory of the cache, as of `read`. Who takes it tells at the release how often it was read. */
  readonly held?: (() => Uint8Array | undefined) | undefined
  /** Of a large object: whoever reads parts of it by himself. */
  readonly readBy?: ((reader: BlockReader) => void) | undefined
}

export interface Renamed {
  /** It was a folder, and is an archive now. */
  readonly isPacked: boolean
}

export interface FilesystemFigures {
  readonly blockSize: Bytes
  readonly totalBlocks: number
  readonly freeBlocks: number
  readonly files: number
}

/** Times for utimens(2); undefined leaves one alone (UTIME_OMIT). */
export interface Times {
  readonly mtime: EpochMs | undefined
}

/**
 * Paths are absolute paths of the mount as the kernel gives them (`/A/B/inbox/x`). Handles are positive integers.
 * All throw FsError and nothing else by intention; whatever else is thrown is EIO at the boundary.
 */
export interface Filesystem {
  getattr(path: string, signal: CancelSignal): Promise<Attributes>
  readdir(path: string, signal: CancelSignal): Promise<FolderContent>
  access(path: string, mode: number, signal: CancelSignal): Promise<void>
  open(path: string, request: OpenRequest, signal: CancelSignal): Promise<Opened>
  create(path: string, signal: CancelSignal): Promise<number>
  read(handle: number, position: number, length: number, signal: CancelSignal): Promise<Uint8Array>
  /** `bytes` are the kernel's: they are copied before this returns its promise. */
  write(handle: number, bytes: Uint8Array, position: number, signal: CancelSignal): Promise<number>
  truncate(path: string, size: Bytes, signal: CancelSignal): Promise<void>
  ftruncate(handle: number, size: Bytes, signal: CancelSignal): Promise<void>
  flush(handle: number, close: Close, signal: CancelSignal): Promise<void>
  fsync(handle: number, signal: CancelSignal): Promise<void>
  /** Instead of `release`, of one that the kernel was never told of: a file that was made for it in `send/` goes again. */
  disown(handle: number): Promise<void>
  /** @param answered how many reads were answered from what was `held` */
  release(handle: number, answered?: number): Promise<void>
  /** Whoever has open what is replaced by it goes on with it. */
  rename(from: string, to: string, signal: CancelSignal): Promise<Renamed>
  /** Whoever has it open goes on with it. */
  unlink(path: string, signal: CancelSignal): Promise<void>
  /** Of a file that is open, by `Attributes.identity`: it may have no name any longer. Undefined: nobody has it open. */
  sizeOfOpen(identity: string): Bytes | undefined
  mkdir(path: string, signal: CancelSignal): Promise<void>
  rmdir(path: string, signal: CancelSignal): Promise<void>
  utimens(path: string, times: Times, signal: CancelSignal): Promise<void>
  /**
   * Changes of owner and mode: accepted in `send/` and `new/`, EROFS elsewhere.
   * @param mode permission bits; undefined: that stays as it is. Remembered in `new/` only
   */
  setattr(path: string, mode: number | undefined, signal: CancelSignal): Promise<void>
  /** Of what a program has made in `new/`; else EPERM there and in `send/`, EROFS elsewhere. */
  link(from: string, to: string, signal: CancelSignal): Promise<void>
  /** symlink, mknod: EPERM in `send/` and `new/`, EROFS elsewhere; setxattr: ENOTSUP. */
  refuse(path: string, operation: 'symlink' | 'mknod' | 'setxattr'): Promise<never>
  statfs(signal: CancelSignal): Promise<FilesystemFigures>
}
