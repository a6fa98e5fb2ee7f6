/** The interface of the data room: bytes of one pinned version of an object. */
import type { ByteRange, ObjectInfo } from '../s3/store.js'

/** An open object: reads come from the version that was opened. */
export interface OpenObject {
  readonly info: ObjectInfo
  /**
   * Reads part of the version pinned at open.
   * @returns exactly the range, shorter only at the object's end; may share memory with the cache: copy, don't change
   * @throws FsError ESTALE if replaced, ENOENT if deleted, EIO or ETIMEDOUT if unreachable
   */
  read(range: ByteRange, signal: AbortSignal): Promise<Uint8Array>
  close(): void
}

export interface Objects {
  open(info: ObjectInfo): OpenObject
  /** Bytes held in memory, and the budget. */
  usage(): { readonly used: number; readonly budget: number }
}
