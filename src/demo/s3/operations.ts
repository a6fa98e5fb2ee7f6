/** The operations of S3 on one bucket. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { EpochMs } from '../../units.js'
import type { Bucket, StoredObject } from './bucket.js'
import type { MultipartUploads } from './multipart.js'
import { crc32Base64 } from './body.js'
import { escapeXml, S3Error } from './s3-error.js'
import type { PutEvent } from './server.js'

export type OperationName = keyof typeof operations | 'Unknown' | 'NoSuchBucket'

export interface Operation {
  readonly name: OperationName
  readonly key: string
  readonly query: ReadonlyMap<string, string>
}

export interface Context {
  readonly bucket: Bucket
  readonly uploads: MultipartUploads
  readonly body: Buffer
  readonly headers: IncomingHttpHeaders
  readonly now: EpochMs
  readonly pageLimit: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is XML. */
  readonly body?: string | Buffer
  /** Content-Length of a HEAD. */
  readonly length?: number
  readonly put?: PutEvent
}

type Handler = (operation: Operation, context: Context) => Answer

/** What a request asks for. Keys are taken from the raw path: a URL object would collapse `..`. */
export function operationOf(request: IncomingMessage, bucket: string): Operation {
  const [path = '/', search = ''] = (request.url ?? '/').split('?')
  const [name, ...rest] = path.slice(1).split('/')
  const key = decodeURIComponent(rest.join('/'))
  const query = new Map(new URLSearchParams(search))
  if (name !== bucket) return { name: 'NoSuchBucket', key, query }
  return { name: nameOf(request, key, query), key, query }
}

/** @throws S3Error */
export function answer(operation: Operation, context: Context): Answer {
  const { name } = operation
  if (name === 'NoSuchBucket') throw new S3Error(404, 'NoSuchBucket', 'The bucket does not exist.')
  if (name === 'Unknown') throw new S3Error(501, 'NotImplemented', 'This server does not do that.')
  return operations[name](operation, context)
}

function nameOf(request: IncomingMessage, key: string, query: ReadonlyMap<string, string>): OperationName {
  const { method } = request
  if (key === '') return method === 'HEAD' ? 'HeadBucket' : method === 'GET' ? bucketQuery(query) : 'Unknown'
  if (method === 'GET') return 'GetObject'
  if (method === 'HEAD') return 'HeadObject'
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject'
  if (method === 'POST') {
    if (query.has('uploads')) return 'CreateMultipartUpload'
    return query.has('uploadId') ? 'CompleteMultipartUpload' : 'Unknown'
  }
  if (method !== 'PUT') return 'Unknown'
  if (query.has('uploadId')) return 'UploadPart'
  return request.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject'
}

function bucketQuery(query: ReadonlyMap<string, string>): OperationName {
  if (query.has('uploads')) return 'ListMultipartUploads'
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown'
}

const operations = {
  HeadBucket: () => ({ status: 200 }),
  ListObjectsV2: listObjects,
  ListMultipartUploads: (_operation, { uploads }) => {
    const entries = uploads
      .list()
      .map(({ id, key }) => `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId></Upload>`)
    return xml('ListMultipartUploadsResult', entries.join(''))
  },
  GetObject: (operation, context) => read(operation, context),
  HeadObject: (operation, context) => {
    const { body, ...rest } = read(operation, context)
    return { ...rest, length: body?.length ?? 0 }
  },
  PutObject: ({ key }, context) => {
    requireAbsent(key, context)
    const { etag } = context.bucket.put(key, context.body, context.now)
    const put = { key, size: context.body.length, etag, by: 'PutObject' } as const
    return { status: 200, headers: { etag: `"${etag}"` }, put }
  },
  CopyObject: ({ key }, context) => {
    const source = decodeURIComponent(String(context.headers['x-amz-copy-source'])).replace(/^\/?[^/]+\//, '')
    const { bytes } = existing(source, context)
    const { etag } = context.bucket.put(key, bytes, context.now)
    const put = { key, size: bytes.length, etag, by: 'CopyObject' } as const
    return { ...xml('CopyObjectResult', `<ETag>"${etag}"</ETag>`), put }
  },
  DeleteObject: ({ key }, { bucket }) => {
    bucket.delete(key)
    return { status: 204 }
  },
  CreateMultipartUpload: ({ key }, { uploads }) =>
    xml('InitiateMultipartUploadResult', `<Key>${escapeXml(key)}</Key><UploadId>${uploads.create(key)}</UploadId>`),
  UploadPart: ({ query }, { uploads, body }) => {
    const etag = uploads.add(query.get('uploadId') ?? '', Number(query.get('partNumber')), body)
    return { status: 200, headers: { etag: `"${etag}"` } }
  },
  CompleteMultipartUpload: ({ key, query }, context) => {
    requireAbsent(key, context)
    const { bytes, etag } = context.uploads.complete(query.get('uploadId') ?? '', parseParts(context.body.toString()))
    context.bucket.put(key, bytes, context.now, etag)
    const put = { key, size: bytes.length, etag, by: 'CompleteMultipartUpload' } as const
    return { ...xml('CompleteMultipartUploadResult', `<Key>${escapeXml(key)}</Key><ETag>"${etag}"</ETag>`), put }
  },
  AbortMultipartUpload: ({ query }, { uploads }) => {
    uploads.abort(query.get('uploadId') ?? '')
    return { status: 204 }
  },
} satisfies Record<string, Handler>

function listObjects({ query }: Operation, { bucket, pageLimit }: Context): Answer {
  const limit = Math.min(pageLimit, Number(query.get('max-keys') ?? 1000))
  const token = query.get('continuation-token')
  const after = token === undefined ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
  const page = bucket.page({ prefix, delimiter, after, limit })
  const isEncoded = query.get('encoding-type') === 'url'
  const shown = isEncoded ? encodeKey : escapeXml
  const encoding = isEncoded ? '<EncodingType>url</EncodingType>' : ''
  const contents = page.objects.map(
    ({ key, bytes, etag, mtime }) =>
      `<Contents><Key>${shown(key)}</Key><LastModified>${new Date(mtime).toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${bytes.length}</Size></Contents>`,
  )
  const folders = page.prefixes.map((it) => `<CommonPrefixes><Prefix>${shown(it)}</Prefix></CommonPrefixes>`)
  const next =
    page.next === undefined
      ? ''
      : `<NextContinuationToken>${Buffer.from(page.next).toString('base64url')}</NextContinuationToken>`
  const truncated = `<IsTruncated>${page.next !== undefined}</IsTruncated>`
  return xml(
    'ListBucketResult',
    `<Prefix>${shown(prefix)}</Prefix>${encoding}${truncated}${next}${contents.join('')}${folders.join('')}`,
  )
}

function read({ key }: Operation, context: Context): Answer {
  const object = existing(key, context)
  const { 'if-match': ifMatch, range } = context.headers
  if (ifMatch !== undefined && ifMatch !== `"${object.etag}"` && ifMatch !== '*') {
    throw new S3Error(412, 'PreconditionFailed', 'The ETag is another one.')
  }
  const headers = {
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.mtime).toUTCString(),
    'accept-ranges': 'bytes',
  }
  // As S3: of a part of an object there is none.
  const checksum = context.headers['x-amz-checksum-mode'] === 'ENABLED' ? checksumHeader(object.bytes) : {}
  if (range === undefined) return { status: 200, headers: { ...headers, ...checksum }, body: object.bytes }
  const size = object.bytes.length
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? []
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from)
  const end = from === '' || to === '' ? size : Math.min(size, Number(to) + 1)
  if (start >= size || start >= end) throw new S3Error(416, 'InvalidRange', 'The range is not in the object.')
  const contentRange = { 'content-range': `bytes ${start}-${end - 1}/${size}` }
  return { status: 206, headers: { ...headers, ...contentRange }, body: object.bytes.subarray(start, end) }
}

function checksumHeader(bytes: Buffer): Record<string, string> {
  return { 'x-amz-checksum-crc32': crc32Base64(bytes), 'x-amz-checksum-type': 'FULL_OBJECT' }
}

function existing(key: string, { bucket }: Context): StoredObject {
  const object = bucket.get(key)
  if (!object) throw new S3Error(404, 'NoSuchKey', 'There is no such key.')
  return object
}

function requireAbsent(key: string, { bucket, headers }: Context): void {
  if (Buffer.byteLength(key) > 1024) throw new S3Error(400, 'KeyTooLongError', 'The key is too long.')
  if (headers['if-none-match'] === '*' && bucket.get(key)) {
    throw new S3Error(412, 'PreconditionFailed', 'There is such a key already.')
  }
}

function parseParts(body: string): { number: number; etag: string }[] {
  return [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: (/<ETag>(.*?)<\/ETag>/.exec(part)?.[1] ?? '').replaceAll(/&quot;|&#34;|"/g, ''),
  }))
}

/** As S3 encodes keys in listings: like a form, but `/` stays. */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
}

function xml(root: string, content: string): Answer {
  return { status: 200, body: `<?xml version="1.0" encoding="UTF-8"?><${root}>${content}</${root}>` }
}
