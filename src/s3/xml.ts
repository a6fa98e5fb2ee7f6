/** Reads S3's XML: elements and texts, one after the other. Attributes, comments and CDATA are passed or taken as XML has them. Pure. */

/** Where a tag begins and ends, and of which kind it is. */
export interface Tag {
  readonly kind: 'open' | 'close' | 'empty'
  readonly start: number
  readonly end: number
}

/** It is no XML, or only a part of one, or has what no answer of S3's has: a document type, an entity of its own. */
export class UnreadableXml extends Error {
  override readonly name = 'UnreadableXml'
}

/** A document's root and what is in it, whole. */
export class XmlReader {
  readonly #xml: string
  #at: number

  /**
   * Begins within the root element.
   * @returns undefined if the document has another root
   * @throws UnreadableXml if only a part of it is there
   */
  static of(xml: string, root: string): XmlReader | undefined {
    const [head = ''] = /^\uFEFF?\s*(?:<\?[^>]*\?>\s*)?/.exec(xml) ?? []
    const start = head.length
    const isRoot = xml.startsWith(`<${root}`, start) && isNameEnd(xml.charCodeAt(start + 1 + root.length))
    if (!isRoot) return undefined
    const end = xml.indexOf('>', start)
    if (end > 0 && xml.charCodeAt(end - 1) === slash && xml.slice(end + 1).trim() === '') return new XmlReader('</>', 0)
    if (!xml.trimEnd().endsWith(`</${root}>`)) throw new UnreadableXml('half a document came')
    return new XmlReader(xml, end + 1)
  }

  private constructor(xml: string, at: number) {
    this.#xml = xml
    this.#at = at
  }

  /** Whether nothing follows but white space. */
  get isOver(): boolean {
    return this.#xml.slice(this.#at).trim() === ''
  }

  next(): Tag {
    for (;;) {
      const start = this.#xml.indexOf('<', this.#at)
      const first = this.#xml.charCodeAt(start + 1)
      if (first === bang && this.#xml.startsWith('<!--', start)) {
        this.#at = this.#after('-->', start)
        continue
      }
      const end = this.#xml.indexOf('>', start) + 1
      if (start < 0 || end === 0) throw new UnreadableXml('a tag is cut')
      this.#at = end
      if (first === slash) return { kind: 'close', start, end }
      const isEmpty = this.#xml.charCodeAt(end - 2) === slash
      // No letter: a document type, a processing instruction. No letter at the end: attributes.
      if (!isLetter(first)) throw new UnreadableXml('there is something else than elements')
      if (!isLetter(this.#xml.charCodeAt(isEmpty ? end - 3 : end - 2))) this.#requireWholeAttributes(start, end)
      return { kind: isEmpty ? 'empty' : 'open', start, end }
    }
  }

  is({ start }: Tag, name: string): boolean {
    return this.#xml.startsWith(name, start + 1) && isNameEnd(this.#xml.charCodeAt(start + 1 + name.length))
  }

  /** The text of an element that was opened. */
  text(tag: Tag): string {
    if (tag.kind === 'empty') return ''
    const next = this.#xml.indexOf('<', tag.end)
    if (this.#xml.charCodeAt(next + 1) === bang) return this.#mixedText(tag)
    const close = this.next()
    if (close.kind !== 'close') throw new UnreadableXml('there are elements where a text should be')
    return unescaped(this.#xml.slice(tag.end, close.start))
  }

  /** Passes by an element that was opened, with all its children. */
  skip(tag: Tag): void {
    let depth = tag.kind === 'empty' ? 0 : 1
    while (depth > 0) {
      const start = this.#xml.indexOf('<', this.#at)
      if (this.#xml.startsWith('<![CDATA[', start)) {
        this.#at = this.#after(']]>', start)
        continue
      }
      const { kind } = this.next()
      if (kind === 'open') depth += 1
      else if (kind === 'close') depth -= 1
    }
  }

  /** With comments and CDATA in it. */
  #mixedText(tag: Tag): string {
    let text = ''
    let at = tag.end
    for (;;) {
      const start = this.#xml.indexOf('<', at)
      text += unescaped(this.#xml.slice(at, start))
      if (this.#xml.startsWith('<![CDATA[', start)) {
        at = this.#after(']]>', start)
        text += this.#xml.slice(start + '<![CDATA['.length, at - ']]>'.length)
      } else if (this.#xml.startsWith('<!--', start)) at = this.#after('-->', start)
      else break
    }
    this.#at = at
    if (this.next().kind !== 'close') throw new UnreadableXml('there are elements where a text should be')
    return text
  }

  #after(end: string, from: number): number {
    const at = this.#xml.indexOf(end, from)
    if (at < 0) throw new UnreadableXml(`${end} is missing`)
    return at + end.length
  }

  /** A `>` within a value would end the tag too early. */
  #requireWholeAttributes(start: number, end: number): void {
    const tag = this.#xml.slice(start, end)
    if (!/^<[^\s"'<>]+\s*(?:[^\s"'<>=]+\s*=\s*(?:"[^"<]*"|'[^'<]*')\s*)*\/?>$/.test(tag)) {
      throw new UnreadableXml('a tag is no tag')
    }
  }
}

/** The texts of a small document's elements, by name; of those in others nothing. @returns undefined if it has another root, or is not whole */
export function textsOf(xml: string, root: string): ReadonlyMap<string, string> | undefined {
  const texts = new Map<string, string>()
  try {
    const reader = XmlReader.of(xml, root)
    if (!reader) return undefined
    for (let tag = reader.next(); tag.kind !== 'close'; tag = reader.next()) {
      const [, name = ''] = /^<([^\s/>]+)/.exec(xml.slice(tag.start, tag.end)) ?? []
      const isText = tag.kind === 'empty' || !/^\s*<[^/!]/.test(xml.slice(tag.end, tag.end + 1_000))
      if (isText) texts.set(name, reader.text(tag))
      else reader.skip(tag)
    }
    return reader.isOver ? texts : undefined
  } catch (error) {
    if (error instanceof UnreadableXml) return undefined
    throw error
  }
}

const slash = '/'.charCodeAt(0)
const bang = '!'.charCodeAt(0)

function isLetter(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
}

/** `>`, `/` or white space. */
function isNameEnd(code: number): boolean {
  return code === 0x3e || code === slash || code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

const entities: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }),
)
const greatestCodePoint = 0x10ffff

function unescaped(text: string): string {
  if (!text.includes('&')) return text
  // As ETags are written.
  if (text.lastIndexOf('&') === text.length - 6 && text.indexOf('&', 1) === text.length - 6) {
    if (text.startsWith('&quot;') && text.endsWith('&quot;')) return `"${text.slice(6, -6)}"`
  }
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));/g, entity)
}

function entity(_: string, hex?: string, decimal?: string, name?: string): string {
  const known = name === undefined ? undefined : entities.get(name)
  if (known !== undefined) return known
  const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
  if (name !== undefined || !(code <= greatestCodePoint))
    throw new UnreadableXml('there is an entity that nobody knows')
  return String.fromCodePoint(code)
}
