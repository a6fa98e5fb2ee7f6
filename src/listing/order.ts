/** Whether the keys of a view come in the order of time, and from where on its new ones are looked for. Pure. */
import type { Milliseconds } from '../units.js'
import type { KeyIndex } from './key-index.js'
import { compareKeys } from '../s3/key-order.js'

/** What one LIST brings. */
export const pageLength = 1_000
/** Spec section 2: a key may come so much later than its place in the order says. */
const lookBack: Milliseconds = 15 * 60 * 1000
/**
 * More than this, modified within the look-back, did not arrive one after the other: somebody copied the bucket, and
 * their times tell nothing. Then it is as far as one LIST goes, with room for what is new.
 */
const mostLookedBack = 10 * pageLength
const shortLookBack = pageLength - 100
/** So many refreshes that brought something, all in order, and a view counts as ordered again. */
const orderlyRefreshes = 3

/** The key after which a view is listed to find what is new; undefined: all of it, which may be one LIST as well. */
export function lookBackPoint(index: KeyIndex): string | undefined {
  const { size } = index
  if (size <= pageLength) return undefined
  const [first] = index.span(index.newest(0, size) - lookBack) ?? [0]
  const from = size - first > mostLookedBack ? size - shortLookBack : first
  return from === 0 ? undefined : index.key(from - 1)
}

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
export class KeyOrder {
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
