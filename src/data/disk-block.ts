/** A block as a file of the disk cache: a page that says what it is, then the bytes, with a checksum of each piece. Pure. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ByteRange } from '../s3/store.js'
import type { Bytes } from '../units.js'
import { smallestUnit } from './blocks.js'

/** Whose bytes they are. */
export interface BlockName {
  /** Bucket and server. */
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly range: ByteRange
}

interface Head {
  /** The text of the name: two names with one hash are told apart. */
  readonly name: string
  /** Of the content, one for each piece. */
  readonly checksums: readonly number[]
}

/** The page in front of the content: a key of 1,024 bytes and the checksums of the largest block fit in. */
export const headSize: Bytes = 4096
/** What is verified at once; a finer block can be read out of a coarser one. */
const piece: Bytes = smallestUnit
/** Magic, length of the text, checksum of the text. */
const prefixSize: Bytes = 12
const magic = 0x41533242

/** Where the file is, below the cache's folder. */
export function fileOf(name: BlockName): string {
  const hash = createHash('sha256').update(textOf(name)).digest('hex')
  return `${hash.slice(0, 2)}/${hash.slice(2, 40)}`
}

/** @returns undefined if it does not fit: such a block is not kept */
export function encodeHead(name: BlockName, content: Uint8Array): Buffer | undefined {
  const checksums: number[] = []
  for (let at = 0; at < content.length; at += piece) checksums.push(crc32(content.subarray(at, at + piece)))
  const text = Buffer.from(JSON.stringify({ name: textOf(name), checksums } satisfies Head))
  if (text.length > headSize - prefixSize) return undefined
  const head = Buffer.alloc(headSize)
  head.writeUInt32BE(magic, 0)
  head.writeUInt32BE(text.length, 4)
  head.writeUInt32BE(crc32(text), 8)
  text.copy(head, prefixSize)
  return head
}

/** @returns the checksums; undefined if it is another block's, or damaged */
export function decodeHead(head: Buffer, name: BlockName): readonly number[] | undefined {
  if (head.length < headSize || head.readUInt32BE(0) !== magic) return undefined
  const length = head.readUInt32BE(4)
  if (length > headSize - prefixSize) return undefined
  const text = head.subarray(prefixSize, prefixSize + length)
  if (crc32(text) !== head.readUInt32BE(8)) return undefined
  const { name: found, checksums } = JSON.parse(text.toString()) as Head
  return found === textOf(name) ? checksums : undefined
}

/**
 * @param content a part of the block
 * @param from where it begins in the block: at a piece's beginning
 */
export function isIntact(content: Uint8Array, from: Bytes, checksums: readonly number[]): boolean {
  if (from % piece !== 0) return false
  for (let at = 0; at < content.length; at += piece) {
    if (crc32(content.subarray(at, at + piece)) !== checksums[(from + at) / piece]) return false
  }
  return true
}

function textOf({ bucket, key, etag, range }: BlockName): string {
  return JSON.stringify([bucket, key, etag, range.start, range.end])
}
