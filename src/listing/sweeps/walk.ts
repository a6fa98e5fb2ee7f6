/** Whether somebody goes from partner to partner, and so how far ahead of him is worth listing. */
import type { Milliseconds } from '../../units.js'
import { ExpectedPaths } from './expected.js'
import { kindOf, partnerOf, stationOf } from './places.js'

/** Who looks at no other partner for so long is on no walk any more. */
const pause: Milliseconds = 60_000
/** A walk that is begun anew within this time is one more round: of a program that polls all partners, for instance. */
const remembered: Milliseconds = 15 * 60_000
/** From so many partners on it is a walk, and not somebody who looks at two. */
const manyPartners = 3
/** Pages that may lie ahead of a walk. */
const mostAhead = 32
/** Where one is within this part of a ttl may be listed now: what lies farther ahead would be listed twice. */
const soon = 0.5

/** So many LISTs may have been made ahead before they have spared any: it is not known yet whether somebody goes on. */
const advance = 8

/** What of a walk decides how far ahead one lists. */
export interface Steps {
  /** Partners that were looked at so far. */
  readonly partners: number
  /** The walk before it, not long ago, went to so many; 0: there was none. */
  readonly before: number
  /** Pages that it has gone through so far, and in what time. */
  readonly pages: number
  readonly elapsed: Milliseconds
}

/**
 * How a look at one more partner is answered: undefined: by a LIST of that view alone; else by LISTs that go on into what comes
 * behind it, and so many pages of that at most ahead of the one who walks.
 */
export function pagesAhead({ partners, before, pages, elapsed }: Steps, ttl: Milliseconds): number | undefined {
  const wasMany = before >= manyPartners
  if (partners <= 1) return wasMany ? 0 : undefined
  // A LIST of a thousand keys costs what one of a single key does; only what lies ahead may be for nothing.
  if (!wasMany && partners < manyPartners) return 0
  const within = Math.ceil((pages * soon * ttl) / Math.max(1, elapsed))
  return Math.min(mostAhead, Math.max(1, within), wasMany ? mostAhead : 2 ** (partners - manyPartners + 1))
}

interface Walk {
  readonly partners: Set<string>
  readonly stations: Set<string>
  /** Which views of theirs were looked at; the empty one stands for all. */
  readonly kinds: Set<string>
  /** What had to be listed for it. */
  readonly listed: Set<string>
  /** All that was looked at. */
  readonly looked: Set<string>
  /** What needed no LIST of its own. */
  readonly spared: Set<string>
  readonly begunAt: Milliseconds
  lastAt: Milliseconds
  /** The page that was looked at last, and how many there were. */
  page: object | undefined
  pages: number
}

/** The rounds that are made through one common prefix. */
export class Walks {
  readonly #ttl: Milliseconds
  #walk: Walk | undefined
  #before: Walk | undefined
  /** Where the walk is likely to go, if the one before it tells. */
  #expected: ExpectedPaths | undefined
  /** Partners at which it was not expected. */
  readonly #strangers = new Set<string>()
  /** How many more LISTs may be made ahead, so that all together are never many more than one for each view. */
  #spare = advance

  constructor(ttl: Milliseconds) {
    this.#ttl = ttl
  }

  /**
   * Somebody looks at a view, or at the whole of a partner.
   * @param isKnown it is answered without a LIST. What has to be listed once more begins another round.
   * @param page on which it was found, if it was listed with others
   */
  look(path: string, isKnown: boolean, page: object | undefined, now: Milliseconds): void {
    const [partner, station] = [partnerOf(path), stationOf(path)]
    if (partner === undefined || station === undefined) return
    const walk = this.#walkAt(path, isKnown, now)
    walk.partners.add(partner)
    walk.stations.add(station)
    walk.kinds.add(kindOf(path))
    walk.looked.add(path)
    if (this.#before?.partners.has(partner) === false) this.#strangers.add(partner)
    if (!isKnown) walk.listed.add(path)
    if (page !== walk.page) walk.pages += 1
    walk.page = page
    walk.lastAt = now
  }

  /** A LIST was answered. */
  noteList(): void {
    this.#spare = Math.max(-mostAhead, this.#spare - 1)
  }

  /** A look was answered by what was listed with others. */
  noteSpared(path: string): void {
    if (!this.#walk || this.#walk.spared.has(path)) return
    this.#walk.spared.add(path)
    this.#spare = Math.min(mostAhead, this.#spare + 1)
  }

  /**
   * The first key, from one on, behind which a LIST may bring what will be looked at: a round that goes where the last one went
   * is spared what that one left out. @returns undefined: there is none
   */
  expectedFrom(key: string): string | undefined {
    return this.#expected && this.#strangers.size < manyPartners ? this.#expected.from(key) : key
  }

  /** How many pages may be listed ahead now. @see pagesAhead */
  get ahead(): number | undefined {
    const before = this.#before?.partners.size ?? 0
    if (!this.#walk) return undefined
    const { partners, pages, begunAt, lastAt } = this.#walk
    const ahead = pagesAhead({ partners: partners.size, before, pages, elapsed: lastAt - begunAt }, this.#ttl)
    return ahead && Math.max(0, Math.min(ahead, this.#spare))
  }

  /** Whether it goes beyond one station. */
  get isOverStations(): boolean {
    return (this.#walk?.stations.size ?? 0) > 1
  }

  /** Whether views like this one are looked at. */
  wants(view: string): boolean {
    const kind = kindOf(view)
    return [this.#walk, this.#before].some((it) => it?.kinds.has('') === true || it?.kinds.has(kind) === true)
  }

  #walkAt(path: string, isKnown: boolean, now: Milliseconds): Walk {
    const walk = this.#walk
    if (walk && now - walk.lastAt <= pause && (isKnown || !walk.listed.has(path))) return walk
    this.#before = walk && now - walk.lastAt <= remembered ? walk : undefined
    const none = { partners: new Set<string>(), stations: new Set<string>(), kinds: new Set<string>() }
    const paths = { listed: new Set<string>(), looked: new Set<string>(), spared: new Set<string>() }
    const { partners, looked } = this.#before ?? { ...none, ...paths }
    this.#expected = partners.size >= manyPartners ? new ExpectedPaths(looked) : undefined
    this.#strangers.clear()
    this.#walk = { ...none, ...paths, begunAt: now, lastAt: now, page: undefined, pages: 1 }
    return this.#walk
  }
}
