/** Those who read large files from one end to the other: they share the room for what is fetched ahead. */
export class SequentialReaders {
  readonly #readers = new Set<object>()
  readonly #onChange: (some: boolean) => void

  /** @param onChange told when the first one begins, and when the last one has ended */
  constructor(onChange: (some: boolean) => void) {
    this.#onChange = onChange
  }

  add(reader: object): void {
    if (this.#readers.size === 0) this.#onChange(true)
    this.#readers.add(reader)
  }

  delete(reader: object): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#onChange(false)
  }

  /** How many there are, this one included. */
  countWith(reader: object): number {
    return this.#readers.size + (this.#readers.has(reader) ? 0 : 1)
  }
}
