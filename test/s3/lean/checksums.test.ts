/** Checksums that S3 tells with an object: each that AWS has, right and wrong. */
import t from 'tap'
import { isAsToldBy } from '../../../src/s3/lean/checksums.js'

const bytes = Buffer.from('123456789')
/** Of "123456789", as catalogues of checksums have them. */
const known: Readonly<Record<string, Buffer>> = {
  crc32: Buffer.from('cbf43926', 'hex'),
  crc32c: Buffer.from('e3069283', 'hex'),
  crc64nvme: Buffer.from('ae8b14860a799888', 'hex'),
  sha1: Buffer.from('f7c3bc1d808e04732adf679965ccc34ca7ae3441', 'hex'),
  sha256: Buffer.from('15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225', 'hex'),
}

for (const [name, sum] of Object.entries(known)) {
  t.test(name, async (t) => {
    const headers = { [`x-amz-checksum-${name}`]: sum.toString('base64'), 'x-amz-checksum-type': 'FULL_OBJECT' }
    t.ok(await isAsToldBy(headers, bytes))
    for (let at = 0; at < bytes.length; at += 1) {
      const other = Buffer.from(bytes)
      other[at]! ^= 1
      t.notOk(await isAsToldBy(headers, other), `another byte ${at}`)
    }
    t.notOk(await isAsToldBy(headers, bytes.subarray(1)))
  })
}

t.test('one of parts says nothing of the whole', async (t) => {
  t.ok(await isAsToldBy({ 'x-amz-checksum-crc32': 'AAAAAA==-3' }, bytes))
  t.ok(await isAsToldBy({ 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-type': 'COMPOSITE' }, bytes))
})

t.test('without one there is nothing to compare; one that is not known here is left to the SDK', async (t) => {
  t.ok(await isAsToldBy({ etag: '"abc"' }, bytes))
  t.notOk(await isAsToldBy({ 'x-amz-checksum-xxhash3': 'AAAA' }, bytes))
})
