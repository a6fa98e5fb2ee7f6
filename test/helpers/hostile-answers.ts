/**
 * What may come between a mount and S3, in a table: pages of proxies, filters and logins, errors with and without S3's own
 * words, bodies without length or end, and all of that after the request was carried out.
 */
import type { Fault, Page } from './faults.js'

export interface HostileAnswer {
  readonly name: string
  readonly fault: Fault
}

const html = '<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in.</p></body></html>\n'
const page = (status: number, more: Partial<Page> = {}): Fault => ({
  page: { status, headers: { server: 'proxy', 'content-type': 'text/html' }, body: html, ...more },
})
const redirect = (status: number): Fault =>
  page(status, { headers: { location: 'http://127.0.0.1:9/login', 'content-type': 'text/html' } })

/** Statuses that a proxy, or S3, may answer with. */
const statuses = [400, 403, 404, 407, 409, 411, 412, 413, 416, 417, 429, 500, 501, 502, 503, 504, 511] as const

/** No word of S3's is in them: they say nothing of the request. */
const foreignAnswers: readonly HostileAnswer[] = [
  { name: 'another’s page with 200', fault: page(200) },
  {
    name: 'another’s page with 200, an ETag and a time',
    fault: page(200, {
      headers: { etag: '"5f3e-2b6"', 'last-modified': 'Tue, 03 Mar 2026 09:30:00 GMT', 'content-type': 'text/html' },
    }),
  },
  { name: 'another’s XML with 200', fault: page(200, { body: '<?xml version="1.0"?><status>ok</status>' }) },
  { name: 'JSON with 200', fault: page(200, { body: '{"error":"blocked"}' }) },
  { name: 'nothing with 200', fault: page(200, { headers: {}, body: '' }) },
  { name: '201', fault: page(201, { headers: {}, body: '' }) },
  { name: '202', fault: page(202, { headers: {}, body: '' }) },
  { name: '204', fault: page(204, { headers: {} }) },
  ...[301, 302, 303, 307, 308].map((status) => ({ name: `${status} to a login`, fault: redirect(status) })),
  { name: '304', fault: page(304, { headers: {} }) },
  ...statuses.flatMap((status) => [
    { name: `${status} with another’s page`, fault: page(status) },
    { name: `${status} with nothing`, fault: page(status, { headers: {}, body: '' }) },
  ]),
]

/** S3's own words for what passes. */
const passingAnswers: readonly HostileAnswer[] = [
  ...(
    [
      [400, 'RequestTimeout'],
      [400, 'ThrottlingException'],
      [400, 'KMS.ThrottlingException'],
      [400, 'RequestLimitExceeded'],
      [400, 'BadDigest'],
      [403, 'RequestTimeTooSkewed'],
      [409, 'OperationAborted'],
      [429, 'TooManyRequests'],
      [500, 'InternalError'],
      [503, 'SlowDown'],
      [503, 'ServiceUnavailable'],
      [509, 'BandwidthLimitExceeded'],
    ] as const
  ).map(([status, code]) => ({ name: `${status} ${code}`, fault: { status, code } })),
]

const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

/** They don't come to an end by themselves. */
const endlessAnswers: readonly HostileAnswer[] = [
  { name: 'a page without end', fault: page(200, { endless: html }) },
  { name: 'an error without end', fault: page(503, { endless: html }) },
  {
    name: 'an error of S3’s without end',
    fault: page(403, { body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>', endless: 'denied ' }),
  },
  {
    name: 'a listing without end',
    fault: page(200, {
      body: '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>',
      endless: '<Contents><Key>x</Key><LastModified>2026-03-03T09:30:00Z</LastModified><Size>1</Size></Contents>',
    }),
  },
  { name: 'a page that trickles without end', fault: page(200, { endless: html, rate: 200 }) },
  {
    name: 'a page that ends with the connection, cut',
    fault: page(200, { framing: 'close', body: html.slice(0, 40) }),
  },
  { name: 'silence', fault: { stall: true } },
  ...[100, 102, 103].map((status) => ({
    name: `an interim answer without end (${status})`,
    fault: { raw: { endless: `HTTP/1.1 ${status} Go on\r\n\r\n`, every: 100 } },
  })),
  { name: 'a head that trickles', fault: { raw: { first: 'HTTP/1.1 200 OK\r\nx-pad: ', endless: 'a', every: 100 } } },
  {
    name: 'a head without end',
    fault: { raw: { first: 'HTTP/1.1 200 OK\r\n', endless: `x-pad: ${'a'.repeat(1_000)}\r\n` } },
  },
  { name: 'a chunk whose extension trickles', fault: { raw: { first: `${chunked}5;x=`, endless: 'a', every: 100 } } },
  { name: 'a trailer that trickles', fault: { raw: { first: `${chunked}0\r\nx-pad: `, endless: 'a', every: 100 } } },
]

/** S3's own answer, on a bad way. */
const brokenAnswers: readonly HostileAnswer[] = [
  { name: 'no answer', fault: { reset: 'request' } },
  { name: 'an answer that ends after its head', fault: { reset: 'head' } },
  { name: 'a cut answer', fault: { cutAfter: 20 } },
  { name: 'an answer that is announced shorter than it is', fault: { shortenTo: 20 } },
  { name: 'an answer that stops coming', fault: { stallAfter: 20 } },
  { name: 'a lost answer', fault: { loseAnswer: 'reset' } },
]

/** S3's own answer, as it may come as well. */
const harmlessAnswers: readonly HostileAnswer[] = [
  { name: 'an answer in chunks, without its length', fault: { framing: 'chunked' } },
  { name: 'an answer without its length, that ends with the connection', fault: { framing: 'close' } },
  { name: 'a slow answer', fault: { delay: 100 } },
]

/** The request is carried out, and answered so all the same. */
function carriedOut({ name, fault }: HostileAnswer): HostileAnswer {
  if ('stall' in fault) return { name: `${name}, though it was done`, fault: { loseAnswer: 'stall' } }
  return { name: `${name}, though it was done`, fault: { ...fault, carriedOut: true } }
}

/** All after which nothing is lost, sent twice or shown empty, and all is well when they are over. */
export const hostileAnswers: readonly HostileAnswer[] = [
  ...[...foreignAnswers, ...passingAnswers, ...endlessAnswers].flatMap((it) => [it, carriedOut(it)]),
  ...brokenAnswers,
  ...harmlessAnswers,
]
