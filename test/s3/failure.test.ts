/** What S3 and the network say, in our words: errno, whether to try again, and one sentence. */
import t from 'tap'
import { storeError } from '../../src/s3/failure.js'
import { StoreError } from '../../src/s3/store-error.js'

interface Said {
  readonly name?: string
  readonly status?: number
  readonly code?: string
}

/** An error as the SDK throws it. */
function sdkError({ name = 'UnknownError', status, code }: Said): Error {
  const metadata = status === undefined ? {} : { $metadata: { httpStatusCode: status } }
  return Object.assign(new Error('UnknownError'), { name }, metadata, code === undefined ? {} : { code })
}

const attempt = { what: 'read AS2/a', key: 'AS2/a', mayBeAbsent: true }

const meanings: readonly (readonly [Said, code: string, failure: string, sentence: RegExp])[] = [
  [{ name: 'AccessDenied', status: 403 }, 'EACCES', 'permanent', /not allowed to \(AccessDenied\)/],
  [
    { name: 'InvalidAccessKeyId', status: 403 },
    'EACCES',
    'credentials',
    /not known \(InvalidAccessKeyId\): get new ones/,
  ],
  [{ name: 'SignatureDoesNotMatch', status: 403 }, 'EACCES', 'credentials', /secret key is wrong/],
  [{ name: 'ExpiredToken', status: 400 }, 'EACCES', 'credentials', /have expired/],
  [{ name: 'CredentialsProviderError' }, 'EACCES', 'credentials', /no credentials were found/],
  [{ name: 'NoSuchBucket', status: 404 }, 'EIO', 'permanent', /no such bucket/],
  [{ name: 'PermanentRedirect', status: 301 }, 'EACCES', 'credentials', /give --region/],
  [{ name: 'EntityTooLarge', status: 400 }, 'EFBIG', 'permanent', /too large/],
  [{ name: 'NoSuchKey', status: 404 }, 'ENOENT', 'absent', /not there/],
  [{ name: 'NoSuchUpload', status: 404 }, 'ENOENT', 'absent', /upload is gone/],
  [{ name: 'RequestTimeTooSkewed', status: 403 }, 'EIO', 'transient', /clock of this machine/],
  [{ name: 'SlowDown', status: 503 }, 'EIO', 'transient', /slow down/],
  [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, 'ETIMEDOUT', 'transient', /did not answer in time/],
  [{ name: 'AbortError' }, 'ETIMEDOUT', 'transient', /did not answer in time/],
  // The SDK's handler calls these a TimeoutError.
  [{ name: 'TimeoutError', code: 'ECONNRESET' }, 'EIO', 'transient', /can't be reached \(ECONNRESET\)/],
  [{ name: 'TimeoutError', code: 'EPIPE' }, 'EIO', 'transient', /can't be reached \(EPIPE\)/],
  [{ name: 'Error', code: 'ENOTFOUND' }, 'EIO', 'transient', /can't be reached \(ENOTFOUND\)/],
  // A HEAD has no body, so no code either: these are what S3's own answers to it are called.
  [{ name: 'Forbidden', status: 403 }, 'EACCES', 'permanent', /not allowed/],
  [{ name: 'NotFound', status: 404 }, 'ENOENT', 'absent', /not there/],
  // Without S3's own words nothing is known.
  [{ status: 403 }, 'EIO', 'transient', /HTTP 403/],
  [{ status: 404 }, 'EIO', 'transient', /HTTP 404/],
  [{ name: 'ForeignAnswer' }, 'EIO', 'transient', /UnknownError/],
  [{ name: 'NotImplemented', status: 501 }, 'EIO', 'transient', /can’t do/],
  // Throttling comes with any status and many names.
  [{ name: 'ThrottlingException', status: 400 }, 'EIO', 'transient', /slow down \(ThrottlingException\)/],
  [{ name: 'KMS.ThrottlingException', status: 400 }, 'EIO', 'transient', /slow down/],
  [{ name: 'RequestLimitExceeded', status: 403 }, 'EIO', 'transient', /slow down/],
  [{ name: 'BandwidthLimitExceeded', status: 509 }, 'EIO', 'transient', /slow down/],
  [{ name: 'KMS.KMSInternalException', status: 500 }, 'EIO', 'transient', /HTTP 500/],
  [{ name: 'KMS.KeyUnavailableException', status: 400 }, 'EIO', 'transient', /KeyUnavailable/],
  [{ name: 'KMS.DisabledException', status: 400 }, 'EACCES', 'permanent', /encryption key/],
  [{ name: 'InvalidClientTokenId', status: 403 }, 'EACCES', 'credentials', /InvalidClientTokenId/],
  [{ name: 'UnrecognizedClientException', status: 400 }, 'EACCES', 'credentials', /session token/],
  [{ name: 'RequestExpired', status: 400 }, 'EACCES', 'credentials', /expired/],
  [{ name: 'InvalidObjectState', status: 403 }, 'ENODATA', 'permanent', /archived/],
  // What nobody has heard of is no reason to give a file up, whatever it is called.
  [{ name: 'UnheardOf', status: 403 }, 'EIO', 'transient', /UnheardOf, HTTP 403/],
  [{ name: 'constructor', status: 400 }, 'EIO', 'transient', /constructor/],
  [{ name: '__proto__', status: 400 }, 'EIO', 'transient', /__proto__/],
  [{ name: 'OperationAborted', status: 409 }, 'EIO', 'transient', /another request is under way/],
  [{ name: 'BadDigest', status: 400 }, 'EIO', 'transient', /BadDigest/],
  [{ name: 'IncompleteBody', status: 400 }, 'EIO', 'transient', /IncompleteBody/],
  [{ name: 'TooManyRequests', status: 429 }, 'EIO', 'transient', /slow down/],
  [{ name: 'InternalError', status: 500 }, 'EIO', 'transient', /HTTP 500/],
  [{ name: 'InvalidArgument', status: 400 }, 'EIO', 'permanent', /InvalidArgument/],
]

for (const [said, code, failure, sentence] of meanings) {
  t.test(JSON.stringify(said), async (t) => {
    const error = storeError(sdkError(said), attempt)
    t.same([error.code, error.failure], [code, failure])
    t.match(error.message, /^Could not read AS2\/a: [^\n]+\.$/)
    t.match(error.message, sentence)
    t.equal(error.key, 'AS2/a')
  })
}

t.test('a failed condition means what was asked for', async (t) => {
  const failed = sdkError({ name: 'PreconditionFailed', status: 412 })
  t.match(storeError(failed, { ...attempt, condition: 'ESTALE' }), { code: 'ESTALE', failure: 'condition' })
  t.match(storeError(failed, { ...attempt, condition: 'EEXIST' }), { code: 'EEXIST', failure: 'condition' })
  t.match(storeError(failed, attempt), { code: 'EIO', failure: 'transient' }, 'where there was none')
})

t.test('what may not be absent never is: a listing, the bucket of an upload', async (t) => {
  for (const name of ['NoSuchKey', 'NotFound', 'NoSuchUpload']) {
    const error = storeError(sdkError({ name, status: 404 }), { what: 'list AS2/', key: 'AS2/' })
    t.match(error, { code: 'EIO', failure: 'transient', message: `Could not list AS2/: S3 answers ${name}.` })
  }
})

t.test('an error of ours passes as it is', async (t) => {
  const ours = new StoreError('EIO', 'transient', 'CutBody', 'It was cut.')
  t.equal(storeError(ours, attempt), ours)
})

t.test('what is no error at all is a failure that may pass', async (t) => {
  t.match(storeError('nonsense', attempt), { code: 'EIO', failure: 'transient' })
})
