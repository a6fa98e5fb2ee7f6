/** Blocks of open objects that the binding answers reads from, until it gives them back. */
import type { BlockReader } from '../fs/filesystem.js'
import type { Bytes } from '../units.js'

/** What the binding does with blocks. @see Kernel */
export interface BlocksOfBinding {
  giveBlock(handle: number, number: number, position: Bytes, bytes: Uint8Array): boolean
  wantBlock(handle: number, number: number): void
}

interface Given {
  /** Kept by this: the binding has only their address. */
  readonly bytes: Uint8Array
  readonly done: (served: Bytes) => void
}

export class GivenBlocks {
  readonly #binding: BlocksOfBinding
  readonly #given = new Map<number, Given>()
  #last = 0

  constructor(binding: BlocksOfBinding) {
    this.#binding = binding
  }

  /** @param handle of what is open, and known to the binding */
  readerOf(handle: number): BlockReader {
    return {
      give: (position, bytes, done) => {
        const number = (this.#last += 1)
        this.#given.set(number, { bytes, done })
        if (this.#binding.giveBlock(handle, number, position, bytes))
          return () => this.#binding.wantBlock(handle, number)
        this.#given.delete(number)
        return undefined
      },
    }
  }

  /** @see Kernel.giveBlock */
  readonly givenBack = (number: number, served: Bytes): void => {
    const given = this.#given.get(number)
    this.#given.delete(number)
    given?.done(served)
  }
}
