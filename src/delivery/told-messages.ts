/** Of which messages it was told what became of them, and what; packed. */
import { Columns } from '../mdn/columns.js'
import { hashedRows, RowLookup } from '../mdn/row-lookup.js'
import type { Hasher, TextHash } from '../text-hash.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'

/** What can be told of a message. */
export type DeliveryEventName = 'delivered' | 'refused' | 'overdue'

interface Message extends Partner {
  /** Its folder. */
  readonly message: string
}

/** Numbers of a row, as it is written down. */
export const toldRowLength = 3

const bits = { overdue: 1, delivered: 2, refused: 4 } as const
const allBits = 7
/** A day of the last telling stands above the bits. */
const dayShift = 3
const day: Milliseconds = 24 * 3_600_000

export class ToldMessages {
  readonly #hash: Hasher
  readonly #columns = new Columns(['low', 'high', 'before', 'told'])
  readonly #rows = new RowLookup(hashedRows(this.#columns, 'low', 'high', 'before'))

  constructor(hash: Hasher) {
    this.#hash = hash
  }

  get size(): number {
    return this.#columns.size
  }

  has(message: Message, event: DeliveryEventName): boolean {
    const { low, high } = this.#hashOf(message)
    const row = this.#rows.last(low, high)
    return row !== undefined && (this.#columns.word('told', row) & bits[event]) !== 0
  }

  add(message: Message, event: DeliveryEventName, at: EpochMs): void {
    this.#add(this.#hashOf(message), bits[event], Math.floor(at / day))
  }

  /** Numbers of rows, for who has the same hasher. @param since those that were told before that day are left out */
  *packed(since: EpochMs): Generator<readonly number[], undefined> {
    const columns = this.#columns
    for (let row = 0; row < columns.size; row += 1) {
      const told = columns.word('told', row)
      if ((told >>> dayShift) * day + day > since) yield [columns.word('low', row), columns.word('high', row), told]
    }
  }

  addPacked([low = 0, high = 0, told = 0]: readonly number[]): void {
    this.#add({ low, high }, told & allBits, told >>> dayShift)
  }

  #add({ low, high }: TextHash, what: number, on: number): void {
    const columns = this.#columns
    const row = this.#rows.last(low, high) ?? this.#new({ low, high })
    const before = columns.word('told', row)
    columns.setWord('told', row, (before & allBits) | what | (Math.max(before >>> dayShift, on) << dayShift))
  }

  #new({ low, high }: TextHash): number {
    const row = this.#columns.add()
    this.#columns.setWord('low', row, low)
    this.#columns.setWord('high', row, high)
    this.#rows.add(row)
    return row
  }

  #hashOf({ station, partner, message }: Message): TextHash {
    return this.#hash(`${station}\n${partner}\n${message}`)
  }
}
