/** Numbers of rows, packed, for tables of a hundred thousand: four bytes a word, eight a double. */
import type { Bytes } from '../units.js'

const firstRows = 256
const growth = 1.25

export class Columns<Word extends string, Double extends string = never> {
  readonly #words = new Map<Word, Uint32Array>()
  readonly #doubles = new Map<Double, Float64Array>()
  #capacity = 0
  #size = 0

  /** @param words of 32 bits @param doubles for times and places in files */
  constructor(words: readonly Word[], doubles: readonly Double[] = []) {
    for (const name of words) this.#words.set(name, new Uint32Array())
    for (const name of doubles) this.#doubles.set(name, new Float64Array())
  }

  get size(): number {
    return this.#size
  }

  /** That they take. */
  get bytes(): Bytes {
    return [...this.#words.values(), ...this.#doubles.values()].reduce((sum, it) => sum + it.byteLength, 0)
  }

  /** @returns the new row, all zeros */
  add(): number {
    if (this.#size === this.#capacity) this.#grow()
    this.#size += 1
    return this.#size - 1
  }

  /** All of a row is zeros again. */
  clear(row: number): void {
    for (const column of [...this.#words.values(), ...this.#doubles.values()]) column[row] = 0
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
    for (const [name, former] of this.#words) {
      const column = new Uint32Array(this.#capacity)
      column.set(former)
      this.#words.set(name, column)
    }
    for (const [name, former] of this.#doubles) {
      const column = new Float64Array(this.#capacity)
      column.set(former)
      this.#doubles.set(name, column)
    }
  }
}
