/** Numbers that look random, and are the same for the same seed. */

export type Random = () => number

/** @param seed 32 bits of it count. @returns from 0 to below 1 @see mulberry32, by Tommy Ettinger */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** @returns a whole number from `low` to below `high` */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low))
}
