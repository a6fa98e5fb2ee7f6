/** What others do to the bucket: the store has it, and the history knows when. */
import { messageFolder, type Change } from './read-actions.js'
import type { History, Version } from './read-history.js'
import type { Places } from './read-places.js'
import type { ReadWorld } from './read-world.js'

/** What S3 takes. */
const longestKey = 1_024

export class Changes {
  readonly #world: ReadWorld
  readonly #history: History
  readonly #places: Places

  constructor(world: ReadWorld, history: History, places: Places) {
    this.#world = world
    this.#history = history
    this.#places = places
  }

  /** Messages that came one a minute. */
  fill(count: number): void {
    const { clock } = this.#world
    const messages = Array.from({ length: count }, (_, n) => {
      const mtime = clock.now() - (count - n) * 60_000
      return this.#history.version(`AS2/files/A/B/inbox/${messageFolder(n)}/a`, 5, mtime)
    })
    this.#put(...messages)
  }

  /** @returns the key that is another now */
  make(change: Change): string | undefined {
    if (change.do === 'put') {
      const key = this.#places.nthView(change.view).prefix + change.rest
      return Buffer.byteLength(key) > longestKey ? undefined : this.put(key, change.size)
    }
    const key = this.#places.nthKey(change.nth)
    if (key === undefined) return undefined
    return change.do === 'replace' ? this.put(key, change.size) : this.delete(key)
  }

  /** @param size undefined: as large as the one that was there */
  put(key: string, size = this.#history.now.objects.get(key)?.size ?? 0): string {
    this.#put(this.#history.version(key, size, this.#world.clock.now()))
    return key
  }

  delete(key: string): string {
    this.#world.store.delete(key)
    this.#history.delete(key, this.#world.clock.monotonic())
    return key
  }

  #put(...versions: readonly Version[]): void {
    const { store, clock } = this.#world
    for (const { key, bytes, mtime, etag } of versions) store.set(key, bytes, mtime, etag)
    this.#history.put(versions, clock.monotonic())
  }
}
