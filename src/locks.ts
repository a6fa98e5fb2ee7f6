/** One change of the same thing at a time. */

export class Locks {
  readonly #held = new Map<string, Promise<unknown>>()
  readonly #onFree: () => void

  /** @param onFree some that were locked are not any more */
  constructor(onFree: () => void) {
    this.#onFree = onFree
  }

  isLocked(id: string): boolean {
    return this.#held.has(id)
  }

  /** Runs alone among those that name one of the same ids. */
  async run<T>(ids: readonly string[], act: () => Promise<T>): Promise<T> {
    // All at once, so nobody waits for one while holding another.
    const before = Promise.all(ids.map((id) => this.#held.get(id) ?? Promise.resolve()))
    const mine = before.then(act)
    const settled = mine.catch(() => undefined)
    for (const id of ids) this.#held.set(id, settled)
    try {
      return await mine
    } finally {
      for (const id of ids) if (this.#held.get(id) === settled) this.#held.delete(id)
      this.#onFree()
    }
  }
}
