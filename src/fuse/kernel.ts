/** The compiled half of the mount (`native/`): it reads the kernel's calls and writes the answers. */
import { binding } from '../binding/load.js'

/** A mount, as `native/` knows it. */
export type Session = object & { readonly session: unique symbol }

/** An argument of a call: a number, a path, or, of a write, the buffer that the kernel's bytes are in. */
export type Argument = number | string | Uint8Array | undefined

/** The kernel's numbers for its calls. @see fuse_opcode in linux/fuse.h */
export const operation = {
  lookup: 1,
  getattr: 3,
  setattr: 4,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  flush: 25,
  readdir: 28,
  access: 34,
  create: 35,
  /** As readdir, with attributes. */
  readdirplus: 44,
} as const

/** What `replyOpen` says of a handle. */
export const openFlags = { uncached: 1, noFlush: 2 } as const

/**
 * Comes with each call, on JavaScript's thread; answers go by `unique`. What was written is copied before it returns.
 * @param age milliseconds since the call was taken from the kernel
 * @param pid of the calling thread; 0 where it is in another namespace
 * @param more by operation, in this order; handles are 0 where there is none, times milliseconds, sizes and positions bytes:
 *   getattr, release: handle. open, create: flags of open(2), and of who may write then the process and its faults of children
 *   (0, and negative: nobody can tell). flush: handle, and the caller's faults of children, where it is certain that it is alone, and
 *   has the file open no more (else negative). access: mode of access(2). fsync: handle, flags (1: the data alone).
 *   setattr: handle, valid (`FATTR_…`: what of the rest counts), size, mtime. read: handle, length, position.
 *   write: handle, buffer, length, position in the file, where in the buffer it begins.
 *   unlink: the path that it has until its last close if it is open, else undefined. rename: its new path, and the same of what it
 *   replaces. getxattr: the name of the attribute. All others: nothing.
 * @see add_arguments in native/node/telling.c
 */
export type OnCall = (
  operation: number,
  unique: number,
  age: number,
  pid: number,
  path: string,
  ...more: readonly Argument[]
) => void

/**
 * A file of a version was closed; nobody waits.
 * @param answered how many reads the binding has answered
 * @param displaced the path by which it was known, of what was hidden and is closed for the last time
 */
export type OnClosed = (handle: number, answered: number, displaced: string | undefined) => void

/**
 * A block is not in use any longer.
 * @param served how many bytes were read of it
 */
type OnGivenBack = (number: number, served: number) => void

/** All `reply…` return false where nobody waits for the answer any longer. */
export interface Kernel {
  /**
   * @param attrTimeout seconds for which the kernel believes names and attributes
   * @param readahead bytes
   * @param numbers in which it is said what an entry, attributes, or the file system are like. @see numbersOf
   * @param onClosed comes for several at a time, when there is time for it, or when they are asked for
   * @param onGivenBack comes once for each block that was taken
   * @param onDying comes when the caller of a call is being killed
   * @param onEnd comes once, when the mount is gone
   * @param tellsXattrs whether there are extended attributes: else the kernel is told once that there are none
   * @throws Error with what the kernel or fusermount said
   */
  mount(
    mountpoint: string,
    source: string,
    readOnly: 0 | 1,
    allowOther: 0 | 1,
    attrTimeout: number,
    readahead: number,
    numbers: Float64Array,
    onCall: OnCall,
    onClosed: OnClosed,
    onGivenBack: OnGivenBack,
    onDying: (unique: number) => void,
    onEnd: () => void,
    tellsXattrs: 0 | 1,
  ): Session
  /**
   * @param errno positive; 0 is success with nothing to tell
   * @param absentFor of ENOENT to a lookup: for so many milliseconds it will not be there, but by the kernel's own calls
   */
  replyError(session: Session, unique: number, errno: number, absentFor?: number): boolean
  /** @param identity of what the inode's number is made; by default the path */
  replyEntry(session: Session, unique: number, identity?: string): boolean
  replyAttr(session: Session, unique: number, identity?: string): boolean
  /**
   * @param version pages that the kernel keeps of a file are dropped where it differs
   * @param size of that version: where the kernel was told of another, it is read without the page cache
   * @param bytes all of it: they are copied, and reads answered from them
   */
  replyOpen(
    session: Session,
    unique: number,
    handle: number,
    flags: number,
    version?: string,
    size?: number,
    bytes?: Uint8Array,
  ): boolean
  replyCreate(session: Session, unique: number, handle: number, identity?: string): boolean
  replyData(session: Session, unique: number, bytes: Uint8Array): boolean
  replyCount(session: Session, unique: number, count: number): boolean
  replyFolder(session: Session, unique: number, names: Uint8Array): boolean
  replyStatfs(session: Session, unique: number): boolean
  /** @param bytes an attribute, or the names of all, each with a zero behind it */
  replyXattr(session: Session, unique: number, bytes: Uint8Array): boolean
  /**
   * What a call removes or replaces while it is open is known by the path now that came with the call.
   * @returns whether it is open yet: if not, no release will tell of that path; undefined where nobody waits for the answer any longer
   */
  hidden(session: Session, unique: number): boolean | undefined
  /** First of all in a `release`. @returns the path by which it was known, of what was hidden and is closed for the last time */
  released(session: Session, unique: number): string | false | undefined
  /** Has `onClosed` told of what was closed so far. */
  tellClosed(session: Session): void
  /**
   * Reads of an open file are answered from a block.
   * @param number by which it is given back
   * @param bytes must be kept, and stay as they are, until then
   * @returns whether it is taken
   */
  giveBlock(session: Session, handle: number, number: number, position: number, bytes: Uint8Array): boolean
  /** It is given back as soon as nobody reads in it. */
  wantBlock(session: Session, handle: number, number: number): void
  /** Numbers of all files, and of all folders, that are kept, and of files where names go one by one: their sizes and times aside. */
  keepFoldersAs(session: Session, file: Float64Array, folder: Float64Array, changing: Float64Array): void
  keepFolder(
    session: Session,
    path: string,
    names: Uint8Array,
    sizesAndTimes: Float64Array,
    forMs: number,
    isChanging: boolean,
  ): void
  forgetKept(session: Session, path: string): void
  renewFolder(session: Session, path: string, forMs: number): void
  dropFolders(session: Session, onlyExpired: boolean): void
  /** Calls that were answered without JavaScript; of folders that are kept: how many there are, their bytes. */
  figures(session: Session): readonly [number, number, number] | undefined
  keepFreed(bytes: number): void
  /**
   * In whole huge pages, if the kernel has some; undefined: there is none, or `bytes` are no such pages.
   * A checkout that was updated may have a binding of before.
   */
  readonly largeMemory?: (bytes: number) => Uint8Array | undefined
  /**
   * Tells the service manager, and never waits for it.
   * @param address of NOTIFY_SOCKET
   * @returns 0, or the errno
   * @see sd_notify(3)
   */
  notify(address: string, message: string): number
}

/** undefined: @see whyNotCompiled */
export const kernel = binding as Kernel | undefined
