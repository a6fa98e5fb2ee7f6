/** Answers S3 requests as fast as Node can: nothing is verified, and large uploads are measured, not kept. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Bytes } from '../../../src/units.js'
import { pattern, type BenchBucket, type BenchObject } from './bucket.js'
import { xml, type Listings } from './listing.js'

/** What is counted of requests. */
export type Operation = 'LIST' | 'GET' | 'HEAD' | 'PUT' | 'COPY' | 'PART' | 'POST' | 'DELETE' | 'OTHER'

export interface Target {
  readonly bucket: string
  readonly operation: Operation
  readonly key: string
  readonly search: string
}

/** Uploads up to this are kept with their content. */
const keptLimit: Bytes = 64 * 1024

export function targetOf(request: IncomingMessage): Target {
  const [path = '/', search = ''] = (request.url ?? '/').split('?')
  const slash = path.indexOf('/', 1)
  const bucket = path.slice(1, slash < 0 ? undefined : slash)
  const key = slash < 0 ? '' : decodeURIComponent(path.slice(slash + 1))
  return { bucket, operation: operationOf(request, key, search), key, search }
}

function operationOf({ method, headers }: IncomingMessage, key: string, search: string): Operation {
  if (method === 'GET') return key === '' ? 'LIST' : 'GET'
  if (method === 'HEAD' || method === 'POST' || method === 'DELETE') return method
  if (method !== 'PUT' || key === '') return 'OTHER'
  if (search.includes('partNumber=')) return 'PART'
  return headers['x-amz-copy-source'] === undefined ? 'PUT' : 'COPY'
}

export class Requests {
  readonly #bucket: BenchBucket
  readonly #listings: Listings
  readonly #uploads = new Map<string, { size: Bytes }>()

  constructor(bucket: BenchBucket, listings: Listings) {
    this.#bucket = bucket
    this.#listings = listings
  }

  /** @param delayed resolves when the answer may be sent */
  async handle(target: Target, request: IncomingMessage, response: ServerResponse, delayed: Promise<unknown>) {
    const body = target.operation === 'PUT' || target.operation === 'PART' ? await received(request) : undefined
    request.resume()
    await delayed
    const { operation, key, search } = target
    if (operation === 'LIST') {
      text(response, 200, this.#list(search))
      return
    }
    if (operation === 'GET' || operation === 'HEAD') return this.#read(key, request, response)
    if (operation === 'PUT' && body) {
      this.#put(key, body, metadataOf(request), response)
      return
    }
    if (operation === 'PART' && body) {
      this.#part(search, body, response)
      return
    }
    if (operation === 'COPY') {
      this.#copy(key, request, response)
      return
    }
    if (operation === 'POST') {
      this.#post(key, search, request, response)
      return
    }
    if (operation === 'DELETE') this.#bucket.delete(key)
    response.writeHead(operation === 'DELETE' ? 204 : 200, { 'content-length': 0 }).end()
  }

  #list(search: string): string {
    return search.startsWith('location') ? xml('LocationConstraint', '') : this.#listings.page(search)
  }

  async #read(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const object = this.#bucket.get(key)
    if (!object) {
      text(response, 404, xml('Error', '<Code>NoSuchKey</Code>'), request.method === 'HEAD')
      return
    }
    const wanted = request.headers['if-match']
    if (wanted !== undefined && wanted !== `"${object.etag}"`) {
      text(response, 412, xml('Error', '<Code>PreconditionFailed</Code>'))
      return
    }
    const range = rangeOf(request.headers.range, object.size)
    response.writeHead(request.headers.range === undefined ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': range.end - range.start,
      'content-range': `bytes ${range.start}-${range.end - 1}/${object.size}`,
      'last-modified': object.mtime.toUTCString(),
      'accept-ranges': 'bytes',
      etag: `"${object.etag}"`,
      ...object.metadata,
    })
    if (request.method === 'HEAD') response.end()
    else if (object.bytes) response.end(object.bytes.subarray(range.start, range.end))
    else await sendPattern(response, range.start, range.end)
  }

  #put(key: string, body: Body, metadata: BenchObject['metadata'], response: ServerResponse): void {
    this.#bucket.put({ key, size: body.size, etag: body.etag, mtime: new Date(), bytes: body.bytes, metadata })
    response.writeHead(200, { etag: `"${body.etag}"`, 'content-length': 0 }).end()
  }

  #copy(key: string, request: IncomingMessage, response: ServerResponse): void {
    const source = decodeURIComponent(String(request.headers['x-amz-copy-source']))
    const object = this.#bucket.get(source.replace(/^\/?[^/]+\//, ''))
    if (!object) {
      text(response, 404, xml('Error', '<Code>NoSuchKey</Code>'))
      return
    }
    const isReplaced = request.headers['x-amz-metadata-directive'] === 'REPLACE'
    this.#bucket.put({ ...object, key, ...(isReplaced ? { metadata: metadataOf(request) } : {}) })
    text(response, 200, xml('CopyObjectResult', `<ETag>"${object.etag}"</ETag>`))
  }

  #part(search: string, body: Body, response: ServerResponse): void {
    const upload = this.#uploads.get(new URLSearchParams(search).get('uploadId') ?? '')
    if (upload) upload.size += body.size
    response.writeHead(200, { etag: `"${body.etag}"`, 'content-length': 0 }).end()
  }

  #post(key: string, search: string, request: IncomingMessage, response: ServerResponse): void {
    const id = new URLSearchParams(search).get('uploadId')
    if (id === null) {
      const created = randomBytes(8).toString('hex')
      this.#uploads.set(created, { size: 0 })
      const names = `<Bucket>bench</Bucket><Key>${key}</Key>`
      text(response, 200, xml('InitiateMultipartUploadResult', `${names}<UploadId>${created}</UploadId>`))
      return
    }
    const etag = `${id}${id}-1`
    const size = this.#uploads.get(id)?.size ?? 0
    this.#uploads.delete(id)
    this.#bucket.put({ key, size, etag, mtime: new Date(), bytes: undefined, metadata: metadataOf(request) })
    text(response, 200, xml('CompleteMultipartUploadResult', `<Key>${key}</Key><ETag>"${etag}"</ETag>`))
  }
}

interface Body {
  readonly size: Bytes
  readonly etag: string
  readonly bytes: Buffer | undefined
}

async function received(request: IncomingMessage): Promise<Body> {
  // rclone compares the ETag of what it sent, so that is real; at 0.7 GB/s for one part it is every client's cost.
  const hash = createHash('md5')
  const kept: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
    if (size <= keptLimit) kept.push(chunk)
  }
  return { size, etag: hash.digest('hex'), bytes: size <= keptLimit ? Buffer.concat(kept) : undefined }
}

async function sendPattern(response: ServerResponse, start: Bytes, end: Bytes): Promise<void> {
  const closed = once(response, 'close')
  let at = start
  while (at < end && !response.destroyed) {
    const from = at % pattern.length
    const chunk = pattern.subarray(from, Math.min(from + 1024 * 1024, pattern.length, from + end - at))
    at += chunk.length
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed])
  }
  response.end()
}

function rangeOf(header: string | undefined, size: Bytes): { start: Bytes; end: Bytes } {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === '') return { start: last === '' ? 0 : Math.max(0, size - Number(last)), end: size }
  return { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) }
}

function metadataOf({ headers }: IncomingMessage): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-') || name === 'content-type')
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]))
}

function text(response: ServerResponse, status: number, body: string, isHead = false): void {
  const headers = { 'content-type': 'application/xml', 'content-length': isHead ? 0 : Buffer.byteLength(body) }
  response.writeHead(status, headers).end(isHead ? undefined : body)
}
