/** Open files under the kernel's handles: small positive integers, 0 would mean 'unset' to libfuse. */
import { FsError } from '../errors.js'
import type { Bytes } from '../units.js'
import type { Close } from './filesystem.js'

/** What a handle can do; each kind of file has its own. */
export interface OpenFile {
  read(position: Bytes, length: Bytes, signal: AbortSignal): Promise<Uint8Array>
  write(bytes: Uint8Array, position: Bytes, signal: AbortSignal): Promise<number>
  truncate(size: Bytes): Promise<void>
  flush(close: Close, signal: AbortSignal): Promise<void>
  fsync(): Promise<void>
  release(): Promise<void>
}

/** The part of an open file that only a writable one has, refused. */
const refusals: Omit<OpenFile, 'read' | 'release'> = {
  write: () => Promise.reject(new FsError('EBADF', 'The file was not opened for writing.')),
  truncate: () => Promise.reject(new FsError('EINVAL', 'The file was not opened for writing.')),
  flush: () => Promise.resolve(),
  fsync: () => Promise.resolve(),
}

/** An open file that can only be read. */
export function readOnlyFile(read: OpenFile['read'], release: () => void = () => undefined): OpenFile {
  return { ...refusals, read, release: async () => release() }
}

/** What the mended binding takes as direct_io. The bits below are the handle's own: 31 are handed over. @see patches/ */
const directIoBit = 0x40000000

export class HandleTable {
  readonly #files = new Map<number, OpenFile>()
  #last = 0

  get size(): number {
    return this.#files.size
  }

  /** @param isUncached its size may differ from what the kernel knows: it is read without the page cache */
  add(file: OpenFile, { isUncached = false } = {}): number {
    const bit = isUncached ? directIoBit : 0
    do this.#last = this.#last >= directIoBit - 1 ? 1 : this.#last + 1
    while (this.#files.has(this.#last | bit))
    this.#files.set(this.#last | bit, file)
    return this.#last | bit
  }

  /** @throws FsError EBADF for a handle that is not open */
  get(handle: number): OpenFile {
    const file = this.#files.get(handle)
    if (!file) throw new FsError('EBADF', `Handle ${handle} is not open.`)
    return file
  }

  /** Takes the handle out; undefined if it is not open. */
  take(handle: number): OpenFile | undefined {
    const file = this.#files.get(handle)
    this.#files.delete(handle)
    return file
  }
}
