/** Things in groups, each in the order in which they came. */

export class Groups<T> {
  readonly #groups = new Map<string, Map<string, T>>()

  has(group: string): boolean {
    return this.#groups.has(group)
  }

  of(group: string): Iterable<T> {
    return this.#groups.get(group)?.values() ?? []
  }

  *all(): Iterable<Iterable<T>> {
    for (const group of this.#groups.values()) yield group.values()
  }

  set(name: string, id: string, thing: T): void {
    const group = this.#groups.get(name)
    if (group) group.set(id, thing)
    else this.#groups.set(name, new Map([[id, thing]]))
  }

  delete(name: string, id: string): void {
    const group = this.#groups.get(name)
    if (group?.delete(id) === true && group.size === 0) this.#groups.delete(name)
  }
}
