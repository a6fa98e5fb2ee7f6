/** The few that come first of very many that are gone through one by one, without keeping them all. Pure. */

export class Newest<T> {
  readonly #most: number
  readonly #compare: (a: T, b: T) => number
  #kept: T[] = []
  #last: T | undefined
  #hasDropped = false

  /** @param compare by order; no two are the same */
  constructor(most: number, compare: (a: T, b: T) => number) {
    this.#most = most
    this.#compare = compare
  }

  add(it: T): void {
    if (this.#last !== undefined && this.#compare(it, this.#last) > 0) {
      this.#hasDropped = true
      return
    }
    this.#kept.push(it)
    if (this.#kept.length >= 2 * this.#most + 16) this.#cut()
  }

  /** In order. */
  list(): readonly T[] {
    this.#cut()
    return this.#kept
  }

  /** Whether there were more. */
  get isCut(): boolean {
    this.#cut()
    return this.#hasDropped
  }

  #cut(): void {
    this.#kept.sort(this.#compare)
    if (this.#kept.length <= this.#most) return
    this.#hasDropped = true
    this.#kept.length = this.#most
    this.#last = this.#kept.at(-1)
  }
}
