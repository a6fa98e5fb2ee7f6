/** Bodies of uploads at the embedded server: chunks are taken apart, and what is not what was announced is refused. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import t from 'tap'
import { crc32 } from 'node:zlib'
import { readBody } from '../../src/demo/s3/body.js'
import { S3Error } from '../../src/demo/s3/s3-error.js'

const signature = { seed: '', signingKey: Buffer.alloc(0), date: '', scope: '' }
const content = 'ISA*00*~GS*PO~'
const chunked = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }

function checksum(text: string): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(text))
  return bytes.toString('base64')
}

/** @returns the body, or S3's code for why not */
async function read(headers: Record<string, string>, raw: string): Promise<string> {
  const request = Object.assign(Readable.from([Buffer.from(raw)]), { headers, method: 'PUT' })
  try {
    return (await readBody(request as unknown as IncomingMessage, signature)).toString()
  } catch (error) {
    if (error instanceof S3Error) return `${error.status} ${error.code}`
    throw error
  }
}

t.test('a plain body', async (t) => {
  const length = { 'content-length': String(content.length) }
  t.equal(await read(length, content), content)
  t.equal(await read({ ...length, 'x-amz-checksum-crc32': checksum(content) }, content), content)
  t.equal(await read({ ...length, 'x-amz-checksum-crc32': checksum('other') }, content), '400 BadDigest')
  t.equal(await read({ ...length, 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, content), '400 BadDigest')
  const signed = { ...length, 'x-amz-content-sha256': '0'.repeat(64) }
  t.equal(await read(signed, content), '400 XAmzContentSHA256Mismatch')
  t.equal(await read({}, content), '411 MissingContentLength')
})

t.test('a body in chunks, its checksum behind it', async (t) => {
  const chunks = `6\r\n${content.slice(0, 6)}\r\n8\r\n${content.slice(6)}\r\n0\r\n`
  const trailer = (text: string): string => `x-amz-checksum-crc32:${checksum(text)}\r\n\r\n`
  t.equal(await read(chunked, chunks + trailer(content)), content)
  t.equal(await read(chunked, chunks + trailer('other')), '400 BadDigest')
  const announced = { ...chunked, 'x-amz-decoded-content-length': '15' }
  t.equal(await read(announced, chunks + trailer(content)), '400 IncompleteBody')
  t.equal(await read(chunked, chunks.slice(0, 12)), '400 IncompleteBody')
  t.equal(await read(chunked, 'no size\r\n'), '400 IncompleteBody')
})
