/** What others do to an inbox in the model of a `new/`: no two versions have the same size, so each is known by what is shown of it. */
import type { Milliseconds } from '../../src/units.js'
import type { History, Version } from './read-history.js'
import type { Arrival } from './read-new-actions.js'
import { messageFolder } from './read-actions.js'
import { identityOf, type NewMarks } from './read-new-marks.js'
import { limits } from './read-tree.js'
import { firstView } from './read-views.js'
import type { ReadWorld } from './read-world.js'

export class Arrivals {
  readonly #world: ReadWorld
  readonly #history: History
  readonly #marks: NewMarks
  /** By size. */
  readonly #versions: Version[] = []
  readonly #goneAt = new Map<string, Milliseconds>()

  constructor(world: ReadWorld, history: History, marks: NewMarks) {
    this.#world = world
    this.#history = history
    this.#marks = marks
  }

  /** Messages that came one a minute. */
  fill(count: number): void {
    const { clock } = this.#world
    const versions = Array.from({ length: count }, (_, n) =>
      this.#version(`${messageFolder(n)}/a`, (count - n) * 60_000),
    )
    if (count === 0) return
    for (const { key, bytes, mtime, etag } of versions) this.#world.store.set(key, bytes, mtime, etag)
    this.#history.put(versions, clock.monotonic())
  }

  /** @returns the key that is another now */
  make(arrival: Arrival): string | undefined {
    switch (arrival.do) {
      case 'arrive':
        return this.#put(this.#version(arrival.rest, arrival.late))
      case 'replace': {
        const key = this.#nthKey(arrival.nth)
        return key === undefined ? undefined : this.#put(this.#version(key.slice(firstView.prefix.length), 0))
      }
      case 'put-again': {
        const gone = this.#versions.filter((it) => this.#isMarked(it) && !this.#isThere(it) && this.#mayComeAgain(it))
        const among = gone.length > 0 ? gone : this.#versions
        const version = among.at(-1 - (arrival.nth % Math.max(1, among.length)))
        return version && this.#mayComeAgain(version) ? this.#again(version) : undefined
      }
      case 'delete': {
        const key = this.#nthKey(arrival.nth)
        if (key === undefined) return undefined
        this.#noteGone(key)
        this.#world.store.delete(key)
        this.#history.delete(key, this.#world.clock.monotonic())
        return key
      }
    }
  }

  withSize(size: number): Version | undefined {
    return this.#versions.find((it) => it.size === size)
  }

  /** Empty ones are markers of folders. */
  #version(rest: string, late: Milliseconds): Version {
    const size = rest.endsWith('/') ? 0 : this.#versions.length + 1
    const mtime = this.#world.clock.now() - late
    const version = this.#history.version(`${firstView.prefix}${rest}`, size, mtime)
    if (size > 0) this.#versions.push(version)
    return version
  }

  #again(version: Version): string {
    const again = { ...version, mtime: this.#world.clock.now() }
    this.#versions[version.size - 1] = again
    return this.#put(again)
  }

  /** Of what was gone for long it may be forgotten that it was taken, or not. */
  #mayComeAgain(version: Version): boolean {
    const goneAt = this.#goneAt.get(identityOf(version)) ?? Infinity
    if (!this.#isMarked(version) || this.#isThere(version)) return true
    return this.#world.clock.monotonic() - goneAt < limits.reconcile
  }

  #isMarked(version: Version): boolean {
    const { taken, names, modes } = this.#marks
    return [taken, names, modes].some((it) => it.has(identityOf(version)))
  }

  #isThere({ key, etag }: Version): boolean {
    return this.#history.now.objects.get(key)?.etag === etag
  }

  #put(version: Version): string {
    this.#noteGone(version.key)
    this.#world.store.set(version.key, version.bytes, version.mtime, version.etag)
    this.#history.put([version], this.#world.clock.monotonic())
    return version.key
  }

  #noteGone(key: string): void {
    const former = this.#history.now.objects.get(key)
    if (former) this.#goneAt.set(identityOf(former), this.#world.clock.monotonic())
  }

  /** The newest key is the first one. */
  #nthKey(nth: number): string | undefined {
    const keys = [...this.#history.now.objects.keys()]
    return keys[keys.length - 1 - (nth % Math.max(1, keys.length))]
  }
}
