/** What is open, under handles: small positive integers, 0 would mean 'unset' to libfuse. */
import { FsError } from '../errors.js'
import type { FileDescription } from './file-description.js'

const largest = 0x3fffffff

export class HandleTable {
  readonly #files = new Map<number, FileDescription>()
  readonly #largest: number
  #last = 0

  /** @param most handles; less than that may be open */
  constructor(most = largest) {
    this.#largest = most
  }

  add(file: FileDescription): number {
    do this.#last = this.#last >= this.#largest ? 1 : this.#last + 1
    while (this.#files.has(this.#last))
    this.#files.set(this.#last, file)
    return this.#last
  }

  /** @throws FsError EBADF for a handle that is not open */
  get(handle: number): FileDescription {
    const file = this.#files.get(handle)
    if (!file) throw new FsError('EBADF', `Handle ${handle} is not open.`)
    return file
  }

  /** Takes the handle out; undefined if it is not open. */
  take(handle: number): FileDescription | undefined {
    const file = this.#files.get(handle)
    this.#files.delete(handle)
    return file
  }
}
