/** What is open, under handles: small positive integers, 0 would mean 'unset' to libfuse. */
import { FsError } from '../errors.js'
import type { FileDescription } from './file-description.js'

const largest = 0x3fffffff

/** What is open: something of `send/`, of `new/`, an object of a view, or what the daemon has made. */
export type OpenKind = 'send' | 'new' | 'object' | 'daemon'
export type OpenFiles = Readonly<Record<OpenKind, number>>

interface Open {
  readonly file: FileDescription
  readonly kind: OpenKind
}

export class HandleTable {
  readonly #files = new Map<number, Open>()
  readonly #counts: Record<OpenKind, number> = { send: 0, new: 0, object: 0, daemon: 0 }
  readonly #largest: number
  #last = 0

  /** @param most handles; less than that may be open */
  constructor(most = largest) {
    this.#largest = most
  }

  /** How many are open. */
  get counts(): OpenFiles {
    return { ...this.#counts }
  }

  add(file: FileDescription, kind: OpenKind): number {
    do this.#last = this.#last >= this.#largest ? 1 : this.#last + 1
    while (this.#files.has(this.#last))
    this.#files.set(this.#last, { file, kind })
    this.#counts[kind] += 1
    return this.#last
  }

  /** @throws FsError EBADF for a handle that is not open */
  get(handle: number): FileDescription {
    const open = this.#files.get(handle)
    if (!open) throw new FsError('EBADF', `Handle ${handle} is not open.`)
    return open.file
  }

  /** Takes the handle out; undefined if it is not open. */
  take(handle: number): FileDescription | undefined {
    const open = this.#files.get(handle)
    if (!open) return undefined
    this.#files.delete(handle)
    this.#counts[open.kind] -= 1
    return open.file
  }
}
