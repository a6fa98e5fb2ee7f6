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
const idBytes = 16
const hashCharacters = 21

/**
 * Names come from strangers, so it takes a hash that nobody can find two names for. What is put anew with the same content is the
 * same file; with another content it is one that nobody has seen yet.
 */
export function fileId({ key, etag, size, mtime }: Version): FileId {
  const version = etag === '' ? `${size} ${mtime}` : `${size} ${etag}`
  return `${hash('sha256', `${version}\n${key}`, 'base64url').slice(0, hashCharacters)}A` as FileId
}

/** @param into from `at` on, `idWords` of it */
export function writeId(id: string, into: Uint32Array, at = 0): Uint32Array {
  const bytes = Buffer.from(id, 'base64url')
  for (let word = 0; word < idWords; word += 1) into[at + word] = bytes.readUInt32LE(4 * word)
  return into
}

export function readId(from: Uint32Array, at = 0): FileId {
  const bytes = Buffer.allocUnsafe(idBytes)
  for (let word = 0; word < idWords; word += 1) bytes.writeUInt32LE(from[at + word] ?? 0, 4 * word)
  return bytes.toString('base64url') as FileId
}

/** Whether a text can be an id. */
export function isFileId(text: unknown): text is FileId {
  return typeof text === 'string' && /^[\w-]{21}A$/.test(text)
}
