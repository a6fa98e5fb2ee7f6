/** What this mount has sent, so that a delivery can be followed from the close of its file. By name, size and time. */
import { newHasher } from '../mdn/text-hash.js'
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

/** Times of a bucket have seconds; a gateway that is late is waited for. */
const slack: Milliseconds = 2_000
const longestWay: Milliseconds = 24 * 3_600_000

export class SentFiles {
  readonly #hash = newHasher()
  /** By hash: pairs of closedAt and submittedAt. */
  readonly #times = new Map<number, number[]>()

  /** @returns whether it was not known */
  add({ closedAt, submittedAt, ...file }: SentFile): boolean {
    const key = this.#keyOf(file, file.name, file.size)
    const times = this.#times.get(key) ?? []
    if (times.some((it, i) => i % 2 === 1 && it === submittedAt)) return false
    this.#times.set(key, [...times, closedAt, submittedAt])
    return true
  }

  /** When a program here closed the file that has become this object; undefined: another has sent it. */
  closedAt(partner: Partner, { key, size, mtime }: ObjectInfo): EpochMs | undefined {
    const times = this.#times.get(this.#keyOf(partner, key.slice(key.lastIndexOf('/') + 1), size)) ?? []
    let found: EpochMs | undefined
    for (let i = 0; i < times.length; i += 2) {
      const submittedAt = times[i + 1] ?? 0
      if (submittedAt <= mtime + slack && mtime - submittedAt < longestWay) found = times[i]
    }
    return found
  }

  /** 53 bits of it. */
  #keyOf({ station, partner }: Partner, name: string, size: number): number {
    const { low, high } = this.#hash(`${station}\n${partner}\n${size}\n${name}`)
    return (high & 0x1fffff) * 0x1_0000_0000 + low
  }
}
