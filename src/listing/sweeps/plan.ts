/** Where a sweep goes on, and where others begin beside it. Pure. */
import { afterFolder, compareKeys } from '../../s3/key-order.js'
import { pageLength } from '../look-back.js'
import { viewOf } from './places.js'

/** What a LIST has brought: keys without the common prefix, in order. */
export interface SweptPage {
  readonly first: string | undefined
  readonly last: string | undefined
  readonly isLast: boolean
}

/** What is known of views. */
export interface ViewFacts {
  /** How many segments a view's path has. */
  readonly depth: number
  /** Whether somebody looks at views like it. */
  readonly wants: (view: string) => boolean
  /** Whether it is listed by itself, because a page is not enough for it. */
  readonly isLarge: (view: string) => boolean
}

/** What follows from a page. */
export interface NextStep {
  /** The next LIST begins behind this key; undefined: there is nothing more. */
  readonly after: string | undefined
  /** A view in which the page ends, and whose rest is gone past. */
  readonly passed: string | undefined
  /** That view holds the page from its first key to its last: it is listed by itself from now on. */
  readonly isLarge: boolean
}

/**
 * A page costs the same wherever it begins, so a sweep goes on in a view that is wanted, and else with what comes behind it:
 * never more LISTs than one for each view that is wanted.
 */
export function nextStep({ first, last, isLast }: SweptPage, { depth, wants, isLarge }: ViewFacts): NextStep {
  if (isLast || last === undefined) return { after: undefined, passed: undefined, isLarge: false }
  const view = viewOf(last, depth)
  if (view === undefined) return { after: last, passed: undefined, isLarge: false }
  const isWhole = first?.startsWith(view) === true
  if (!isWhole && !isLarge(view) && wants(view)) return { after: last, passed: undefined, isLarge: false }
  return { after: afterFolder(view), passed: view, isLarge: isWhole }
}

/** Pages for one sweep, if there are more than one at a time: fewer are not worth the LISTs that overlap. */
const pagesPerSweep = 4
/** Sweeps at a time. */
const mostSweeps = 4
/** So many new keys may have come between the places where two sweeps begin, and the first still ends with a whole page. */
const room = 50

/** What is known of the keys that are to be swept. */
export interface KnownKeys {
  /** About how many there are. */
  readonly count: number
  /** The key that comes so many after the first; undefined past the last one. */
  readonly keyAfter: (count: number) => string | undefined
}

/**
 * Where sweeps begin beside the first one, in order, so that all take about as long, and each but the last lists whole pages.
 * @param ahead how many pages may be listed for who walks
 */
export function furtherStarts({ count, keyAfter }: KnownKeys, ahead: number): readonly string[] {
  const pages = Math.min(Math.ceil(count / pageLength), ahead)
  const sweeps = Math.min(mostSweeps, Math.floor(pages / pagesPerSweep))
  const length = Math.floor(pages / Math.max(1, sweeps))
  const starts: string[] = []
  for (let i = 1; i < sweeps; i += 1) {
    const start = keyAfter(i * (length * pageLength - room))
    if (start !== undefined && (starts.length === 0 || compareKeys(starts.at(-1) ?? '', start) < 0)) starts.push(start)
  }
  return starts
}
