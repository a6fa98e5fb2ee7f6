/** What looks would cost if each view were listed by itself, and each folder of stations and partners: the measure of any plan. */
import type { Milliseconds } from '../../src/units.js'
import { roots } from './read-views.js'
import { rootsOf, stationPrefixes, type ManyPartner, type ManyView } from './read-many-partners.js'
import type { Timeline } from './read-timeline.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

/** The LISTs of one step, counted in two ways. */
export interface Costs {
  /** A LIST for each page of each view that is too old. */
  readonly viewByView: number
  /** And were all of them pages of one listing. */
  readonly pages: number
}

/** From the second look on a large view is listed from its newest keys on, compared with the whole from time to time. */
const extraOfLarge = 12

export class CostsViewByView {
  readonly #world: ReadWorld
  readonly #timeline: Timeline
  readonly #pageLimit: number
  /** When something was last asked for. */
  readonly #askedAt = new Map<string, Milliseconds>()
  #viewByView = 0
  #keys = 0

  constructor(world: ReadWorld, timeline: Timeline, pageLimit: number) {
    this.#world = world
    this.#timeline = timeline
    this.#pageLimit = pageLimit
  }

  view(view: ManyView, all: readonly ManyView[]): void {
    const shared = view.listed === view.prefix ? [view] : all.filter((it) => it.listed === view.listed)
    const count = shared.reduce((sum, it) => sum + this.#timeline.count(it.prefix, this.#now - limits.ttl), 0)
    if (!this.#isAsked(view.listed)) return
    const pages = this.#pagesOf(count)
    this.#viewByView += pages + Math.floor(pages / 4) + (pages > 1 ? pages + extraOfLarge : 0)
    this.#keys += count
  }

  /** The stations, or the partners of one, so many at most. */
  folders(station: string | undefined, count: number): void {
    for (const prefix of station === undefined ? roots : stationPrefixes(station)) this.#folder(prefix, count)
  }

  /** The views of a partner: whether it has a `failed/`. */
  partner(partner: ManyPartner): void {
    this.#folder(rootsOf(partner)[0] ?? '', 1)
  }

  send({ station, partner }: ManyPartner): void {
    this.#folder(`AS2/send/${station}/${partner}/ itself`, 1)
  }

  /** What was asked for failed, or was refused: it may be asked for again at once. */
  forget(): void {
    this.#askedAt.clear()
  }

  /** @returns what it was since the last time */
  take(): Costs {
    const costs = { viewByView: this.#viewByView, pages: this.#pagesOf(this.#keys) }
    this.#viewByView = 0
    this.#keys = 0
    return costs
  }

  get #now(): Milliseconds {
    return this.#world.clock.monotonic()
  }

  #folder(prefix: string, count: number): void {
    if (this.#isAsked(`${prefix} folders`)) this.#viewByView += this.#pagesOf(count)
  }

  #pagesOf(count: number): number {
    return Math.max(1, Math.ceil(count / this.#pageLimit))
  }

  #isAsked(what: string): boolean {
    const at = this.#askedAt.get(what)
    if (at !== undefined && this.#now < at + limits.ttl) return false
    this.#askedAt.set(what, this.#now)
    return true
  }
}
