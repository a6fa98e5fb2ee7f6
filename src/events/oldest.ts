/** The oldest few of very many, without sorting or keeping them all. Pure. */

/**
 * @param compare by age; no two are the same
 * @returns the `most` that come first, in order
 */
export function oldest<T>(all: Iterable<T>, most: number, compare: (a: T, b: T) => number): T[] {
  let kept: T[] = []
  let last: T | undefined
  const cut = (): void => {
    kept = kept.sort(compare).slice(0, most)
    if (kept.length === most) last = kept.at(-1)
  }
  for (const it of all) {
    if (last !== undefined && compare(it, last) > 0) continue
    kept.push(it)
    if (kept.length >= 2 * most) cut()
  }
  cut()
  return kept
}
