/**
 * The head of an answer with an object in it, read as strictly as can be: whatever is unusual is left to the SDK, which is asked
 * for the same once more. Pure.
 */
import type { Bytes } from '../../units.js'
import type { AnswerHead } from '../acceptable.js'

export interface PlainHead extends AnswerHead {
  /** Content-Length: so much follows. */
  readonly length: Bytes
  /** Whether the connection may be used again. */
  readonly isKept: boolean
}

/** Longer ones are unusual. */
export const longestHead: Bytes = 16 * 1024

const refusal = /^HTTP\/1\.1 ([3-5]\d\d) /
const statusLine = /^HTTP\/1\.1 (200|206)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const headerLine = /^([!#$%&'*+.^_`|~\w-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/
/** What an answer may say once only; all that begins with `x-amz-` as well. */
const single = new Set([
  'content-length',
  'content-range',
  'content-type',
  'connection',
  'date',
  'etag',
  'last-modified',
])
/** What changes the meaning of the bytes that follow. */
const unusual = new Set(['transfer-encoding', 'content-encoding', 'upgrade', 'trailer'])

export type ReadHead =
  | { readonly kind: 'whole'; readonly head: PlainHead; readonly end: Bytes }
  | { readonly kind: 'part' }
  /** S3's own no, by its head. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unusual' }

const isUnusual: ReadHead = { kind: 'unusual' }

/** @param bytes all that has come so far */
export function headIn(bytes: Buffer): ReadHead {
  const end = bytes.indexOf('\r\n\r\n', 0, 'latin1')
  if (end > longestHead || (end < 0 && bytes.length > longestHead)) return isUnusual
  if (end < 0) return { kind: 'part' }
  const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const statusCode = Number(statusLine.exec(first)?.[1])
  const headers = headersIn(lines)
  const refused = refusal.exec(first)?.[1]
  if (refused !== undefined && isSaidByS3(lines)) return { kind: 'refused', status: Number(refused) }
  const length = headers?.['content-length']
  if (!(statusCode > 0) || !headers || length === undefined || !/^\d{1,15}$/.test(length)) return isUnusual
  const connection = (headers.connection ?? 'keep-alive').toLowerCase()
  if (connection !== 'keep-alive' && connection !== 'close') return isUnusual
  const head = { statusCode, headers, length: Number(length), isKept: connection === 'keep-alive' }
  return { kind: 'whole', head, end: end + 4 }
}

function isSaidByS3(lines: readonly string[]): boolean {
  return lines.some((line) => /^x-amz-request-id:/i.test(line))
}

/** @returns by their names in lower case; undefined: one of them is unusual */
function headersIn(lines: readonly string[]): Record<string, string> | undefined {
  const headers = Object.create(null) as Record<string, string>
  for (const line of lines) {
    const [, written = '', value = ''] = headerLine.exec(line) ?? []
    const name = written.toLowerCase()
    if (name === '' || unusual.has(name)) return undefined
    const before = headers[name]
    if (before !== undefined && (single.has(name) || name.startsWith('x-amz-'))) return undefined
    headers[name] = before === undefined ? value.trimEnd() : `${before}, ${value.trimEnd()}`
  }
  return headers
}
