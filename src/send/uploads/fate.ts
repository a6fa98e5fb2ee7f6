/** What has become of a file whose upload failed, as far as the failure tells. Pure. */
import { isThrottled } from '../../s3/failure.js'
import { neverArrived } from '../../s3/never-arrived.js'
import { StoreError } from '../../s3/store-error.js'

/**
 * - `unknown`: it may be in the bucket.
 * - `not-taken`: it is certainly not there; worth another try.
 * - `refused`: not there, says S3; worth another try.
 * - `credentials`: not there, says S3; new keys are waited for.
 * - `key-exists`: the key was there already.
 * - `permanent`: not there, says S3, and another try would fail as well.
 */
export type Fate = 'unknown' | 'not-taken' | 'refused' | 'credentials' | 'key-exists' | 'permanent'

/**
 * Answers of S3 that pass, and say that it has not taken the file. None of those with which it asks to slow down: who stands
 * between gets them for a second try of what was stored at the first.
 */
const refusals = /^(RequestTimeTooSkewed|BadDigest|IncompleteBody)$/

export function fateAfter(error: unknown): Fate {
  if (!(error instanceof StoreError)) return 'unknown'
  switch (error.failure) {
    case 'credentials':
    case 'permanent':
      return error.failure
    case 'condition':
      return 'key-exists'
    case 'transient':
      // No answer says as much: a proxy may have tried a stored upload once more, and hands on what it got then.
      if (neverArrived.has(error.s3Code)) return 'not-taken'
      return refusals.test(error.s3Code) ? 'refused' : 'unknown'
    case 'absent':
    case 'unsupported':
      return 'unknown'
  }
}

/** S3 itself has answered, before it looked at the file. */
export function saysSlowDown(error: unknown): boolean {
  return error instanceof StoreError && isThrottled(error)
}

/** Whether it may go better at another time, whatever the file. */
export function isPassing(fate: Fate): boolean {
  return fate === 'unknown' || fate === 'not-taken' || fate === 'refused'
}
