/** Signatures as AWS's documents have them. */
import t from 'tap'
import { Signer } from '../../../src/s3/lean/signature.js'

const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const get = { path: '/test.txt', headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' } }

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, “GET Object” */
t.test('the example of AWS', async (t) => {
  const signed = new Signer('us-east-1').signed(get, keys, Date.UTC(2013, 4, 24))
  t.equal(
    signed.authorization,
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  )
})

t.test('another day, and another secret, are signed with another key', async (t) => {
  const signer = new Signer('us-east-1')
  const day = 24 * 60 * 60_000
  const first = signer.signed(get, keys, Date.UTC(2013, 4, 24)).authorization
  const later = signer.signed(get, keys, Date.UTC(2013, 4, 24) + day).authorization
  t.equal(later, new Signer('us-east-1').signed(get, keys, Date.UTC(2013, 4, 24) + day).authorization)
  const rotated = signer.signed(get, { ...keys, secretAccessKey: 'another' }, Date.UTC(2013, 4, 24)).authorization
  t.not(rotated, first)
  t.equal(signer.signed(get, keys, Date.UTC(2013, 4, 24)).authorization, first)
})

t.test('a session token goes along, and is signed', async (t) => {
  const signed = new Signer('us-east-1').signed(get, { ...keys, sessionToken: 'token' }, Date.UTC(2013, 4, 24))
  t.equal(signed['x-amz-security-token'], 'token')
  t.match(signed.authorization, 'x-amz-date;x-amz-security-token,')
})
