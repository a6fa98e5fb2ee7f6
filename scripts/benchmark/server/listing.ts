/** Listings of both versions; a page that was made once is kept until the bucket changes. */
import type { BenchBucket, BenchObject } from './bucket.js'

export class Listings {
  readonly #bucket: BenchBucket
  readonly #pages = new Map<string, string>()
  #generation = -1

  constructor(bucket: BenchBucket) {
    this.#bucket = bucket
  }

  /** @param search of the request's URL */
  page(search: string): string {
    if (this.#generation !== this.#bucket.generation) this.#pages.clear()
    this.#generation = this.#bucket.generation
    const known = this.#pages.get(search)
    if (known !== undefined) return known
    const page = this.#made(new URLSearchParams(search))
    this.#pages.set(search, page)
    return page
  }

  #made(query: URLSearchParams): string {
    const isSecond = query.get('list-type') === '2'
    const token = query.get('continuation-token')
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? '']
    const after = token ?? query.get(isSecond ? 'start-after' : 'marker') ?? ''
    const limit = Math.min(1000, Number(query.get('max-keys') ?? 1000))
    const { objects, prefixes, next } = this.#bucket.page({ prefix, delimiter, after, limit })
    const parts = [
      `<Name>bench</Name><Prefix>${prefix}</Prefix><MaxKeys>${limit}</MaxKeys><Delimiter>${delimiter}</Delimiter>`,
      query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : '',
      `<IsTruncated>${next !== undefined}</IsTruncated>`,
      isSecond ? `<KeyCount>${objects.length + prefixes.length}</KeyCount>` : '',
      next === undefined ? '' : isSecond ? element('NextContinuationToken', next) : element('NextMarker', next),
      ...objects.map(contents),
      ...prefixes.map((it) => `<CommonPrefixes>${element('Prefix', it)}</CommonPrefixes>`),
    ]
    return xml('ListBucketResult', parts.join(''))
  }
}

function contents({ key, mtime, etag, size }: BenchObject): string {
  return (
    `<Contents><Key>${key}</Key><LastModified>${mtime.toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag>` +
    `<Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`
  )
}

function element(name: string, text: string): string {
  return `<${name}>${text}</${name}>`
}

export function xml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${root}>`
}
