/** Failures of the SDK, and what S3 says → ours, in one place. */
import type { FsErrorCode } from '../errors.js'
import { NetworkFailure } from './network-failure.js'
import { neverArrived } from './never-arrived.js'
import { StoreError, type StoreFailure } from './store-error.js'

interface Meaning {
  readonly code: FsErrorCode
  readonly failure: StoreFailure
  /** Completes 'as2fs could not <do something>: …'. */
  readonly sentence: string
}

const badCredentials = (sentence: string): Meaning => ({ code: 'EACCES', failure: 'credentials', sentence })
const transient = (sentence: string): Meaning => ({ code: 'EIO', failure: 'transient', sentence })
const permanent = (code: FsErrorCode, sentence: string): Meaning => ({ code, failure: 'permanent', sentence })
const absent = (sentence: string): Meaning => ({ code: 'ENOENT', failure: 'absent', sentence })
const late: Meaning = { code: 'ETIMEDOUT', failure: 'transient', sentence: 'it did not answer in time' }
const newKeys = 'get new ones from the gateway’s S3 Integration page'
const expired = badCredentials('the credentials have expired (ExpiredToken)')
const notAllowed = permanent('EACCES', 'the keys are not allowed to (AccessDenied)')
const badRequest = (code: string): Meaning => permanent('EIO', `S3 does not take such a request (${code})`)
const disabledKey = permanent('EACCES', 'the bucket’s encryption key can’t be used: ask who administers it')

/** By S3's error code, or the name of the SDK's or Node's own error. A Map: a code may be any word. */
const meanings: ReadonlyMap<string, Meaning> = new Map(
  Object.entries({
    AccessDenied: notAllowed,
    // The answer to a HEAD has no code.
    Forbidden: notAllowed,
    AllAccessDisabled: permanent('EACCES', 'access to the bucket is disabled'),
    InvalidAccessKeyId: badCredentials(`the access key is not known (InvalidAccessKeyId): ${newKeys}`),
    SignatureDoesNotMatch: badCredentials(`the secret key is wrong (SignatureDoesNotMatch): ${newKeys}`),
    ExpiredToken: expired,
    ExpiredTokenException: expired,
    RequestExpired: badCredentials('the credentials have expired (RequestExpired)'),
    InvalidToken: badCredentials('the session token is refused (InvalidToken)'),
    InvalidClientTokenId: badCredentials('the session token is refused (InvalidClientTokenId)'),
    UnrecognizedClientException: badCredentials('the session token is refused (UnrecognizedClientException)'),
    InvalidSecurity: badCredentials('the credentials are not valid (InvalidSecurity)'),
    IncompleteSignature: badCredentials('the signature is incomplete (IncompleteSignature)'),
    TokenRefreshRequired: badCredentials('the session token must be refreshed'),
    CredentialsProviderError: badCredentials(
      'no credentials were found: give --credentials-csv, --profile or AWS_ACCESS_KEY_ID',
    ),
    // What is in the bucket is not known then: nothing of it is gone.
    NoSuchBucket: permanent('EIO', 'there is no such bucket (NoSuchBucket)'),
    // Nothing was done, and the next try may go to the right one.
    PermanentRedirect: badCredentials('the bucket is in another region: give --region (PermanentRedirect)'),
    TemporaryRedirect: transient('the bucket is being moved (TemporaryRedirect)'),
    AuthorizationHeaderMalformed: badCredentials('the region is wrong: give --region (AuthorizationHeaderMalformed)'),
    IllegalLocationConstraintException: badCredentials(
      'the region is wrong: give --region (IllegalLocationConstraintException)',
    ),
    EntityTooLarge: permanent('EFBIG', 'the file is too large (EntityTooLarge)'),
    KeyTooLongError: permanent('ENAMETOOLONG', 'the key is too long (KeyTooLongError)'),
    // What Ceph says of such a key.
    InvalidObjectName: permanent('EINVAL', 'the server takes no such key (InvalidObjectName)'),
    InvalidBucketName: permanent('EINVAL', 'the bucket has an invalid name'),
    InvalidObjectState: permanent(
      'ENODATA',
      'it was archived, and must be restored before it can be read (InvalidObjectState)',
    ),
    InvalidArgument: badRequest('InvalidArgument'),
    InvalidRequest: badRequest('InvalidRequest'),
    InvalidRange: badRequest('InvalidRange'),
    InvalidURI: badRequest('InvalidURI'),
    MethodNotAllowed: badRequest('MethodNotAllowed'),
    MissingContentLength: permanent(
      'EIO',
      'the server wants no checksums in trailers: name it with --endpoint (MissingContentLength)',
    ),
    'KMS.DisabledException': disabledKey,
    'KMS.NotFoundException': disabledKey,
    'KMS.InvalidKeyUsageException': disabledKey,
    NoSuchKey: absent('it is not there (NoSuchKey)'),
    NotFound: absent('it is not there'),
    NoSuchUpload: absent('the multipart upload is gone (NoSuchUpload)'),
    NotImplemented: transient('the server can’t do what is asked of it (NotImplemented)'),
    RequestTimeTooSkewed: transient('the clock of this machine is wrong (RequestTimeTooSkewed)'),
    ConditionalRequestConflict: transient('another request is under way for it'),
    OperationAborted: transient('another request is under way for it (OperationAborted)'),
    // On the way something was lost: not the file's fault.
    BadDigest: transient('another body arrived than was sent (BadDigest)'),
    IncompleteBody: transient('half a body arrived (IncompleteBody)'),
    XAmzContentSHA256Mismatch: transient('another body arrived than was signed (XAmzContentSHA256Mismatch)'),
    QuotaExceeded: transient('the bucket’s quota is used up (QuotaExceeded)'),
    RequestTimeout: late,
    TimeoutError: late,
    AbortError: late,
  }),
)

/** As AWS's services, KMS behind S3 among them, and others ask to slow down: with whatever status. */
const throttling = /SlowDown|Throttl|TooManyRequests|LimitExceeded|ReduceYourRequestRate|^Busy$|ServerBusy/i

/** Whether S3 asks to be left alone for longer than after other failures. */
export function isThrottled({ s3Code }: StoreError): boolean {
  return throttling.test(s3Code)
}

/** What is being done, for the sentence and for what a failed condition means. */
export interface StoreCall {
  /** Completes 'could not …', e.g. `read AS2/files/…`. */
  readonly what: string
  readonly key: string
  readonly condition?: 'ESTALE' | 'EEXIST'
  /** It is about something that may not be there: a listing or an upload is not. */
  readonly mayBeAbsent?: boolean
}

/** OpenSSL's words for a certificate that is not trusted. */
const distrusted = /CERT|UNABLE_TO_VERIFY|SELF_SIGNED/
/** A proxy's word, TLS where there is none, and none where there is. */
const wrongWay = /^(?:ProxyRefusal$|EPROTO$|HPE_)/

/** Whether the next try would find the same: nobody is there, or somebody who is not meant. */
export function isFutile({ s3Code }: StoreError): boolean {
  return neverArrived.has(s3Code) || distrusted.test(s3Code) || wrongWay.test(s3Code)
}

/** Any error of the SDK as a StoreError; one that is ours already passes. */
export function storeError(error: unknown, call: StoreCall): StoreError {
  if (error instanceof StoreError) return error
  const { name, status, detail } = describe(error)
  const { code, failure, sentence: reason } = meaningOf(name, status, call) ?? transient(detail)
  const message = `Could not ${call.what}: ${reason}.`
  return new StoreError(code, failure, name, message, { key: call.key, cause: error, reason })
}

/** @param status of S3's own answer, whose code is the name; undefined if there was none */
function meaningOf(name: string, status: number | undefined, call: StoreCall): Meaning | undefined {
  if (throttling.test(name)) return transient(`S3 asks to slow down (${name})`)
  const meaning = name === 'PreconditionFailed' ? conditionFailed(call) : meanings.get(name)
  if (meaning?.failure === 'absent' && call.mayBeAbsent !== true) return transient(`S3 answers ${name}`)
  if (meaning || status === undefined) return meaning
  // Whatever it is, it may pass: what was not understood is no reason to give a file up.
  return transient(status >= 500 ? `S3 has a problem (HTTP ${status})` : `S3 refuses it (${name}, HTTP ${status})`)
}

function conditionFailed({ condition }: StoreCall): Meaning | undefined {
  if (condition === undefined) return undefined
  const sentence = condition === 'ESTALE' ? 'it was replaced since it was opened' : 'it is there already'
  return { code: condition, failure: 'condition', sentence }
}

function describe(error: unknown): { name: string; status: number | undefined; detail: string } {
  if (!(error instanceof Error)) return { name: 'Unknown', status: undefined, detail: 'S3 could not be asked' }
  if (error instanceof NetworkFailure) return { name: error.code, status: undefined, detail: error.message }
  const metadata = '$metadata' in error ? (error.$metadata as { httpStatusCode?: number } | undefined) : undefined
  const systemCode = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // The SDK's handler says TimeoutError of connections that were reset, too.
  const isReset = systemCode === 'ECONNRESET' || systemCode === 'EPIPE'
  const known = meanings.has(error.name) && !isReset ? error.name : (systemCode ?? error.name)
  const detail =
    systemCode === undefined ? (error.message || error.name).replace(/\.$/, '') : `S3 can't be reached (${systemCode})`
  return { name: known, status: metadata?.httpStatusCode, detail }
}
