/** How much room a disk has: as it was when it was last asked for, as a disk may take its time to say so. */
import { statfs } from 'node:fs/promises'
import type { Bytes } from '../units.js'

export class FreeSpace {
  readonly #directory: string
  #bytes: Bytes | undefined
  #isLooking = false

  constructor(directory: string) {
    this.#directory = directory
    this.look()
  }

  /** Undefined before it was known. */
  get bytes(): Bytes | undefined {
    return this.#bytes
  }

  look(): void {
    if (this.#isLooking) return
    this.#isLooking = true
    statfs(this.#directory)
      .then(({ bavail, bsize }) => (this.#bytes = bavail * bsize))
      .catch(() => (this.#bytes = undefined))
      .finally(() => (this.#isLooking = false))
  }
}
