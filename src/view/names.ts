/**
 * Segments of keys ↔ names of the mount, reversibly: each key has exactly one name and each name means one key.
 *
 * An escape is `%`, any number of `25`, and the code of a byte that a name can't hold. Without a `25` it stands for that
 * byte; with some, for itself with one `25` less. Any other `%` is just that: `100%25.txt` and `a%20b` stay as they are.
 */
import { createHash } from 'node:crypto'
import type { Name } from '../units.js'

/** NAME_MAX of Linux, in bytes of UTF-8. */
export const maxNameBytes = 255
const hashDigits = 16
/** Names as long as a cut one can be, and with its ending, are cut too: else they could be mistaken for one. */
const looksCut = /~[0-9a-f]{16}$/
const shortestCut = maxNameBytes - 3 - hashDigits

/** What escapes make of one character at most. */
const longestEscape = '%250A'.length
/** Beyond the escapes of its characters, what tells an object from a folder. */
const escapedObject = '%2F'

const unusual = /[\x00-\x1f\x7f%/]|^\.{1,2}$|^$/
const controls = /[\x00-\x1f\x7f]/g
const escapes = /%((?:25)*)([01][0-9A-F]|7F|2F|2E)/g

/** What a name means. */
export interface DecodedName {
  readonly segment: string
  /** The escaped form of an object that shares its name with a folder. */
  readonly collides: boolean
}

/** The name under which a segment of a key is shown. */
export function encodeName(segment: string): Name {
  if (!unusual.test(segment) && segment.length * 3 <= maxNameBytes) return segment as Name
  return cut(escapeSegment(segment), segment)
}

/** The name of an object: an escaped one where a folder has the plain one. */
export function encodeObjectName(segment: string, { collides }: { readonly collides: boolean }): Name {
  return collides ? cut(`${escapeSegment(segment)}${escapedObject}`, `${segment}/`) : encodeName(segment)
}

/** How those of a segment's names end that are cut, as a folder's or an object's: most segments have none. */
export function cutEndings(segment: string): readonly string[] {
  if (segment.length * longestEscape + escapedObject.length < shortestCut) return []
  const names = [encodeName(segment), encodeObjectName(segment, { collides: true })]
  return names.flatMap((name) => cutEndingOf(name) ?? [])
}

/** @returns undefined for a name that is none that was cut; one that looks like it may be whole all the same */
export function cutEndingOf(name: string): string | undefined {
  return looksCut.exec(name)?.[0]
}

/** @returns undefined for names that are nobody's plain or escaped form: cut ones, and those never made here */
export function decodeName(name: string): DecodedName | undefined {
  const collides = name.endsWith('%2F') && name !== '%2F' && !/%(?:25)+2F$/.test(name)
  const plain = collides ? name.slice(0, -3) : name
  const segment = plain === '%2F' ? '' : unescape(plain)
  return encodeObjectName(segment, { collides }) === name ? { segment, collides } : undefined
}

/** With the bytes that a name can’t hold percent-encoded, of whatever length it becomes. */
export function escapeSegment(segment: string): string {
  if (segment === '') return '%2F'
  if (segment === '.') return '%2E'
  if (segment === '..') return '%2E%2E'
  return segment
    .replace(escapes, (_, more: string, code: string) => `%25${more}${code}`)
    .replace(controls, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}

function unescape(name: string): string {
  return name.replace(escapes, (_, more: string, code: string) =>
    more === '' ? String.fromCharCode(parseInt(code, 16)) : `%${more.slice(2)}${code}`,
  )
}

function cut(name: string, segment: string): Name {
  const bytes = Buffer.from(name)
  const fits = bytes.length <= maxNameBytes
  if (fits && !(bytes.length >= shortestCut && looksCut.test(name))) return name as Name
  const hash = createHash('sha256').update(segment).digest('hex').slice(0, hashDigits)
  let end = Math.min(bytes.length, maxNameBytes - 1 - hashDigits)
  // Not in the middle of a character: continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return `${bytes.subarray(0, end).toString()}~${hash}` as Name
}
