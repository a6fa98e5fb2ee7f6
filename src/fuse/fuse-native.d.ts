/** The binding as it really is; read from its index.js and fuse-native.c (2.2.6, with our patch). */
declare module 'fuse-native' {
  class Fuse {
    /** With our patch: how many threads serve the kernel. */
    static readonly poolThreads: number | undefined
    /** With our patch: `readdir` may give all entries in one buffer, each as `d` or `f`, its name and a 0; the methods below. */
    static readonly keepsFolders: boolean | undefined
    /** With our patch: how many bytes of freed memory the process keeps at most. */
    static readonly keepFreed: ((bytes: number) => void) | undefined
    constructor(mountpoint: string, operations: Fuse.Operations, options: { timeout: false })
    /** The `-o…` argument for libfuse: at most 1,023 bytes. */
    _fuseOptions(): string
    open(done: (error: Error | null) => void): void
    close(done: (error: Error | null) => void): void
    /** What is the same of all files and of all folders that are kept: all but size and times. */
    keepFoldersAs(file: Fuse.Stat, folder: Fuse.Stat): void
    /**
     * From now on, and for so many milliseconds, the binding answers by itself who reads a folder or asks for what is in it.
     * What is not in it comes here still.
     * @param names as of `readdir`, without `.` and `..`; they are copied
     * @param sizesAndTimes two numbers for each; they are copied
     */
    keepFolder(path: string, names: Uint8Array, sizesAndTimes: Float64Array, forMs: number): void
    /** Folders that are kept are no longer, or those whose time is over. */
    dropFolders(onlyExpired: boolean): void
    keptFigures(): { answered: number; folders: number; bytes: number }
  }
  namespace Fuse {
    type Errno = number
    type Done = (errno: Errno) => void
    /** Of `write`, as of `read`: the byte count comes FIRST; a negative one is an errno. */
    type Count = (countOrErrno: number) => void

    interface Stat {
      mode: number
      uid: number
      gid: number
      size: number
      nlink: number
      blksize: number
      blocks: number
      /** Milliseconds since the epoch. */
      atime: number
      mtime: number
      ctime: number
    }

    /** All fields are 32-bit. */
    interface Statfs {
      bsize: number
      frsize: number
      blocks: number
      bfree: number
      bavail: number
      files: number
      ffree: number
      favail: number
      namemax: number
    }

    interface Operations {
      access(path: string, mode: number, done: Done): void
      statfs(path: string, done: (errno: Errno, statfs?: Statfs) => void): void
      getattr(path: string, done: (errno: Errno, stat?: Stat) => void): void
      fgetattr(path: string, handle: number, done: (errno: Errno, stat?: Stat) => void): void
      /** With our patch, here, in `open`, `create` and `write`: the calling thread; 0 if it is in another namespace. */
      flush(path: string, handle: number, done: Done, pid?: number): void
      fsync(path: string, datasync: number, handle: number, done: Done): void
      readdir(
        path: string,
        done: (errno: Errno, names?: readonly string[] | Uint8Array, stats?: readonly Stat[]) => void,
      ): void
      truncate(path: string, size: number, done: Done): void
      ftruncate(path: string, handle: number, size: number, done: Done): void
      chown(path: string, uid: number, gid: number, done: Done): void
      chmod(path: string, mode: number, done: Done): void
      mknod(path: string, mode: number, device: number, done: Done): void
      setxattr(path: string, name: string, value: Buffer, position: number, flags: number, done: Done): void
      open(path: string, flags: number, done: (errno: Errno, handle?: number) => void, pid?: number): void
      /** No open flags: the kernel has them, the binding does not hand them over. */
      create(path: string, mode: number, done: (errno: Errno, handle?: number) => void, pid?: number): void
      /** With our patch there is no `buffer`: the bytes are copied from what `done` is given, before it returns. */
      read(
        path: string,
        handle: number,
        buffer: Buffer | undefined,
        length: number,
        position: number,
        done: (countOrErrno: number, bytes?: Uint8Array) => void,
      ): void
      /** `buffer` is the kernel request's memory: detached on reply, never to be touched after. */
      write(
        path: string,
        handle: number,
        buffer: Buffer,
        length: number,
        position: number,
        done: Count,
        pid?: number,
      ): void
      release(path: string, handle: number, done: Done): void
      unlink(path: string, done: Done): void
      /** @param call number of the kernel's call; undefined from the stock binding, 0 where it is not known */
      rename(from: string, to: string, done: Done, call?: number): void
      link(from: string, to: string, done: Done): void
      symlink(target: string, path: string, done: Done): void
      mkdir(path: string, mode: number, done: Done): void
      rmdir(path: string, done: Done): void
      utimens(path: string, atime: number, mtime: number, done: Done): void
    }
  }
  export = Fuse
}
