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

/** Of what is read without the page cache. The bits below are the handle's own. */
const uncachedBit = 0x40000000

/** Whether what is open under a handle may have another size than the kernel thinks. */
export function isUncached(handle: number): boolean {
  return (handle & uncachedBit) !== 0
}

export class HandleTable {
  readonly #files = new Map<number, OpenFile>()
  /** Of those of which it is known what they are versions of. */
  readonly #versions = new Map<number, string>()
  #last = 0

  get size(): number {
    return this.#files.size
  }

  /**
   * @param isUncached its size may differ from what the kernel knows: it is read without the page cache
   * @param version of which pages in the page cache are good
   */
  add(file: OpenFile, { isUncached = false, version }: { isUncached?: boolean; version?: string } = {}): number {
    const bit = isUncached ? uncachedBit : 0
    do this.#last = this.#last >= uncachedBit - 1 ? 1 : this.#last + 1
    while (this.#files.has(this.#last | bit))
    this.#files.set(this.#last | bit, file)
    if (version !== undefined) this.#versions.set(this.#last | bit, version)
    return this.#last | bit
  }

  /** @throws FsError EBADF for a handle that is not open */
  get(handle: number): OpenFile {
    const file = this.#files.get(handle)
    if (!file) throw new FsError('EBADF', `Handle ${handle} is not open.`)
    return file
  }

  version(handle: number): string | undefined {
    return this.#versions.get(handle)
  }

  /** Takes the handle out; undefined if it is not open. */
  take(handle: number): OpenFile | undefined {
    const file = this.#files.get(handle)
    this.#files.delete(handle)
    this.#versions.delete(handle)
    return file
  }
}
