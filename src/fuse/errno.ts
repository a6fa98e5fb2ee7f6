/** Errors → errno, by one exhaustive table. */
import { constants } from 'node:os'
import { FsError, type FsErrorCode } from '../errors.js'

const { errno } = constants

const table: Readonly<Record<FsErrorCode, number>> = {
  EACCES: errno.EACCES,
  EBADF: errno.EBADF,
  EBUSY: errno.EBUSY,
  EEXIST: errno.EEXIST,
  EFBIG: errno.EFBIG,
  EILSEQ: errno.EILSEQ,
  EINVAL: errno.EINVAL,
  EIO: errno.EIO,
  EISDIR: errno.EISDIR,
  EMFILE: errno.EMFILE,
  ENODATA: errno.ENODATA,
  ENAMETOOLONG: errno.ENAMETOOLONG,
  ENOENT: errno.ENOENT,
  ENOSPC: errno.ENOSPC,
  ENOTDIR: errno.ENOTDIR,
  ENOTEMPTY: errno.ENOTEMPTY,
  ENOTSUP: errno.EOPNOTSUPP,
  EPERM: errno.EPERM,
  EROFS: errno.EROFS,
  // Not known to every libc's strerror as a file error; the mount is going away.
  ESHUTDOWN: errno.ENODEV,
  // Node has no constant for it.
  ESTALE: 116,
  ETIMEDOUT: errno.ETIMEDOUT,
  EXDEV: errno.EXDEV,
}

/** @returns EIO for what is unknown, never ENOSYS: the kernel would stop asking */
export function failureOf(error: unknown): FsErrorCode {
  if (error instanceof FsError) return error.code
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError') ? 'ETIMEDOUT' : 'EIO'
}

/** @returns the negative errno for the kernel */
export function toErrno(code: FsErrorCode): number {
  return -table[code]
}
