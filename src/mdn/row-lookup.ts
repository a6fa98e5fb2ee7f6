/** Finds the rows of a table by the hash of a text: open addressing, one word a slot; rows of the same hash are a chain. */

const smallest = 64
/** Of its slots, how many may be used. */
const fullest = 0.7

/** Where a table keeps the hash of each row, and which row of the same hash came before it (plus one; 0: none). */
export interface HashedRows {
  low(row: number): number
  high(row: number): number
  setBefore(row: number, before: number): void
}

interface WordColumns<Read extends string, Written extends string> {
  word(name: Read, row: number): number
  setWord(name: Written, row: number, value: number): void
}

/** Such as stand in words of a table. */
export function hashedRows<Low extends string, High extends string, Before extends string>(
  columns: WordColumns<Low | High, Before>,
  low: Low,
  high: High,
  before: Before,
): HashedRows {
  return {
    low: (row) => columns.word(low, row),
    high: (row) => columns.word(high, row),
    setBefore: (row, it) => columns.setWord(before, row, it),
  }
}

export class RowLookup {
  readonly #rows: HashedRows
  /** Rows, plus one. */
  #slots = new Uint32Array(smallest)
  #used = 0

  constructor(rows: HashedRows) {
    this.#rows = rows
  }

  /** The row of that hash that was added last. */
  last(low: number, high: number): number | undefined {
    const found = this.#slots[this.#find(low, high)] ?? 0
    return found === 0 ? undefined : found - 1
  }

  add(row: number): void {
    if ((this.#used + 1) / this.#slots.length > fullest) this.#grow()
    this.#put(row)
  }

  #put(row: number): void {
    const slot = this.#find(this.#rows.low(row), this.#rows.high(row))
    const before = this.#slots[slot] ?? 0
    if (before === 0) this.#used += 1
    this.#rows.setBefore(row, before)
    this.#slots[slot] = row + 1
  }

  /** Each slot has the last of its chain, which stays as it is. */
  #grow(): void {
    const heads = this.#slots.filter((it) => it !== 0)
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (const head of heads) this.#slots[this.#find(this.#rows.low(head - 1), this.#rows.high(head - 1))] = head
  }

  #find(low: number, high: number): number {
    const mask = this.#slots.length - 1
    let slot = low & mask
    for (;;) {
      const found = this.#slots[slot] ?? 0
      if (found === 0 || (this.#rows.low(found - 1) === low && this.#rows.high(found - 1) === high)) return slot
      slot = (slot + 1) & mask
    }
  }
}
