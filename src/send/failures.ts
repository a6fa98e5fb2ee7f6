/** What a failed upload means for its file. Pure. */
import { StoreError } from '../s3/store-error.js'

/**
 * - `unknown`: it may be in the bucket.
 * - `not-taken`: it is certainly not there; worth another try.
 * - `credentials`: not there; new keys are waited for.
 * - `taken`: the key was there already.
 * - `permanent`: not there, and another try would fail as well.
 */
export type Meaning = 'unknown' | 'not-taken' | 'credentials' | 'taken' | 'permanent'

/** Failures of a connection, or answers, after which it is certain that S3 has not taken the file. */
const neverArrived = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'SlowDown'])

export function meaningOf(error: unknown): Meaning {
  if (!(error instanceof StoreError)) return 'unknown'
  switch (error.failure) {
    case 'credentials':
    case 'permanent':
      return error.failure
    case 'condition':
      return 'taken'
    case 'transient':
      return neverArrived.has(error.s3Code) ? 'not-taken' : 'unknown'
    case 'absent':
    case 'unsupported':
      return 'unknown'
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
