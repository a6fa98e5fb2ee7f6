/**
 * The XML of a page of a listing → the page. The SDK's parser takes 18 ms of CPU for 1,000 keys, this under 3. What
 * does not look as S3 writes it is left to the SDK. Pure.
 */
import type { EpochMs, Key, Prefix } from '../units.js'
import type { ListPage, ObjectInfo } from './store.js'

/** Where a tag begins and ends, and of which kind it is. */
interface Tag {
  readonly kind: 'open' | 'close' | 'empty'
  readonly start: number
  readonly end: number
}

/** Comments, CDATA and the like: not in any server's answers, so not understood. */
class Unusual extends Error {}

/**
 * @returns undefined if it is no ListBucketResult, or an unusual one
 * @throws Error if it is one, but not whole
 */
export function parseListPage(xml: string): ListPage | undefined {
  const root = xml.indexOf('<ListBucketResult')
  if (root < 0 || !/^\s*(?:<\?[^>]*\?>\s*)?$/.test(xml.slice(0, root))) return undefined
  if (!xml.trimEnd().endsWith('</ListBucketResult>')) {
    if (/<ListBucketResult[^>]*\/>\s*$/.test(xml)) return undefined
    throw new Error('S3 sent half a page of a listing')
  }
  try {
    return new PageReader(xml, xml.indexOf('>', root) + 1).page()
  } catch (error) {
    if (error instanceof Unusual) return undefined
    throw error
  }
}

class PageReader {
  readonly #xml: string
  #at: number

  constructor(xml: string, at: number) {
    this.#xml = xml
    this.#at = at
  }

  page(): ListPage {
    const objects: ObjectInfo[] = []
    const prefixes: Prefix[] = []
    let isTruncated = false
    let next: string | undefined
    for (let tag = this.#next(); tag.kind !== 'close'; tag = this.#next()) {
      if (this.#is(tag, 'Contents')) objects.push(this.#object(tag))
      else if (this.#is(tag, 'CommonPrefixes')) prefixes.push(this.#prefix(tag))
      else if (this.#is(tag, 'IsTruncated')) isTruncated = this.#text(tag) === 'true'
      else if (this.#is(tag, 'NextContinuationToken')) next = this.#text(tag)
      else this.#skip(tag)
    }
    if (this.#xml.slice(this.#at).trim() !== '') throw new Unusual()
    return { objects, prefixes, next: isTruncated ? next : undefined }
  }

  #object(parent: Tag): ObjectInfo {
    let [key, size, time, etag] = ['', '', '', '']
    if (parent.kind === 'empty') throw new Unusual()
    for (let tag = this.#next(); tag.kind !== 'close'; tag = this.#next()) {
      if (this.#is(tag, 'Key')) key = this.#text(tag)
      else if (this.#is(tag, 'Size')) size = this.#text(tag)
      else if (this.#is(tag, 'LastModified')) time = this.#text(tag)
      else if (this.#is(tag, 'ETag')) etag = this.#text(tag)
      else this.#skip(tag)
    }
    const mtime: EpochMs = Date.parse(time)
    if (key === '' || !/^\d+$/.test(size) || Number.isNaN(mtime)) throw new Unusual()
    return { key: decodeKey(key) as Key, size: Number(size), mtime, etag: unquoted(etag) }
  }

  #prefix(parent: Tag): Prefix {
    let prefix: string | undefined
    if (parent.kind === 'empty') throw new Unusual()
    for (let tag = this.#next(); tag.kind !== 'close'; tag = this.#next()) {
      if (this.#is(tag, 'Prefix')) prefix = this.#text(tag)
      else this.#skip(tag)
    }
    if (prefix === undefined) throw new Unusual()
    return decodeKey(prefix) as Prefix
  }

  /** The text of an element that was opened. */
  #text(tag: Tag): string {
    if (tag.kind === 'empty') return ''
    const next = this.#next()
    if (next.kind !== 'close') throw new Unusual()
    return unescaped(this.#xml.slice(tag.end, next.start))
  }

  /** Passes by an element that was opened, with all its children. */
  #skip(tag: Tag): void {
    if (tag.kind === 'empty') return
    for (let next = this.#next(); next.kind !== 'close'; next = this.#next()) this.#skip(next)
  }

  #is({ kind, start, end }: Tag, name: string): boolean {
    const length = end - start - (kind === 'empty' ? 3 : 2)
    return length === name.length && this.#xml.startsWith(name, start + 1)
  }

  #next(): Tag {
    const start = this.#xml.indexOf('<', this.#at)
    const end = this.#xml.indexOf('>', start) + 1
    if (start < 0 || end === 0) throw new Unusual()
    this.#at = end
    const first = this.#xml.charCodeAt(start + 1)
    if (first === slash) return { kind: 'close', start, end }
    // No letter: a comment, CDATA. No letter at the end: an attribute.
    const isEmpty = this.#xml.charCodeAt(end - 2) === slash
    if (!isLetter(first) || !isLetter(this.#xml.charCodeAt(isEmpty ? end - 3 : end - 2))) throw new Unusual()
    return { kind: isEmpty ? 'empty' : 'open', start, end }
  }
}

const slash = '/'.charCodeAt(0)

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

/**
 * Keys are listed with EncodingType=url, where `+` is a space. One that is not UTF-8, which S3 forbids, stays encoded: it
 * can't be read, and must not hide the others.
 */
export function decodeKey(encoded: string): string {
  if (!/[+%]/.test(encoded)) return encoded
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return encoded
  }
}

export function unquoted(etag: string | undefined): string {
  return (etag ?? '').replace(/^(?:W\/)?"|"$/g, '')
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescaped(text: string): string {
  if (!text.includes('&')) return text
  // As ETags are written.
  if (text.lastIndexOf('&') === text.length - 6 && text.indexOf('&', 1) === text.length - 6) {
    if (text.startsWith('&quot;') && text.endsWith('&quot;')) return `"${text.slice(6, -6)}"`
  }
  return text.replace(
    /&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/g,
    (_, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return entities[name] ?? unknownEntity()
      return String.fromCodePoint(hex === undefined ? Number(decimal) : parseInt(hex, 16))
    },
  )
}

function unknownEntity(): never {
  throw new Unusual()
}
