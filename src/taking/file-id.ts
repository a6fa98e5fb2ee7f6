/** What names a file of the inbox in marks: 16 bytes of a hash of its key and of what tells its version. Pure. */
import { hash } from 'node:crypto'
import type { Bytes, EpochMs } from '../units.js'

/** 22 characters of base64url, of 16 bytes; the last one is always the same. */
export type FileId = string & { readonly brand: 'FileId' }

/** One version of an object. */
export interface Version {
  readonly key: string
  /** Some servers give none. */
  readonly etag: string
  readonly size: Bytes
  readonly mtime: EpochMs
}

/** An id in an array has so many elements of 32 bits. */
export const idWords = 4
const bytesOfWord = 4
const idBytes = idWords * bytesOfWord
const hashCharacters = 21

/**
 * Names come from strangers, so it takes a hash that nobody can find two names for. What is put anew with the same content is the
 * same file; with another content it is one that nobody has seen yet.
 */
export function fileId({ key, etag, size, mtime }: Version): FileId {
  const version = etag === '' ? `${size} ${mtime}` : `${size} ${etag}`
  return `${hash('sha256', `${version}\n${key}`, 'base64url').slice(0, hashCharacters)}A` as FileId
}

/**
 * Without a buffer for each: a start has a hundred thousand of them.
 * @param into from `at` on, `idWords` of it
 */
export function writeId(id: string, into: Uint32Array, at = 0): Uint32Array {
  let [word, bytes, bits, count] = [0, 0, 0, 0]
  for (let i = 0; i < id.length; i += 1) {
    bits = (bits << 6) | sixBits(id.charCodeAt(i))
    count += 6
    if (count < 8) continue
    count -= 8
    word |= ((bits >>> count) & 0xff) << (8 * (bytes % 4))
    bytes += 1
    if (bytes % 4 > 0) continue
    into[at + bytes / 4 - 1] = word
    word = 0
  }
  return into
}

/** What a character of base64url stands for. */
function sixBits(character: number): number {
  if (character >= lowerA) return character - lowerA + 26
  if (character === underscore) return 63
  if (character >= upperA) return character - upperA
  return character === hyphen ? 62 : character - digit0 + 52
}

const [hyphen, digit0, upperA, underscore, lowerA] = [0x2d, 0x30, 0x41, 0x5f, 0x61]

export function readId(from: Uint32Array, at = 0): FileId {
  const bytes = Buffer.allocUnsafe(idBytes)
  for (let word = 0; word < idWords; word += 1) bytes.writeUInt32LE(from[at + word] ?? 0, bytesOfWord * word)
  return bytes.toString('base64url') as FileId
}

/** Several, one after the other: 16 bytes each, in base64url. */
export type PackedIds = string & { readonly brand: 'PackedIds' }

/** @param ids `idWords` each */
export function packIds(ids: Uint32Array): PackedIds {
  const bytes = Buffer.allocUnsafe(ids.length * bytesOfWord)
  for (let word = 0; word < ids.length; word += 1) bytes.writeUInt32LE(ids[word] ?? 0, word * bytesOfWord)
  return bytes.toString('base64url') as PackedIds
}

export function unpackIds(packed: PackedIds): Uint32Array {
  const bytes = Buffer.from(packed, 'base64url')
  const ids = new Uint32Array(bytes.length / bytesOfWord)
  for (let word = 0; word < ids.length; word += 1) ids[word] = bytes.readUInt32LE(word * bytesOfWord)
  return ids
}

export function isPackedIds(text: unknown): text is PackedIds {
  if (typeof text !== 'string' || !/^[\w-]+$/.test(text)) return false
  const bytes = Math.floor((text.length * 6) / 8)
  return bytes > 0 && bytes % idBytes === 0 && text.length === Math.ceil((bytes * 8) / 6)
}

/** Whether a text can be an id. */
export function isFileId(text: unknown): text is FileId {
  return typeof text === 'string' && /^[\w-]{21}A$/.test(text)
}
