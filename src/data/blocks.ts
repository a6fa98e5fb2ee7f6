/** How an object is cut into blocks: each is one GET, and is kept or dropped as one. Pure. */
import type { ByteRange } from '../s3/store.js'
import type { Bytes } from '../units.js'

const MiB: Bytes = 1024 * 1024

/** Up to here an object is one block: a message is mostly smaller, and the checksum of a whole object can be verified. */
export const wholeLimit: Bytes = MiB

/** At 25 ms to S3 a block below 4 MiB waits longer for the request than for its bytes. */
export const largestUnit: Bytes = 4 * MiB
/** The most that the kernel asks for at once: enough for one who jumps about. */
export const smallestUnit: Bytes = 128 * 1024
/** The sizes of blocks; each lies on the grid of its own size, and one on a coarser grid may cover some on a finer. */
export const units: readonly Bytes[] = [largestUnit, MiB, smallestUnit]

/** The block that a position is in, on the grid of one unit; the whole object if it is small. */
export function blockAt(position: Bytes, unit: Bytes, size: Bytes): ByteRange {
  if (size <= wholeLimit) return { start: 0, end: size }
  const start = Math.floor(position / unit) * unit
  return { start, end: Math.min(size, start + unit) }
}

/**
 * The largest block that begins no earlier than needed: coarse ones only where their grid has a line, so that a growing
 * reader never fetches again what lies behind it.
 * @param largest unit that is wanted
 */
export function blockFrom(position: Bytes, largest: Bytes, size: Bytes): ByteRange {
  const start = Math.floor(position / smallestUnit) * smallestUnit
  const unit = units.find((it) => it <= largest && start % it === 0) ?? smallestUnit
  return blockAt(start, unit, size)
}
