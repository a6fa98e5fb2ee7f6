/** Which heads of answers are read without the SDK, and that nothing is made of a part of one. */
import fc from 'fast-check'
import t from 'tap'
import { headIn } from '../../../src/s3/lean/answer-head.js'

const usual = [
  'HTTP/1.1 206 Partial Content',
  'x-amz-request-id: 1',
  'ETag: "abc"',
  'Content-Range: bytes 0-3/9',
  'Content-Length: 4',
]
const bytesOf = (lines: readonly string[], body = ''): Buffer =>
  Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1')

t.test('a usual head', async (t) => {
  const read = headIn(bytesOf(usual, 'body'))
  if (read.kind !== 'whole') return t.fail(read.kind)
  t.equal(read.end, bytesOf(usual).length)
  t.match(read.head, { statusCode: 206, length: 4, isKept: true })
  t.equal(read.head.headers.etag, '"abc"')
  t.equal(read.head.headers['content-range'], 'bytes 0-3/9')
})

const whole: Readonly<Record<string, readonly string[]>> = {
  'without a reason': ['HTTP/1.1 200', 'Content-Length: 4'],
  'with an empty one': ['HTTP/1.1 200 ', 'Content-Length: 4'],
  'with a header that may stand several times': [...usual, 'Vary: Origin', 'Vary: Accept-Encoding'],
  'with names in capitals, and without spaces': ['HTTP/1.1 200 OK', 'CONTENT-LENGTH:4'],
  'with text that is not ASCII': [...usual, 'x-amz-meta-name: Größe'],
  'with the same word of the connection as without one': [...usual, 'Connection: Keep-Alive'],
}
for (const [what, lines] of Object.entries(whole)) {
  t.test(what, async (t) => t.match(headIn(bytesOf(lines)), { kind: 'whole', head: { length: 4, isKept: true } }))
}

t.test('a connection that is not kept', async (t) => {
  t.match(headIn(bytesOf([...usual, 'Connection: close'])), { kind: 'whole', head: { isKept: false } })
})

const unusual: Readonly<Record<string, readonly string[]>> = {
  'another status': ['HTTP/1.1 204 No Content', 'Content-Length: 0'],
  'an error': ['HTTP/1.1 404 Not Found', 'Content-Length: 4'],
  'what comes before an answer': ['HTTP/1.1 100 Continue', 'Content-Length: 4'],
  'another version': ['HTTP/1.0 200 OK', 'Content-Length: 4'],
  'no HTTP': ['SSH-2.0-OpenSSH_9.2', 'Content-Length: 4'],
  'no length': ['HTTP/1.1 200 OK', 'ETag: "abc"'],
  'a length that is none': [...usual.slice(0, 4), 'Content-Length: 4, 4'],
  'a negative one': [...usual.slice(0, 4), 'Content-Length: -4'],
  'one with a sign': [...usual.slice(0, 4), 'Content-Length: +4'],
  'one in hexadecimal': [...usual.slice(0, 4), 'Content-Length: 0x4'],
  'one without end': [...usual.slice(0, 4), `Content-Length: ${'9'.repeat(20)}`],
  'two lengths': [...usual, 'content-length: 4'],
  'two ETags': [...usual, 'etag: "abc"'],
  'two of S3’s own': [...usual, 'x-amz-request-id: 2'],
  chunks: [...usual, 'Transfer-Encoding: chunked'],
  'an encoding': [...usual, 'Content-Encoding: gzip'],
  'another protocol': [...usual, 'Connection: upgrade', 'Upgrade: h2c'],
  'a line that goes on in the next': [...usual, ' and on'],
  'a header without a name': [...usual, ': x'],
  'a space before the colon': [...usual, 'Age : 1'],
  'a line feed alone': [...usual, 'Age: 1\nContent-Length: 9'],
  'a carriage return alone': [...usual, 'Age: 1\rx: 2'],
  'a zero': [...usual, 'Age: \0'],
  'what has no end': [...usual, `x: ${'x'.repeat(20_000)}`],
}
for (const [what, lines] of Object.entries(unusual)) {
  t.test(`left to the SDK: ${what}`, async (t) => t.same(headIn(bytesOf(lines)), { kind: 'unusual' }))
}

t.test('S3’s own no is told from anybody else’s', async (t) => {
  const refusal = ['HTTP/1.1 404 Not Found', 'x-amz-request-id: 1', 'Transfer-Encoding: chunked']
  t.same(headIn(bytesOf(refusal)), { kind: 'refused', status: 404 })
  t.same(headIn(bytesOf(['HTTP/1.1 404 Not Found', 'Content-Length: 4'])), { kind: 'unusual' })
  t.same(headIn(bytesOf(['HTTP/1.1 204 No Content', 'x-amz-request-id: 1'])), { kind: 'unusual' })
})

t.test('what has no end is not waited for', async (t) => {
  t.same(headIn(Buffer.alloc(17_000, 'x')), { kind: 'unusual' })
})

t.test('cut at any byte it is a part, whatever body follows', async (t) => {
  const head = bytesOf(usual)
  for (let end = 0; end < head.length; end += 1) t.same(headIn(head.subarray(0, end)), { kind: 'part' }, `${end} bytes`)
  for (const body of ['', '\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n']) {
    t.match(headIn(bytesOf(usual, body)), { kind: 'whole', end: head.length })
  }
})

t.test('with any other byte in it, it is another length only where the digits say so', async () => {
  const head = bytesOf(usual, 'body')
  // From the space on, which may be another digit.
  const digits = head.indexOf('Length: 4') + 'Length:'.length
  fc.assert(
    fc.property(fc.nat(head.length - 5), fc.nat(255), (place, byte) => {
      const other = Buffer.from(head)
      other[place] = byte
      const read = headIn(other)
      return read.kind !== 'whole' || place >= digits || (read.head.length === 4 && read.end === head.length - 4)
    }),
    { numRuns: 5_000 },
  )
})
