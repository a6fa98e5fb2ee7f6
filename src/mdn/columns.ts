/** Numbers of rows, packed: about 70 bytes a row, for a table that holds a hundred thousand. */

const firstRows = 256
const growth = 1.5

/** What is kept of each row; words are of 32 bits. Numbers of texts are there plus one: 0 is none. */
const words = [
  'keyLow',
  'keyHigh',
  'beforeOfKey',
  'version',
  'stemLow',
  'stemHigh',
  'beforeOfStem',
  'localLow',
  'wholeLow',
  'length',
  'flags',
  'disposition',
  'folders',
  'sides',
  'recipient',
  'owner',
] as const
type Word = (typeof words)[number]

const doubles = ['offset', 'mtime'] as const
type Double = (typeof doubles)[number]

export class Columns {
  readonly #words = new Map<Word, Uint32Array>()
  readonly #doubles = new Map<Double, Float64Array>()
  #capacity = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** @returns the new row, all zeros */
  add(): number {
    if (this.#size === this.#capacity) this.#grow()
    this.#size += 1
    return this.#size - 1
  }

  word(name: Word, row: number): number {
    return this.#words.get(name)?.[row] ?? 0
  }

  setWord(name: Word, row: number, value: number): void {
    const column = this.#words.get(name)
    if (column) column[row] = value
  }

  double(name: Double, row: number): number {
    return this.#doubles.get(name)?.[row] ?? 0
  }

  setDouble(name: Double, row: number, value: number): void {
    const column = this.#doubles.get(name)
    if (column) column[row] = value
  }

  #grow(): void {
    this.#capacity = Math.max(firstRows, Math.ceil(this.#capacity * growth))
    for (const name of words) {
      const column = new Uint32Array(this.#capacity)
      column.set(this.#words.get(name) ?? [])
      this.#words.set(name, column)
    }
    for (const name of doubles) {
      const column = new Float64Array(this.#capacity)
      column.set(this.#doubles.get(name) ?? [])
      this.#doubles.set(name, column)
    }
  }
}
