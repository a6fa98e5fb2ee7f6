/** The interface of the data room: bytes of one pinned version of an object. */
import type { CancelSignal } from '../cancellation.js'
import type { ByteRange, ObjectInfo } from '../s3/store.js'
import type { Bytes } from '../units.js'

/** Somebody who reads blocks of an open object by himself: the binding. */
export interface BlockReader {
  /**
   * @param position in the object
   * @param bytes must stay as they are until it is given back
   * @param done called once when it is, later, with how many bytes were read of it
   * @returns a function by which it is wanted back; undefined: it is not taken
   */
  give(position: Bytes, bytes: Uint8Array, done: (served: Bytes) => void): (() => void) | undefined
}

/** An open object: reads come from the version that was opened. */
export interface OpenObject {
  readonly info: ObjectInfo
  /**
   * Reads part of the version pinned at open.
   * @returns exactly the range, shorter only at the object's end; memory of the cache: don't change it, and copy it
   *   before the event loop's next turn
   * @throws FsError ESTALE if replaced, ENOENT if deleted, EIO or ETIMEDOUT if unreachable
   */
  read(range: ByteRange, signal: CancelSignal): Promise<Uint8Array>
  /** What is fetched ahead for a reader of a large object is given to this one, too: what is read there does not come to `read`. */
  readBy(reader: BlockReader): void
  /** All of it, as of `read`, if it is small and in memory: whoever asks for it reads it from there. */
  held(): Uint8Array | undefined
  /**
   * What was being fetched ahead for this reader alone is given up.
   * @param answered how many reads were answered from what was `held`
   */
  close(answered?: number): void
}

/** The objects after one, in the order in which a program that walks through the folders comes by them. */
export type Successors = () => Iterable<ObjectInfo>

/** How much is held and how well it was foreseen. */
export interface Usage {
  /** Bytes in memory, those on their way included. */
  readonly used: Bytes
  readonly budget: Bytes
  /** Bytes fetched before anybody asked for them, since the mount. */
  readonly ahead: Bytes
  /** Of those, bytes of blocks that nobody has read so far. */
  readonly wasted: Bytes
  /** Since the mount, blocks that somebody wanted to read: in memory, on their way already for somebody, and neither. */
  readonly hits: number
  readonly joined: number
  readonly misses: number
  /** With `--disk-cache`. */
  readonly disk?: DiskUsage
}

export interface DiskUsage {
  readonly used: Bytes
  readonly limit: Bytes
  /** Blocks that came from the disk instead of the bucket, since the mount. */
  readonly hits: number
  /** Blocks that it did not have. */
  readonly misses: number
  /** Blocks that were not as they had been written. */
  readonly damaged: number
  /** Blocks that were not kept: the disk was full or too slow. */
  readonly dropped: number
}

export interface Objects {
  /** @param after lets the next files be fetched ahead while they are read in order */
  open(info: ObjectInfo, after?: Successors): OpenObject
  usage(): Usage
}
