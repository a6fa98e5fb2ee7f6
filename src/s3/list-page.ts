/** The XML of a page of a listing → what is in it, in a third of the time that the SDK takes. Whether it is acceptable is not asked here. Pure. */
import type { Bytes, EpochMs, Key, Prefix } from '../units.js'
import type { ObjectInfo } from './store.js'
import { type Tag, UnreadableXml, XmlReader } from './xml.js'

/** A page as the server gave it. */
export interface ListedPage {
  readonly objects: ObjectInfo[]
  readonly prefixes: Prefix[]
  /** `true` or `false`, if it is S3's; undefined if it is missing. */
  readonly isTruncated: string | undefined
  readonly token: string | undefined
  /** The prefix that was asked for, as the server understood it; encoded or not where keys are: Ceph leaves it as it is. */
  readonly prefix: string | undefined
  /** Whether keys were encoded as was asked. */
  readonly isEncoded: boolean
}

/** What is shown of a size that is no number, or too great for one: never 0, which would be an empty file. */
const unknownSize: Bytes = Number.MAX_SAFE_INTEGER

/**
 * @returns undefined if it is no ListBucketResult
 * @throws UnreadableXml if it is one, but not whole
 */
export function parseListPage(xml: string): ListedPage | undefined {
  const reader = XmlReader.of(xml, 'ListBucketResult')
  return reader && new PageReader(reader, /<EncodingType[^>]*>\s*url\s*<\/EncodingType>/.test(xml)).page()
}

class PageReader {
  readonly #reader: XmlReader
  readonly #isEncoded: boolean

  constructor(reader: XmlReader, isEncoded: boolean) {
    this.#reader = reader
    this.#isEncoded = isEncoded
  }

  page(): ListedPage {
    const reader = this.#reader
    const objects: ObjectInfo[] = []
    const prefixes: Prefix[] = []
    let [isTruncated, token, prefix]: (string | undefined)[] = []
    for (let tag = reader.next(); tag.kind !== 'close'; tag = reader.next()) {
      if (reader.is(tag, 'Contents')) this.#object(tag, objects)
      else if (reader.is(tag, 'CommonPrefixes')) this.#prefix(tag, prefixes)
      else if (reader.is(tag, 'IsTruncated')) isTruncated = reader.text(tag).trim()
      else if (reader.is(tag, 'NextContinuationToken')) token = reader.text(tag)
      else if (reader.is(tag, 'Prefix')) prefix = reader.text(tag)
      else reader.skip(tag)
    }
    if (!reader.isOver) throw new UnreadableXml('something follows the listing')
    return { objects, prefixes, isTruncated, token, prefix, isEncoded: this.#isEncoded }
  }

  #object(parent: Tag, objects: ObjectInfo[]): void {
    const reader = this.#reader
    let [key, size, time, etag] = ['', '', '', '']
    if (parent.kind === 'empty') throw new UnreadableXml('there is an object without a key')
    for (let tag = reader.next(); tag.kind !== 'close'; tag = reader.next()) {
      if (reader.is(tag, 'Key')) key = reader.text(tag)
      else if (reader.is(tag, 'Size')) size = reader.text(tag)
      else if (reader.is(tag, 'LastModified')) time = reader.text(tag)
      else if (reader.is(tag, 'ETag')) etag = reader.text(tag)
      else reader.skip(tag)
    }
    if (key === '') throw new UnreadableXml('there is an object without a key')
    const name = this.#key(key)
    // In what can't be read of one object the others have no part.
    if (name !== undefined) {
      objects.push({ key: name as Key, size: sizeOf(size), mtime: timeOf(time), etag: unquoted(etag) })
    }
  }

  #prefix(parent: Tag, prefixes: Prefix[]): void {
    const reader = this.#reader
    let prefix = ''
    if (parent.kind === 'empty') throw new UnreadableXml('there is a folder without a name')
    for (let tag = reader.next(); tag.kind !== 'close'; tag = reader.next()) {
      if (reader.is(tag, 'Prefix')) prefix = reader.text(tag)
      else reader.skip(tag)
    }
    if (prefix === '') throw new UnreadableXml('there is a folder without a name')
    const name = this.#key(prefix)
    if (name !== undefined) prefixes.push(name as Prefix)
  }

  #key(text: string): string | undefined {
    return this.#isEncoded ? decodeKey(text) : text
  }
}

/**
 * Of keys listed with EncodingType=url, where `+` is a space.
 * @returns undefined if it is not UTF-8, which S3 forbids: no request can name it
 */
export function decodeKey(encoded: string): string | undefined {
  if (!/[+%]/.test(encoded)) return encoded
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function sizeOf(text: string): Bytes {
  return /^\d+$/.test(text) ? Math.min(Number(text), unknownSize) : unknownSize
}

/** 0 if it is no time. */
function timeOf(text: string): EpochMs {
  return Date.parse(text) || 0
}

export function unquoted(etag: string | undefined): string {
  if (etag === undefined) return ''
  const start = etag.startsWith('W/"') ? 3 : etag.startsWith('"') ? 1 : 0
  return etag.slice(start, etag.length > start && etag.endsWith('"') ? -1 : undefined)
}
