/** Verifies AWS Signature Version 4 in the Authorization header. @see "Authenticating Requests" in the S3 API reference */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { EpochMs, Milliseconds } from '../../units.js'
import { S3Error } from './s3-error.js'

export interface Keys {
  readonly accessKey: string
  readonly secretKey: string
}

const maxSkew: Milliseconds = 15 * 60 * 1000

/** What signed chunks of the body are verified with. */
export interface Signature {
  readonly seed: string
  readonly signingKey: Buffer
  readonly date: string
  readonly scope: string
}

/** @throws S3Error 403 */
export function verifySignature(request: IncomingMessage, keys: Keys, now: EpochMs): Signature {
  const header = request.headers.authorization ?? ''
  const fields =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(header)
  if (!fields) throw new S3Error(403, 'AccessDenied', 'There is no signature.')
  const [, accessKey = '', scope = '', signedHeaders = '', signature = ''] = fields
  if (accessKey !== keys.accessKey) throw new S3Error(403, 'InvalidAccessKeyId', 'The access key is not known.')
  const date = String(request.headers['x-amz-date'] ?? '')
  if (Math.abs(parseDate(date) - now) > maxSkew) {
    throw new S3Error(403, 'RequestTimeTooSkewed', 'The request is more than 15 minutes off.')
  }
  const signingKey = scope
    .split('/')
    .reduce((key: Buffer, part) => hmac(key, part), Buffer.from(`AWS4${keys.secretKey}`))
  const canonical = hash(canonicalRequest(request, signedHeaders.split(';')))
  const expected = hmac(signingKey, ['AWS4-HMAC-SHA256', date, scope, canonical].join('\n'))
  if (!timingSafeEqual(expected, Buffer.from(signature, 'hex'))) {
    throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature does not match.')
  }
  return { seed: signature, signingKey, date, scope }
}

function canonicalRequest(request: IncomingMessage, signedHeaders: readonly string[]): string {
  const [path = '/', query = ''] = (request.url ?? '/').split('?')
  const parameters = query
    .split('&')
    .filter((it) => it !== '')
    .map((it) => (it.includes('=') ? it : `${it}=`))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const headers = signedHeaders.map(
    (name) =>
      `${name}:${String(request.headers[name] ?? '')
        .trim()
        .replaceAll(/ +/g, ' ')}\n`,
  )
  const payload = String(request.headers['x-amz-content-sha256'] ?? '')
  return [request.method, path, parameters.join('&'), headers.join(''), signedHeaders.join(';'), payload].join('\n')
}

/** `20261124T101500Z` */
function parseDate(date: string): EpochMs {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const time = Date.parse(iso)
  return Number.isNaN(time) ? 0 : time
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** @throws S3Error if a chunk of a signed, chunked body is not what was signed. @returns the signature of this chunk */
export function verifyChunk(signature: Signature, previous: string, chunk: Buffer, claimed: string): string {
  const chunkHash = createHash('sha256').update(chunk).digest('hex')
  const text = ['AWS4-HMAC-SHA256-PAYLOAD', signature.date, signature.scope, previous, hash(''), chunkHash].join('\n')
  const expected = hmac(signature.signingKey, text).toString('hex')
  if (expected !== claimed) throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature of a chunk does not match.')
  return expected
}
