/** The order of keys and names: UTF-8 binary order. JavaScript's own differs beyond the Basic Multilingual Plane. */

/**
 * @param from so many UTF-16 units are known to be the same
 * @returns below 0, 0 or above 0, as Buffer.compare of the UTF-8 forms would
 */
export function compareKeys(a: string, b: string, from = 0): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = from; i < length; i += 1) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    // Surrogates (D800–DFFF) stand for characters above all others, E000–FFFF included.
    const [xHigh, yHigh] = [isSurrogate(x), isSurrogate(y)]
    return xHigh === yHigh ? x - y : xHigh ? 1 : -1
  }
  return a.length - b.length
}

/** The least string that is greater than all that begin with a folder's path (which ends in `/`). */
export function afterFolder(path: string): string {
  return `${path.slice(0, -1)}0`
}

/** The first index from `low` to `high` at which `isReached` holds, `high` if none; it must hold from there on. */
export function firstWhere(low: number, high: number, isReached: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isReached(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** How many UTF-16 units two strings begin with in common. */
export function sharedLength(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  let shared = 0
  while (shared < length && a.charCodeAt(shared) === b.charCodeAt(shared)) shared += 1
  return shared
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
