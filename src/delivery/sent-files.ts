/** What this mount has sent, so that a delivery can be followed from the close of its file. By name, size and time; packed. */
import { Columns } from '../mdn/columns.js'
import { hashedRows, RowLookup } from '../mdn/row-lookup.js'
import type { Hasher, TextHash } from '../text-hash.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'

/** One file that S3 has taken. */
export interface SentFile extends Partner {
  readonly name: string
  readonly size: number
  /** By this machine's clock. */
  readonly closedAt: EpochMs
  /** By the bucket's. */
  readonly submittedAt: EpochMs
}

interface Times {
  readonly closedAt: EpochMs
  readonly submittedAt: EpochMs
}

/** Numbers of a row, as it is written down. */
export const sentRowLength = 4

/** Times of a bucket have seconds; a gateway that is late is waited for. */
const slack: Milliseconds = 2_000
const longestWay: Milliseconds = 24 * 3_600_000

export class SentFiles {
  readonly #hash: Hasher
  readonly #columns = new Columns(['low', 'high', 'before'], ['closedAt', 'submittedAt'])
  readonly #rows = new RowLookup(hashedRows(this.#columns, 'low', 'high', 'before'))

  constructor(hash: Hasher) {
    this.#hash = hash
  }

  get size(): number {
    return this.#columns.size
  }

  /** @returns whether it was not known */
  add({ closedAt, submittedAt, ...file }: SentFile): boolean {
    return this.#add(this.#hashOf(file, file.name, file.size), { closedAt, submittedAt })
  }

  /** When a program here closed the file that has become this object; undefined: another has sent it. */
  closedAt(partner: Partner, { key, size, mtime }: ObjectInfo): EpochMs | undefined {
    const hash = this.#hashOf(partner, key.slice(key.lastIndexOf('/') + 1), size)
    for (const { closedAt, submittedAt } of this.#timesOf(hash)) {
      if (submittedAt <= mtime + slack && mtime - submittedAt < longestWay) return closedAt
    }
    return undefined
  }

  /** Numbers of rows, for who has the same hasher. @param since those that were submitted before that are left out */
  *packed(since: EpochMs): Generator<readonly number[], undefined> {
    const columns = this.#columns
    for (let row = 0; row < columns.size; row += 1) {
      const [closedAt, submittedAt] = [columns.double('closedAt', row), columns.double('submittedAt', row)]
      if (submittedAt >= since) yield [columns.word('low', row), columns.word('high', row), closedAt, submittedAt]
    }
  }

  addPacked([low = 0, high = 0, closedAt = 0, submittedAt = 0]: readonly number[]): void {
    this.#add({ low, high }, { closedAt, submittedAt })
  }

  #add({ low, high }: TextHash, { closedAt, submittedAt }: Times): boolean {
    for (const it of this.#timesOf({ low, high })) if (it.submittedAt === submittedAt) return false
    const columns = this.#columns
    const row = columns.add()
    columns.setWord('low', row, low)
    columns.setWord('high', row, high)
    columns.setDouble('closedAt', row, closedAt)
    columns.setDouble('submittedAt', row, submittedAt)
    this.#rows.add(row)
    return true
  }

  /** Latest first. */
  *#timesOf({ low, high }: TextHash): Generator<Times, undefined> {
    const columns = this.#columns
    let next = (this.#rows.last(low, high) ?? -1) + 1
    while (next > 0) {
      const row = next - 1
      yield { closedAt: columns.double('closedAt', row), submittedAt: columns.double('submittedAt', row) }
      next = columns.word('before', row)
    }
  }

  #hashOf({ station, partner }: Partner, name: string, size: number): TextHash {
    return this.#hash(`${station}\n${partner}\n${size}\n${name}`)
  }
}
