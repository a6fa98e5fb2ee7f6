/** The one error type that crosses rooms: a code, the key it is about, and the cause; and what errors of the system are called. */

/** Every way in which an operation can fail. `src/fuse/errno.ts` maps each to an errno, exhaustively. */
export type FsErrorCode =
  | 'EACCES'
  | 'EBADF'
  | 'EBUSY'
  | 'EEXIST'
  | 'EFBIG'
  | 'EILSEQ'
  | 'EINVAL'
  | 'EIO'
  | 'EISDIR'
  | 'EMFILE'
  | 'ENODATA'
  | 'ENAMETOOLONG'
  | 'ENOENT'
  | 'ENOSPC'
  | 'ENOTDIR'
  | 'ENOTEMPTY'
  | 'ENOTSUP'
  | 'EPERM'
  | 'EROFS'
  | 'ESHUTDOWN'
  | 'ESTALE'
  | 'ETIMEDOUT'
  | 'EXDEV'

/** What an FsError is about; all optional, all safe to log. */
export interface FsErrorDetails {
  /** S3 key or local path the error is about. */
  key?: string
  cause?: unknown
  isLasting?: boolean
}

/** A failed filesystem operation. `message` is one sentence for a person. */
export class FsError extends Error {
  override readonly name = 'FsError'
  readonly code: FsErrorCode
  readonly key: string | undefined
  /** It will be so for a moment, unless whoever is told changes it. */
  readonly isLasting: boolean

  constructor(code: FsErrorCode, message: string, details: FsErrorDetails = {}) {
    // Programs look for what is not there all day, and a stack takes longer than the rest of the answer.
    const { stackTraceLimit } = Error
    if (code === 'ENOENT') Error.stackTraceLimit = 0
    super(message, details.cause === undefined ? {} : { cause: details.cause })
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.key = details.key
    this.isLasting = details.isLasting === true
  }
}

/** A mistake of the user's (option, bucket, mountpoint): printed as one sentence, never a stack trace. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** With lines beneath the sentence that others wrote: each was made printable where they were put together. */
export class LinesError extends UsageError {}

/** One that no later try mends: somebody has to change what was configured, or what is there. */
export class SetupError extends UsageError {}

/** What the system calls an error: `ENOENT`. Undefined for one that has no such name. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/** The same for a sentence of ours, in brackets; an error without a code in its own words. */
export function reasonOf(error: unknown): string {
  return codeOf(error) ?? String(error)
}

/** The disk has no room, or what its user may have of it is used up. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
}
