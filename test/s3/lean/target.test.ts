/** Where the SDK's requests went is where ours go; where it signs in a way of its own, it is left alone. */
import t from 'tap'
import { encodedKey, targetOf } from '../../../src/s3/lean/target.js'

const authorization = (scope: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIA/20261128/${scope}/aws4_request, SignedHeaders=host, Signature=00`
const request = {
  ...{ protocol: 'https:', hostname: 'b.s3.eu-central-1.amazonaws.com', path: '/AS2/order.edi' },
  headers: { host: 'b.s3.eu-central-1.amazonaws.com', authorization: authorization('eu-central-1/s3') },
}
const key = 'AS2/order.edi'

t.test('a bucket in the host name, and in the path; with a port, and IPv6', async (t) => {
  t.same(targetOf(request, key), {
    server: { isSecure: true, host: 'b.s3.eu-central-1.amazonaws.com', port: 443 },
    host: 'b.s3.eu-central-1.amazonaws.com',
    before: '/',
    region: 'eu-central-1',
  })
  const local = { ...request, protocol: 'http:', hostname: '[::1]', port: 9000, path: `/b/${key}` }
  const headers = { ...request.headers, host: '[::1]:9000' }
  t.match(targetOf({ ...local, headers }, key), {
    server: { isSecure: false, host: '::1', port: 9000 },
    host: '[::1]:9000',
    before: '/b/',
  })
})

t.test('other signatures than S3’s own are left to the SDK', async (t) => {
  for (const other of [
    authorization('eu-central-1/s3express'),
    authorization('eu-central-1/s3-outposts'),
    authorization('eu-central-1/s3').replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256'),
    'Bearer token',
  ]) {
    t.equal(targetOf({ ...request, headers: { ...request.headers, authorization: other } }, key), undefined, other)
  }
  const session = { ...request.headers, 'x-amz-s3session-token': 'token' }
  t.equal(targetOf({ ...request, headers: session }, key), undefined)
  t.equal(targetOf({ ...request, headers: { host: 'b' } }, key), undefined, 'unsigned')
})

t.test('a key that the SDK encodes in another way is left to it', async (t) => {
  t.equal(targetOf({ ...request, path: '/AS2/order%2Eedi' }, key), undefined)
})

t.test('keys are encoded as S3 signs them', async (t) => {
  t.equal(encodedKey("a b/ü+%~!'()*"), 'a%20b/%C3%BC%2B%25~%21%27%28%29%2A')
})
