/** The stock binding as it really is; read from its index.js and fuse-native.c (2.2.6). */
declare module 'fuse-native' {
  class Fuse {
    constructor(mountpoint: string, operations: Fuse.Operations, options: { timeout: false })
    /** The `-o…` argument for libfuse: at most 1,023 bytes. */
    _fuseOptions(): string
    open(done: (error: Error | null) => void): void
    close(done: (error: Error | null) => void): void
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
      flush(path: string, handle: number, done: Done): void
      fsync(path: string, datasync: number, handle: number, done: Done): void
      readdir(path: string, done: (errno: Errno, names?: readonly string[], stats?: readonly Stat[]) => void): void
      truncate(path: string, size: number, done: Done): void
      ftruncate(path: string, handle: number, size: number, done: Done): void
      chown(path: string, uid: number, gid: number, done: Done): void
      chmod(path: string, mode: number, done: Done): void
      mknod(path: string, mode: number, device: number, done: Done): void
      setxattr(path: string, name: string, value: Buffer, position: number, flags: number, done: Done): void
      open(path: string, flags: number, done: (errno: Errno, handle?: number) => void): void
      /** No open flags: the kernel has them, the binding does not hand them over. */
      create(path: string, mode: number, done: (errno: Errno, handle?: number) => void): void
      read(path: string, handle: number, buffer: Buffer, length: number, position: number, done: Count): void
      /** `buffer` is the kernel request's memory: detached on reply, never to be touched after. */
      write(path: string, handle: number, buffer: Buffer, length: number, position: number, done: Count): void
      release(path: string, handle: number, done: Done): void
      unlink(path: string, done: Done): void
      rename(from: string, to: string, done: Done): void
      link(from: string, to: string, done: Done): void
      symlink(target: string, path: string, done: Done): void
      mkdir(path: string, mode: number, done: Done): void
      rmdir(path: string, done: Done): void
      /** Both are the atime. */
      utimens(path: string, atime: number, mtime: number, done: Done): void
    }
  }
  export = Fuse
}
