/** What may be shown of many partners: each key as it was within the ttl, in every plan; and which failures may be told. */
import type { Milliseconds } from '../../src/units.js'
import type { ShownEntry } from './read-outcome.js'
import { rootsOf, stationPrefixes, viewsOf, type ManyPartner, type ManyView } from './read-many-partners.js'
import type { Timeline } from './read-timeline.js'
import { codesOf, isOfAll, Troubles } from './read-troubles.js'
import { roots } from './read-views.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

/** A view of more is listed from its newest keys on. @see listing/look-back.ts */
const pageLength = 1_000
/** A comparison with the whole takes no longer, with the pause after one that failed. */
const timeToCompare: Milliseconds = 60_000

/** When a call was made and answered. */
export interface Span {
  readonly asked: Milliseconds
  readonly ended: Milliseconds
  /** Whether anybody was answered since the last trouble: till then what never waits for the bucket may be old. */
  readonly wasAnswering: boolean
}

export class ManyExpectations {
  readonly troubles: Troubles
  readonly #timeline: Timeline
  readonly #isConfigured: boolean
  readonly #seen = new Set<ManyPartner>()
  /** When a view was shown since it was last in trouble. */
  readonly #shownAt = new Map<string, Milliseconds[]>()

  /** @param isConfigured whether the partners are there whatever the bucket has */
  constructor(world: ReadWorld, timeline: Timeline, isConfigured: boolean) {
    this.troubles = new Troubles(() => world.clock.monotonic())
    this.#timeline = timeline
    this.#isConfigured = isConfigured
  }

  noteSeen(partner: ManyPartner): void {
    this.#seen.add(partner)
  }

  /** Whether it is known without asking. */
  isKnown(partner: ManyPartner): boolean {
    return this.#isConfigured || this.#seen.has(partner)
  }

  /** Whether a partner must be shown, may be, or must not. */
  partner(partner: ManyPartner, { asked, ended, wasAnswering }: Span): 'must' | 'may' | 'not' {
    if (this.isKnown(partner)) return 'must'
    const views = viewsOf(partner).filter((it) => rootsOf(partner).some((root) => it.prefix.startsWith(root)))
    const keys = views.flatMap((view) =>
      [...this.#timeline.keys(view.prefix)].map((key) => [view.prefix, key] as const),
    )
    if (keys.length === 0) return 'not'
    const concerned = [...roots, ...stationPrefixes(partner.station)]
    if (!wasAnswering || this.troubles.of(concerned, asked, ended).length > 0) return 'may'
    const isThere = ([view, key]: readonly [string, string]) =>
      this.#timeline.versions(view, key, asked - limits.ttl, ended).every((it) => it)
    return keys.some(isThere) ? 'must' : 'may'
  }

  mayFail(view: ManyView, code: string, span: Span): boolean {
    if (code === 'ENOENT') return !this.isKnown(view.of) && this.partner(view.of, span) !== 'must'
    if (!this.isKnown(view.of) && this.mayNotBeFound(view.of.station, code, span)) return true
    return this.mayFailFor([view.listed], code, span) && !this.#isRemembered(view, span)
  }

  /** Whether nobody can tell which partners a station has, or which stations there are. */
  mayNotBeFound(station: string | undefined, code: string, { asked, ended }: Span): boolean {
    const groups = [roots, ...(station === undefined ? [] : [stationPrefixes(station)])]
    const troubles = this.troubles.during(asked, ended).filter((it) => codesOf(it.kind).includes(code))
    return troubles.some((it) => groups.some((group) => isOfAll(it, group)))
  }

  /** @param prefixes that are listed for an answer */
  mayFailFor(prefixes: readonly string[], code: string, { asked, ended }: Span): boolean {
    return this.troubles.of(prefixes, asked, ended).some((it) => codesOf(it.kind).includes(code))
  }

  /** @returns what is wrong with what is shown of a view, one sentence each */
  check(view: ManyView, entries: readonly ShownEntry[], span: Span): string[] {
    const troubles = this.troubles.of([view.listed], span.asked, span.ended)
    const isHealthy = troubles.length === 0
    // What is refused is no outage: nothing is shown of it for longer than of others.
    const isOutage = troubles.some((it) => it.kind !== 'denied')
    const from = span.asked - (isOutage ? limits.staleTtl : limits.ttl)
    const shown = new Map(entries.map((it) => [it.name, it]))
    // What an unknown number of keys comes before is compared with the whole from time to time.
    const comparedAt = Math.min(from, this.#comparedAt(view, span))
    const oldest = this.#isLarge(view, Math.min(from - limits.reconcile, comparedAt)) ? comparedAt : from
    const problems: string[] = []
    for (const key of this.#timeline.keys(view.prefix)) {
      const name = key.slice(view.prefix.length).split('/')[0] ?? ''
      const since = view.isOrdered && this.#timeline.cameLast(view.prefix, key) && !shown.has(name) ? from : oldest
      const versions = this.#timeline.versions(view.prefix, key, since, span.ended)
      const entry = shown.get(name)
      shown.delete(name)
      const isRight = versions.some((it) => (it && entry ? isShownAs(entry, key, it) : !it && !entry))
      if (!isRight) problems.push(`${view.path} shows ${name} as ${entry ? JSON.stringify(entry) : 'absent'}`)
    }
    for (const name of shown.keys()) problems.push(`${view.path} shows ${name}, which never was there`)
    this.#shownAt.set(view.path, isHealthy ? [...(this.#shownAt.get(view.path) ?? []), span.asked] : [])
    return problems
  }

  /** Whether it may be known as one of more than a page, by a listing at that time or later. */
  #isLarge(view: ManyView, since: Milliseconds): boolean {
    return view.isOrdered && this.#timeline.count(view.prefix, since) > pageLength
  }

  /** A look begins a comparison that is due, and there was time for that since. */
  #comparedAt(view: ManyView, { asked }: Span): Milliseconds {
    const looks = this.#shownAt.get(view.path) ?? []
    return (looks.findLast((it) => it <= asked - timeToCompare) ?? -Infinity) - limits.reconcile
  }

  /** Shown in good times so lately that it is shown whatever happens. */
  #isRemembered(view: ManyView, { asked, ended }: Span): boolean {
    const shownAt = this.#shownAt.get(view.path)?.at(-1) ?? -Infinity
    if (ended - shownAt > limits.staleTtl - limits.ttl) return false
    return !this.troubles.of([view.listed], shownAt, asked).some((it) => it.kind === 'denied')
  }
}

function isShownAs(entry: ShownEntry, key: string, { size, mtime }: { size: number; mtime: number }): boolean {
  if (key.split('/').at(-1) === 'a') return entry.kind === 'folder'
  return entry.kind === 'file' && entry.size === size && entry.mtime === mtime
}
