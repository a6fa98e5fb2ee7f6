/** Failures of the SDK → ours, in one place. */
import type { FsErrorCode } from '../errors.js'
import { StoreError, type StoreFailure } from './store-error.js'

interface Meaning {
  readonly code: FsErrorCode
  readonly failure: StoreFailure
  /** Completes 'as2fs could not <do something>: …'. */
  readonly sentence: string
}

const refused = (sentence: string): Meaning => ({ code: 'EACCES', failure: 'credentials', sentence })
const transient = (sentence: string): Meaning => ({ code: 'EIO', failure: 'transient', sentence })
const late: Meaning = { code: 'ETIMEDOUT', failure: 'transient', sentence: 'it did not answer in time' }
const newKeys = 'get new ones from the gateway’s S3 Integration page'

/** By S3's error code, or the name of the SDK's or Node's own error. */
const meanings: Readonly<Record<string, Meaning>> = {
  AccessDenied: { code: 'EACCES', failure: 'permanent', sentence: 'the keys are not allowed to (AccessDenied)' },
  AllAccessDisabled: { code: 'EACCES', failure: 'permanent', sentence: 'access to the bucket is disabled' },
  InvalidAccessKeyId: refused(`the access key is not known (InvalidAccessKeyId): ${newKeys}`),
  SignatureDoesNotMatch: refused(`the secret key is wrong (SignatureDoesNotMatch): ${newKeys}`),
  ExpiredToken: refused('the credentials have expired (ExpiredToken)'),
  ExpiredTokenException: refused('the credentials have expired (ExpiredToken)'),
  InvalidToken: refused('the session token is refused (InvalidToken)'),
  TokenRefreshRequired: refused('the session token must be refreshed'),
  CredentialsProviderError: refused(
    'no credentials were found: give --credentials-csv, --profile or AWS_ACCESS_KEY_ID',
  ),
  NoSuchBucket: { code: 'ENOENT', failure: 'permanent', sentence: 'there is no such bucket (NoSuchBucket)' },
  PermanentRedirect: {
    code: 'EIO',
    failure: 'permanent',
    sentence: 'the bucket is in another region: give --region (PermanentRedirect)',
  },
  EntityTooLarge: { code: 'EFBIG', failure: 'permanent', sentence: 'the file is too large (EntityTooLarge)' },
  KeyTooLongError: { code: 'ENAMETOOLONG', failure: 'permanent', sentence: 'the key is too long (KeyTooLongError)' },
  InvalidBucketName: { code: 'EINVAL', failure: 'permanent', sentence: 'the bucket has an invalid name' },
  NoSuchKey: { code: 'ENOENT', failure: 'absent', sentence: 'it is not there (NoSuchKey)' },
  NotFound: { code: 'ENOENT', failure: 'absent', sentence: 'it is not there' },
  NoSuchUpload: { code: 'ENOENT', failure: 'absent', sentence: 'the multipart upload is gone (NoSuchUpload)' },
  RequestTimeTooSkewed: transient('the clock of this machine is wrong (RequestTimeTooSkewed)'),
  ConditionalRequestConflict: transient('another request is under way for it'),
  MissingContentLength: {
    code: 'EIO',
    failure: 'permanent',
    sentence: 'the server wants no checksums in trailers: name it with --endpoint (MissingContentLength)',
  },
  OperationAborted: transient('another request is under way for it (OperationAborted)'),
  // On the way something was lost: not the file's fault.
  BadDigest: transient('another body arrived than was sent (BadDigest)'),
  IncompleteBody: transient('half a body arrived (IncompleteBody)'),
  SlowDown: transient('S3 asks to slow down (SlowDown)'),
  RequestTimeout: late,
  TimeoutError: late,
  AbortError: late,
}

/** Request Timeout, Too Early, Too Many Requests. */
const passing = new Set([408, 425, 429])

/** By HTTP status, where the error's name says nothing: a HEAD has no body. */
function byStatus(status: number | undefined): Meaning | undefined {
  if (status === 403) return meanings.AccessDenied
  if (status === 404) return meanings.NoSuchKey
  if (status !== undefined && (status >= 500 || passing.has(status))) {
    return transient(`S3 has a problem (HTTP ${status})`)
  }
  if (status !== undefined && status >= 400) {
    return { code: 'EIO', failure: 'permanent', sentence: `S3 refused the request (HTTP ${status})` }
  }
  return undefined
}

/** What is being done, for the sentence and for what a failed condition means. */
export interface Attempt {
  /** Completes 'could not …', e.g. `read AS2/files/…`. */
  readonly what: string
  readonly key: string
  readonly condition?: 'ESTALE' | 'EEXIST'
}

/** Any error of the SDK as a StoreError; one that is ours already passes. */
export function storeError(error: unknown, attempt: Attempt): StoreError {
  if (error instanceof StoreError) return error
  const { name, status, detail } = describe(error)
  const meaning = conditionFailed(name, status, attempt) ?? meanings[name] ?? byStatus(status) ?? transient(detail)
  const { code, failure, sentence: reason } = meaning
  const message = `Could not ${attempt.what}: ${reason}.`
  return new StoreError(code, failure, name, message, { key: attempt.key, cause: error, reason })
}

function conditionFailed(name: string, status: number | undefined, attempt: Attempt): Meaning | undefined {
  if (attempt.condition === undefined || (name !== 'PreconditionFailed' && status !== 412)) return undefined
  const sentence = attempt.condition === 'ESTALE' ? 'it was replaced since it was opened' : 'it is there already'
  return { code: attempt.condition, failure: 'condition', sentence }
}

function describe(error: unknown): { name: string; status: number | undefined; detail: string } {
  if (!(error instanceof Error)) return { name: 'Unknown', status: undefined, detail: 'S3 could not be asked' }
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined
  const systemCode = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // The SDK's handler says TimeoutError of connections that were reset, too.
  const isReset = systemCode === 'ECONNRESET' || systemCode === 'EPIPE'
  const known = meanings[error.name] && !isReset ? error.name : (systemCode ?? error.name)
  const detail =
    systemCode === undefined ? (error.message || error.name).replace(/\.$/, '') : `S3 can't be reached (${systemCode})`
  return { name: known, status: metadata?.httpStatusCode, detail }
}
