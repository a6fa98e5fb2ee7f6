import fc from 'fast-check'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { crc32 } from 'node:zlib'
import { ChecksumStream, combineCrc32, formatCrc32 } from '../../src/send/uploads/crc32.js'

const bytes = fc.uint8Array({ maxLength: 5_000 }).map((it) => Buffer.from(it))

t.test('the checksum of two parts is that of the whole', async () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => combineCrc32(crc32(a), crc32(b), b.length) === crc32(Buffer.concat([a, b]))),
  )
})

t.test('parts may be longer than 32 bits can count', async (t) => {
  // By the law itself: appending 5 GiB of one part is appending its halves.
  const half = 2.5 * 1024 ** 3
  t.equal(combineCrc32(combineCrc32(crc32('x'), 0, half), 0, half), combineCrc32(crc32('x'), 0, 2 * half))
})

t.test('a stream hands on what comes, and knows its checksum', async (t) => {
  let seen = 0
  const stream = new ChecksumStream((length) => (seen += length))
  const content = Buffer.from('ISA*00*\n'.repeat(100_000))
  t.ok((await buffer(Readable.from([content.subarray(0, 7), content.subarray(7)]).pipe(stream))).equals(content))
  t.equal(stream.value, crc32(content))
  t.equal(seen, content.length)
  t.equal(formatCrc32(0xabc), '00000abc')
})
