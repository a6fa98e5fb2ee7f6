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

const attempt = { what: 'read AS2/a', key: 'AS2/a' }

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
  [{ name: 'NoSuchBucket', status: 404 }, 'ENOENT', 'permanent', /no such bucket/],
  [{ name: 'PermanentRedirect', status: 301 }, 'EIO', 'permanent', /give --region/],
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
  // A HEAD has no body, so no code either.
  [{ status: 403 }, 'EACCES', 'permanent', /not allowed/],
  [{ status: 404 }, 'ENOENT', 'absent', /not there/],
  [{ name: 'NotImplemented', status: 501 }, 'EIO', 'transient', /HTTP 501/],
  [{ name: 'OperationAborted', status: 409 }, 'EIO', 'transient', /another request is under way/],
  [{ name: 'BadDigest', status: 400 }, 'EIO', 'transient', /BadDigest/],
  [{ name: 'IncompleteBody', status: 400 }, 'EIO', 'transient', /IncompleteBody/],
  [{ name: 'TooManyRequests', status: 429 }, 'EIO', 'transient', /HTTP 429/],
  [{ name: 'InternalError', status: 500 }, 'EIO', 'transient', /HTTP 500/],
  [{ name: 'InvalidArgument', status: 400 }, 'EIO', 'permanent', /HTTP 400/],
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
  t.match(storeError(failed, attempt), { code: 'EIO', failure: 'permanent' }, 'where there was none')
})

t.test('an error of ours passes as it is', async (t) => {
  const ours = new StoreError('EIO', 'transient', 'CutBody', 'It was cut.')
  t.equal(storeError(ours, attempt), ours)
})

t.test('what is no error at all is a failure that may pass', async (t) => {
  t.match(storeError('nonsense', attempt), { code: 'EIO', failure: 'transient' })
})
