/** Takes a MIME entity apart, whatever the bytes, in time and memory that are bounded by their number. @see RFC 2045, 2046 */

/** One that is no multipart; `text` has one character a byte. */
interface Leaf {
  readonly headers: Headers
  readonly text: string
}

/** By names in lower case; unfolded, as written else. Several of one name are kept. */
export type Headers = ReadonlyMap<string, readonly string[]>

/** A signed report has three levels; what has more is somebody's joke. */
const mostLevels = 8
const mostParts = 64
/** Characters; HTTP servers and mailers take a quarter of it. Without an end by then it is no header. */
export const longestHeader = 64 * 1024

export interface Entity {
  /** Those in front of all; none where it begins with the boundary. */
  readonly headers: Headers
  readonly leaves: readonly Leaf[]
}

/** @param text one character a byte; with headers, or beginning with the boundary, or with an HTTP status line in front */
export function entityOf(text: string): Entity {
  const leaves: Leaf[] = []
  const rest = text.replace(/^\s*HTTP\/\d[^\n]*\n/, '')
  collect(rest, mostLevels, leaves, true)
  const start = startOf(rest)
  return { headers: delimiterAt(rest, start) === undefined ? splitAt(rest, start).headers : new Map(), leaves }
}

/** Fields as a header has them: a line that begins with white space goes on with the one before; others are passed over. */
export function fieldsOf(text: string): Headers {
  const fields = new Map<string, string[]>()
  let current: string[] | undefined
  const end = (): void => {
    const [name = '', ...rest] = current ?? []
    current = undefined
    if (name === '') return
    const others = fields.get(name)
    if (others) others.push(rest.join(' ').trim())
    else fields.set(name, [rest.join(' ').trim()])
  }
  for (const line of text.split(/\r*\n|\r+$/)) {
    if (current && /^[ \t]+\S/.test(line)) {
      current.push(line.trim())
      continue
    }
    end()
    const [, name, value] = /^([!-9;-~]{1,64})[ \t]*:(.*)$/s.exec(line) ?? []
    if (name !== undefined && value !== undefined) current = [name.toLowerCase(), value.trim()]
  }
  end()
  return fields
}

/** `text/plain` where nothing is said; some store the whole value in quotes. */
export function typeOf(headers: Headers): string {
  return /^\s*([^\s;]+)/.exec(contentType(headers))?.[1]?.toLowerCase() ?? 'text/plain'
}

/** @param isLast its end is that of all bytes: it may be cut off, where no boundary is behind it */
function collect(text: string, levels: number, leaves: Leaf[], isLast: boolean): void {
  if (leaves.length >= mostParts || levels < 0) return
  const start = startOf(text)
  const bare = delimiterAt(text, start)
  if (bare !== undefined) {
    collectParts(partsOf(text, bare), levels - 1, leaves, isLast)
    return
  }
  const { headers, body } = splitAt(text, start)
  if (hasOwnHeaders(headers, body)) {
    collect(body, levels - 1, leaves, isLast)
    return
  }
  const type = typeOf(headers)
  const boundary = type.startsWith('multipart/') && levels > 0 ? delimiterIn(headers, body) : undefined
  if (boundary !== undefined) collectParts(partsOf(body, boundary), levels - 1, leaves, isLast)
  else if (isLast) leaves.push(lastLeaf(text, start))
  else leaves.push({ headers, text: decoded(headers, body) })
}

function collectParts({ parts, isClosed }: Parts, levels: number, leaves: Leaf[], isLast: boolean): void {
  for (const [i, part] of parts.entries()) collect(part, levels, leaves, isLast && !isClosed && i === parts.length - 1)
}

/** Without a field at its very end that may go on in bytes that are not there. */
function lastLeaf(text: string, start: number): Leaf {
  const { headers, body } = splitAt(text, start)
  if (body === '') return { headers: splitAt(withoutCutField(text), start).headers, text: '' }
  // Padding is at the end of what was encoded.
  const isWhole = encodingOf(headers) === 'base64' && body.trimEnd().endsWith('=')
  const content = decoded(headers, body)
  return { headers, text: isWhole ? content : withoutCutField(content) }
}

/** Behind type and modifiers the rest of a disposition tells nothing: it may be cut off there. */
const isTold = /^disposition[ \t]*:[^;]*;[^:]*:/i

function withoutCutField(text: string): string {
  let start = text.length
  do {
    if (start === 0) return ''
    start = text.lastIndexOf('\n', start - 1) + 1
    if (start === text.length) return text
    if (text[start] !== ' ' && text[start] !== '\t') break
    start -= 1
  } while (start > 0)
  return isTold.test(text.slice(start)) ? text : text.slice(0, start)
}

/** Of the first line that is not blank. */
function startOf(text: string): number {
  const first = /\S/.exec(text)?.index ?? text.length
  return text.lastIndexOf('\n', first) + 1
}

function delimiterAt(text: string, lineStart: number): string | undefined {
  return /^--[^\r\n]+/.exec(text.slice(lineStart, lineStart + 512))?.[0].trimEnd()
}

/** HTTP headers that say nothing of the content, which brings its own, or begins with the boundary. */
function hasOwnHeaders(headers: Headers, body: string): boolean {
  if (headers.size === 0 || headers.has('content-type') || headers.has('disposition')) return false
  return /^\s*(?:--\S|content-type[ \t]*:)/i.test(body.slice(0, 512))
}

/** Blank lines in front of headers are passed over; text without headers, or with more than any has, is all body. */
function splitAt(text: string, start: number): { readonly headers: Headers; readonly body: string } {
  if (!/^[!-9;-~]+[ \t]*:/.test(text.slice(start, start + 80))) return { headers: new Map(), body: text }
  const blank = /\n\r*\n/.exec(text.slice(start, start + longestHeader))
  if (!blank && text.length - start > longestHeader) return { headers: new Map(), body: text }
  const end = blank ? start + blank.index + 1 : text.length
  return { headers: fieldsOf(text.slice(start, end)), body: text.slice(blank ? end + blank[0].length - 1 : end) }
}

/** The line that begins a part: of the parameter, or, where it is wrong, the first that looks like one. */
function delimiterIn(headers: Headers, body: string): string | undefined {
  const [, quoted, plain] = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType(headers)) ?? []
  const named = quoted ?? plain
  if (named !== undefined && `\n${body}`.includes(`\n--${named}`)) return `--${named}`
  return /(?:^|\n)(--[^\r\n]{1,200})/.exec(body)?.[1]?.trimEnd()
}

function contentType(headers: Headers): string {
  return unquoted(headers.get('content-type')?.at(-1) ?? '')
}

/** Some store whole values in quotes, and those within escaped. */
export function unquoted(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"')
  return isQuoted ? value.slice(1, -1).replaceAll(/\\(.)/g, '$1') : value
}

interface Parts {
  readonly parts: readonly string[]
  /** A boundary is behind the last one. */
  readonly isClosed: boolean
}

/** @param delimiter with its hyphens */
function partsOf(body: string, delimiter: string): Parts {
  const parts: string[] = []
  let start: number | undefined
  const text = `\n${body}`
  for (let at = text.indexOf(`\n${delimiter}`); at >= 0 && parts.length < mostParts;) {
    // The whole line end in front of a boundary belongs to it.
    if (start !== undefined) parts.push(text.slice(start, text[at - 1] === '\r' ? Math.max(start, at - 1) : at))
    const after = at + 1 + delimiter.length
    const lineEnd = text.indexOf('\n', after)
    if (text.startsWith('--', after) || lineEnd < 0) return { parts, isClosed: true }
    // Another boundary may begin with this one.
    start = text.slice(after, lineEnd).trim() === '' ? lineEnd + 1 : start
    at = text.indexOf(`\n${delimiter}`, after)
  }
  // One that was cut off ends where the text does.
  if (start === undefined || parts.length >= mostParts) return { parts, isClosed: true }
  return { parts: [...parts, text.slice(start)], isClosed: false }
}

function encodingOf(headers: Headers): string {
  return unquoted(headers.get('content-transfer-encoding')?.at(-1)?.trim() ?? '').toLowerCase()
}

function decoded(headers: Headers, body: string): string {
  switch (encodingOf(headers)) {
    case 'base64':
      return Buffer.from(body, 'base64').toString('latin1')
    case 'quoted-printable':
      return body
        .replaceAll(/=[ \t]*\r?\n/g, '')
        .replaceAll(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    default:
      return body
  }
}
