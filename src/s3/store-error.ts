/** What a failed request to S3 means for those who decide about trying again. */
import { FsError, type FsErrorCode } from '../errors.js'

/**
 * - `transient`: unreachable, reset, timeout, 5xx, SlowDown: try again; a write may have been done.
 * - `credentials`: refused or expired keys: wait for new ones; a write was not done.
 * - `permanent`: AccessDenied, NoSuchBucket, too large…: trying again is useless; a write was not done.
 * - `condition`: If-Match or If-None-Match failed; a write was not done.
 * - `absent`: no such key.
 * - `unsupported`: the server can't do a part of what was asked, and what that is is known from now on (`Store.lacks`):
 *   ask again, and it goes without. A write was not done, as far as one can believe it: look before the next try.
 */
export type StoreFailure = 'transient' | 'credentials' | 'permanent' | 'condition' | 'absent' | 'unsupported'

/** By S3, for good: not for want of an answer or of keys that it knows. */
export function isDenied(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'EACCES' && error.failure === 'permanent'
}

export class StoreError extends FsError {
  readonly failure: StoreFailure
  /** S3's own error code (`SlowDown`, `AccessDenied`) or Node's (`ECONNREFUSED`). */
  readonly s3Code: string
  /** Why, for the end of a sentence that says what could not be done. */
  readonly reason: string | undefined

  constructor(
    code: FsErrorCode,
    failure: StoreFailure,
    s3Code: string,
    message: string,
    details: { key?: string; cause?: unknown; reason?: string } = {},
  ) {
    super(code, message, details)
    this.failure = failure
    this.s3Code = s3Code
    this.reason = details.reason
  }
}
