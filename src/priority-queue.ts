/** The first of many things in an order: seen at once; to put one in or take it out takes the time of a logarithm. A binary heap. */

export class PriorityQueue<T> {
  readonly #items: T[] = []
  readonly #isBefore: (a: T, b: T) => boolean

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  /** The first in order, which stays. */
  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    let at = this.#items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(item, this.#items[parent] as T)) break
      this.#items[at] = this.#items[parent] as T
      at = parent
    }
    this.#items[at] = item
  }

  /** Takes the first in order out. */
  pop(): T | undefined {
    const first = this.#items[0]
    const last = this.#items.pop()
    if (last !== undefined && this.#items.length > 0) this.#sink(last)
    return first
  }

  #sink(item: T): void {
    const { length } = this.#items
    let at = 0
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && this.#isBefore(this.#items[child + 1] as T, this.#items[child] as T)) child += 1
      if (!this.#isBefore(this.#items[child] as T, item)) break
      this.#items[at] = this.#items[child] as T
      at = child
    }
    this.#items[at] = item
  }
}
