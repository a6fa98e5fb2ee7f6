/** Counts by two words, of which there are few: what was done, and how it ended. They only grow. */

export class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  add(first: string, second: string, by = 1): void {
    let counts = this.#counts.get(first)
    if (!counts) this.#counts.set(first, (counts = new Map<string, number>()))
    counts.set(second, (counts.get(second) ?? 0) + by)
  }

  *entries(): Generator<readonly [first: string, second: string, count: number], undefined> {
    for (const [first, counts] of this.#counts) for (const [second, count] of counts) yield [first, second, count]
  }
}
