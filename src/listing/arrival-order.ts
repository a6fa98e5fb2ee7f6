/** Whether the keys of a view come in the order of time, as listings of the whole show. */
import { compareKeys } from '../s3/key-order.js'
import type { Milliseconds } from '../units.js'
import type { KeyIndex } from './key-index.js'
import { lookBackPoint } from './look-back.js'

/** So many refreshes that brought something, all in order, and a view counts as ordered again. */
const orderlyRefreshes = 3

/** What a full listing says beyond what was known. */
export interface Difference {
  readonly isSame: boolean
  /** Keys that were not known. */
  readonly fresh: number
  /** Those of them that are not after the look-back point: looking from there on would never have found them. */
  readonly late: number
}

export function difference(known: KeyIndex, found: KeyIndex): Difference {
  const point = lookBackPoint(known)
  let [at, fresh, late] = [0, 0, 0]
  let isSame = known.size === found.size
  for (let position = 0; position < found.size; position += 1) {
    const key = found.key(position)
    while (at < known.size && compareKeys(known.key(at), key) < 0) at += 1
    if (at < known.size && known.key(at) === key) {
      isSame &&= known.isSame(at, found, position)
      at += 1
      continue
    }
    isSame = false
    fresh += 1
    if (point !== undefined && compareKeys(key, point) <= 0) late += 1
  }
  return { isSame, fresh, late }
}

/** Learns from full listings. */
export class ArrivalOrder {
  readonly #reconcile: Milliseconds
  #disorderAt: Milliseconds | undefined
  #orderly = 0

  /** @param reconcile how often an ordered view is compared; a view in which nothing is late for so long is ordered */
  constructor(reconcile: Milliseconds) {
    this.#reconcile = reconcile
  }

  get isOrdered(): boolean {
    return this.#disorderAt === undefined
  }

  note({ fresh, late }: Pick<Difference, 'fresh' | 'late'>, now: Milliseconds): void {
    if (late > 0) {
      this.#disorderAt = now
      this.#orderly = 0
      return
    }
    if (this.#disorderAt === undefined) return
    if (fresh > 0) this.#orderly += 1
    if (this.#orderly >= orderlyRefreshes || now - this.#disorderAt >= this.#reconcile) this.#disorderAt = undefined
  }
}
