/** The filesystem as promises, in the kernel's words, without the kernel: `fuse/` calls it, tests call it directly. */
import type { Close, Closed } from '../send/sender.js'
import type { Bytes, EpochMs, Milliseconds } from '../units.js'

export type { Close, Closed }

/** What getattr(2) tells. Owner, umask and inode numbers are added by `fuse/`. */
export interface Attributes {
  readonly kind: 'file' | 'folder'
  /** Permission bits before the umask, e.g. 0o444. */
  readonly mode: number
  readonly size: Bytes
  readonly mtime: EpochMs
  /** What makes it the same file under another name; without it, its path does. */
  readonly identity?: string
}

export interface DirectoryEntry extends Attributes {
  readonly name: string
}

/** What is in a folder; `.` and `..` aside. The entries are made as they are asked for, once. */
export interface FolderContent extends Iterable<DirectoryEntry> {
  /**
   * Till when this may be told without another look, unless it is told to have changed, by the clock that never steps.
   * None: it may change any time.
   */
  readonly freshUntil?: Milliseconds
  /** The folders that come after it in its parent, just as fresh: who walks through them will ask for theirs next. */
  readonly following?: Iterable<{ readonly name: string; readonly entries: Iterable<DirectoryEntry> }>
}

export interface OpenRequest {
  readonly write: boolean
  readonly truncate: boolean
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
  getattr(path: string, signal: AbortSignal): Promise<Attributes>
  readdir(path: string, signal: AbortSignal): Promise<FolderContent>
  access(path: string, mode: number, signal: AbortSignal): Promise<void>
  open(path: string, request: OpenRequest, signal: AbortSignal): Promise<number>
  /** Of a handle that can only be read: where it differs from an earlier one's, so may the content. */
  version(handle: number): string | undefined
  create(path: string, signal: AbortSignal): Promise<number>
  read(handle: number, position: number, length: number, signal: AbortSignal): Promise<Uint8Array>
  /** `bytes` are the kernel's: they are copied before this returns its promise. */
  write(handle: number, bytes: Uint8Array, position: number, signal: AbortSignal): Promise<number>
  truncate(path: string, size: Bytes, signal: AbortSignal): Promise<void>
  ftruncate(handle: number, size: Bytes, signal: AbortSignal): Promise<void>
  flush(handle: number, close: Close, signal: AbortSignal): Promise<void>
  fsync(handle: number, signal: AbortSignal): Promise<void>
  release(handle: number): Promise<void>
  rename(from: string, to: string, signal: AbortSignal): Promise<void>
  /** What libfuse does to an open file before another takes its name: it gives it one of its own. */
  hide(from: string, to: string, signal: AbortSignal): Promise<void>
  unlink(path: string, signal: AbortSignal): Promise<void>
  mkdir(path: string, signal: AbortSignal): Promise<void>
  rmdir(path: string, signal: AbortSignal): Promise<void>
  utimens(path: string, times: Times, signal: AbortSignal): Promise<void>
  /** Changes of owner and mode: accepted in `send/`, EROFS elsewhere. */
  setattr(path: string, signal: AbortSignal): Promise<void>
  /** link, symlink, mknod: EPERM in `send/`, EROFS elsewhere; setxattr: ENOTSUP. */
  refuse(path: string, operation: 'link' | 'symlink' | 'mknod' | 'setxattr'): Promise<never>
  statfs(signal: AbortSignal): Promise<FilesystemFigures>
}
