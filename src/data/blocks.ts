/** How an object is cut into pieces that are fetched and kept as one. Pure. */
import type { ByteRange } from '../s3/store.js'
import type { Bytes } from '../units.js'

/** Up to here an object is one GET: a message is mostly smaller, and its checksum can be verified. */
export const wholeLimit: Bytes = 1024 * 1024
/** At 25 ms to S3 a smaller block waits longer for the request than for its bytes. */
export const blockSize: Bytes = 4 * 1024 * 1024

/** The range of a block of an object; the whole object if it is small. */
export function blockRange(index: number, size: Bytes): ByteRange {
  if (size <= wholeLimit) return { start: 0, end: size }
  return { start: index * blockSize, end: Math.min(size, (index + 1) * blockSize) }
}

/** Indexes of the first and the last block that a range touches. The range must not be empty. */
export function blocksOf(range: ByteRange, size: Bytes): { readonly first: number; readonly last: number } {
  if (size <= wholeLimit) return { first: 0, last: 0 }
  return { first: Math.floor(range.start / blockSize), last: Math.floor((range.end - 1) / blockSize) }
}

/**
 * The block to fetch ahead of a reader: the next one while reads are sequential.
 * @param lastEnd where the read before ended, undefined for the first
 */
export function blockAhead(lastEnd: Bytes | undefined, range: ByteRange, size: Bytes): number | undefined {
  if (size <= wholeLimit || lastEnd !== range.start) return undefined
  const next = blocksOf(range, size).last + 1
  return next * blockSize < size ? next : undefined
}
