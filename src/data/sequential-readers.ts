/** Those who read large files from one end to the other: they share the room for what is fetched ahead. */
import { collectOften, collectRarely } from '../heap.js'

export class SequentialReaders {
  readonly #readers = new Set<object>()

  add(reader: object): void {
    if (this.#readers.size === 0) collectRarely()
    this.#readers.add(reader)
  }

  delete(reader: object): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) collectOften()
  }

  /** How many there are, this one included. */
  countWith(reader: object): number {
    return this.#readers.size + (this.#readers.has(reader) ? 0 : 1)
  }
}
