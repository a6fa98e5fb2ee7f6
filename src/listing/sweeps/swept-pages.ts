/** One LIST of a common prefix, and what is known by it. */
import { afterFolder, compareKeys } from '../../s3/key-order.js'
import type { ListPage, Store } from '../../s3/store.js'
import { isDenied } from '../../s3/store-error.js'
import type { Clock, Timers } from '../../telemetry/clock.js'
import type { Key, Milliseconds, Prefix } from '../../units.js'
import type { ForgottenKeys } from '../forgotten-keys.js'
import type { ListingMeter } from '../listing-meter.js'
import type { Coverage } from './coverage.js'
import type { LargeViews } from './large-views.js'
import { stationOf, viewOf, type CommonPrefix } from './places.js'
import { nextStep } from './plan.js'

export interface SweptPagesOptions {
  readonly common: CommonPrefix
  readonly store: Store
  readonly meter: ListingMeter
  readonly coverage: Coverage
  readonly large: LargeViews
  /** Its keys have no prefix. */
  readonly forgotten: ForgottenKeys
  /** How long one LIST may take. */
  readonly deadline: Milliseconds
  /** Whether somebody looks at views like that. */
  readonly wants: (view: string) => boolean
  /** @see Walks.expectedFrom */
  readonly expectedFrom: (key: string) => string | undefined
  readonly onAnswer: () => void
  /** What was known before is another now. */
  readonly onChange: () => void
  readonly clock: Clock
  readonly timers: Timers
}

/** After a path was refused, it is not asked for again for so long. */
const refusedFor: Milliseconds = 10 * 60_000

export class SweptPages {
  readonly #options: SweptPagesOptions
  /** Until when paths may not be listed. */
  readonly #refused = new Map<string, Milliseconds>()

  constructor(options: SweptPagesOptions) {
    this.#options = options
  }

  /**
   * What is listed for who looks at a path: all that is common, or what a station has.
   * @returns undefined where neither may be listed
   */
  scope(path: string, isOverStations: boolean): string | undefined {
    const now = this.#options.clock.monotonic()
    const scopes = [...(isOverStations ? [''] : []), stationOf(path)]
    return scopes.find((it) => it !== undefined && (this.#refused.get(it) ?? 0) <= now)
  }

  /**
   * Lists from a key on.
   * @param awaited the view for whose sake it is done; if it takes pages of its own, this one is kept for it
   * @returns where to go on; undefined: all behind it is known
   * @throws FsError
   */
  async list(scope: string, after: string, awaited: string, since: Milliseconds): Promise<string | undefined> {
    const { store, meter, common, deadline, onAnswer, clock, timers } = this.#options
    const prefix = `${common.prefix}${scope}` as Prefix
    const startAfter = `${common.prefix}${after}` as Key
    const at = clock.monotonic()
    try {
      const request = { prefix, ...(after === '' ? {} : { startAfter }), isShortcut: true }
      const page = await meter.of('common', store.list(request, timers.timeout(deadline)))
      onAnswer()
      const next = this.#take(page, { scope, after, at, awaited })
      return next === undefined ? undefined : this.unknown(scope, next, since)?.after
    } catch (error) {
      if (isDenied(error)) this.#refused.set(scope, at + refusedFor)
      throw error
    }
  }

  /**
   * The first key, from one on, behind which not all was listed at that time or later that will be looked at.
   * @returns the key and how many pages come before it; undefined: there is none
   */
  unknown(
    scope: string,
    from: string,
    since: Milliseconds,
  ): { readonly after: string; readonly parts: number } | undefined {
    const { coverage, large, common, expectedFrom } = this.#options
    const isOver = (key: string): boolean => scope !== '' && compareKeys(key, afterFolder(scope)) >= 0
    let parts = 0
    for (let after = expectedFrom(from); after !== undefined;) {
      const view = viewOf(after, common.depth)
      let next: string
      if (view !== undefined && large.has(view)) {
        coverage.notePassed(view, this.#options.clock.monotonic())
        next = afterFolder(view)
      } else {
        const frontier = coverage.frontier(after, since)
        if (!frontier) return undefined
        next = frontier.after
        parts += frontier.parts
      }
      const expected = expectedFrom(next)
      if (expected !== undefined && isOver(expected)) return undefined
      if (expected === after) return { after, parts }
      after = expected
    }
    return undefined
  }

  #take(
    page: ListPage,
    { scope, after, at, awaited }: { scope: string; after: string; at: Milliseconds; awaited: string },
  ): string | undefined {
    const { common, coverage, large, forgotten, wants, onChange } = this.#options
    const below = (key: Key): string => key.slice(common.prefix.length)
    // Flat copies: a part of a string keeps the whole alive, and here that is the answer of the server.
    const [first, last] = [page.objects[0], page.objects.at(-1)].map(
      (it) => it && Buffer.from(below(it.key)).toString(),
    )
    const isLast = page.next === undefined
    // A page may be empty and not the last one: nothing follows from that.
    if (!isLast && last === undefined) return undefined
    const facts = { depth: common.depth, wants, isLarge: (view: string) => large.has(view) }
    const { after: next, passed, isLarge } = nextStep({ first, last, isLast }, facts)
    const gone = forgotten.since(at)
    const isKept = (key: string): boolean => !gone.has(key) && (passed === undefined || !key.startsWith(passed))
    const objects = page.objects.filter((it) => isKept(below(it.key)))
    const end = scope === '' ? undefined : afterFolder(scope)
    const through = isLast ? end : (passed ?? last)
    const isAny = through === undefined || compareKeys(through, after) > 0
    const hasChanged = isAny && coverage.note({ after, through, at }, objects)
    if (passed !== undefined) coverage.notePassed(passed, at)
    if (passed !== undefined && isLarge) {
      large.add(passed)
      if (passed === awaited) large.keepFirstPage(passed, page.objects, at)
    }
    if (hasChanged) onChange()
    return next
  }
}
