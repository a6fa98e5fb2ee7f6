/** The newest of something, numbered in the order in which they came, for any number of readers that each have their own pace. */

export class Recent<T> {
  readonly #most: number
  #items: T[] = []
  #first = 0
  readonly #listeners = new Set<() => void>()

  /** @param most so many are kept */
  constructor(most: number) {
    this.#most = most
  }

  /** The number that the next one gets. */
  get end(): number {
    return this.#first + this.#items.length
  }

  add(items: readonly T[]): void {
    if (items.length === 0) return
    this.#items.push(...items.slice(-this.#most))
    this.#first += Math.max(0, items.length - this.#most)
    if (this.#items.length > 2 * this.#most) {
      this.#first += this.#items.length - this.#most
      this.#items = this.#items.slice(-this.#most)
    }
    this.#tell()
  }

  /** Whoever reads has to begin anew, by other means. */
  invalidate(): void {
    this.#first = this.end + 1
    this.#items = []
    this.#tell()
  }

  /** Those from a number on; undefined where some of them are not there any more. */
  from(number: number): readonly T[] | undefined {
    return number < this.#first ? undefined : this.#items.slice(number - this.#first)
  }

  /** Called when there is something new. @returns a function that ends it */
  onNew(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
