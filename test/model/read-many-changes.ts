/** What others do to the bucket of many partners. */
import type { ManyChange } from './read-many-actions.js'
import { manyView, type ManyPartner, type ManyView } from './read-many-partners.js'
import type { Timeline } from './read-timeline.js'
import type { Version } from './read-history.js'
import type { ReadWorld } from './read-world.js'

/** More than a page, or as much as does not take too many of small ones; a few. */
const [large, notSoLarge, few] = [1_020, 30, 3]
const smallPage = 100
/** One arrives each second of these. */
const second = 1_000

export class ManyChanges {
  readonly #world: ReadWorld
  readonly #timeline: Timeline
  readonly #partners: readonly ManyPartner[]
  readonly #large: number
  #arrived = 0
  #late = 0

  constructor(world: ReadWorld, timeline: Timeline, partners: readonly ManyPartner[], pageLimit: number) {
    this.#world = world
    this.#timeline = timeline
    this.#partners = partners
    this.#large = pageLimit < smallPage ? notSoLarge : large
  }

  /** Long ago, so many came to each. */
  fill(messages: readonly number[]): void {
    for (const [i, partner] of this.#partners.entries()) {
      const count = messages[i % messages.length] ?? 0
      const inbox = manyView(partner, 0)
      for (let n = 0; n < count; n += 1) this.#put(inbox, this.#next(inbox), -(count - n) * 60 * second)
      // Some have only what is not below files/.
      if (count > 0 || i % 4 === 0) this.#put(manyView(partner, i), this.#next(manyView(partner, i)), -60 * second)
    }
  }

  make(change: ManyChange): void {
    const partner = this.#partners[change.partner % this.#partners.length]
    if (!partner) return
    if (!('view' in change)) {
      this.#resize(manyView(partner, 0), change.do === 'grow' ? this.#large : few)
      return
    }
    const view = manyView(partner, change.view)
    if (change.do === 'put') {
      this.#put(view, change.isLate ? this.#before(view) : this.#next(view))
      return
    }
    const keys = this.#timeline.present(view.prefix)
    const key = keys[change.nth % Math.max(1, keys.length)]
    if (key === undefined) return
    if (change.do === 'replace') this.#put(view, key)
    else this.#delete(view, key)
  }

  #resize(view: ManyView, count: number): void {
    const keys = this.#timeline.present(view.prefix)
    for (const key of keys.slice(count)) this.#delete(view, key)
    for (let n = keys.length; n < count; n += 1) this.#put(view, this.#next(view))
  }

  /** As the gateway names them: flat ones and such with a folder of their own. */
  #next({ prefix }: ManyView): string {
    this.#arrived += 1
    return `${prefix}${720_784_109_390_000 + this.#arrived}${this.#arrived % 3 === 0 ? '/a' : ''}`
  }

  #before({ prefix }: ManyView): string {
    this.#late += 1
    return `${prefix}${620_784_109_390_000 + this.#late}`
  }

  #put(view: ManyView, key: string, ago = 0): void {
    const { store, clock } = this.#world
    const version: Version = this.#timeline.version(key, 1 + (this.#arrived % 9), clock.now() + ago)
    store.set(key, version.bytes, version.mtime, version.etag)
    this.#timeline.put(view.prefix, version, clock.monotonic())
  }

  #delete(view: ManyView, key: string): void {
    this.#world.store.delete(key)
    this.#timeline.delete(view.prefix, key, this.#world.clock.monotonic())
  }
}
