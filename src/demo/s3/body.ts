/** The body of an upload: read, taken out of aws-chunked framing, and compared with every checksum that came with it. */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { crc32 } from 'node:zlib'
import { S3Error } from './s3-error.js'
import { verifyChunk, type Signature } from './sigv4.js'

const hashes: Readonly<Record<string, (body: Buffer) => string>> = {
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-crc32': crc32Base64,
}

/** As x-amz-checksum-crc32 has it. */
export function crc32Base64(body: Buffer): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32(body))
  return bytes.toString('base64')
}

/** @throws S3Error 400 for a bad length or checksum, 411 without a length */
export async function readBody(request: IncomingMessage, signature: Signature): Promise<Buffer> {
  const isChunked = String(request.headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')
  if (request.headers['content-length'] === undefined && !isChunked && request.method === 'PUT') {
    throw new S3Error(411, 'MissingContentLength', 'There is no Content-Length.')
  }
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  const { body, trailers } = isChunked ? unchunk(raw, signature, request.headers) : { body: raw, trailers: {} }
  const wanted = request.headers['x-amz-decoded-content-length']
  if (wanted !== undefined && body.length !== Number(wanted)) {
    throw new S3Error(400, 'IncompleteBody', 'The body has another length than was announced.')
  }
  verifyPayload(request.headers, body)
  verifyChecksums({ ...request.headers, ...trailers }, body)
  return body
}

function verifyPayload(headers: IncomingHttpHeaders, body: Buffer): void {
  const claimed = String(headers['x-amz-content-sha256'] ?? '')
  if (!/^[0-9a-f]{64}$/.test(claimed)) return
  if (createHash('sha256').update(body).digest('hex') !== claimed) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The body is not the one that was signed.')
  }
}

function verifyChecksums(headers: Readonly<Record<string, unknown>>, body: Buffer): void {
  for (const [name, hash] of Object.entries(hashes)) {
    const claimed = headers[name]
    if (typeof claimed === 'string' && claimed !== hash(body)) {
      throw new S3Error(400, 'BadDigest', `The body does not have the checksum in ${name}.`)
    }
  }
}

/** `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0[;…]\r\n<trailers>\r\n` */
function unchunk(
  raw: Buffer,
  signature: Signature,
  headers: IncomingHttpHeaders,
): { body: Buffer; trailers: Record<string, string> } {
  const isSigned = String(headers['x-amz-content-sha256']).includes('HMAC')
  const parts: Buffer[] = []
  let previous = signature.seed
  let at = 0
  for (;;) {
    const end = raw.indexOf('\r\n', at)
    const [, hex, claimed] =
      /^([0-9a-f]+)(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(raw.toString('latin1', at, end)) ?? []
    if (end < 0 || hex === undefined) throw new S3Error(400, 'IncompleteBody', 'The chunks are cut.')
    const size = parseInt(hex, 16)
    const chunk = raw.subarray(end + 2, end + 2 + size)
    if (chunk.length < size) throw new S3Error(400, 'IncompleteBody', 'The chunks are cut.')
    if (isSigned) previous = verifyChunk(signature, previous, chunk, claimed ?? '')
    at = end + 2 + size
    if (size === 0) return { body: Buffer.concat(parts), trailers: parseTrailers(raw.toString('latin1', at)) }
    parts.push(chunk)
    at += 2
  }
}

function parseTrailers(text: string): Record<string, string> {
  const lines = text.split('\r\n').filter((line) => line.includes(':'))
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
}
