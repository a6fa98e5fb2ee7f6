/** From where on a view is listed to find what is new, where its keys come in the order of time. Pure. */
import type { Milliseconds } from '../units.js'
import type { KeyIndex } from './key-index.js'

/** What one LIST brings. */
export const pageLength = 1_000
/** As SEMANTICS.md (Reading) has it: a key may come so much later than its place in the order says. */
const lookBack: Milliseconds = 15 * 60 * 1000
/**
 * More than this, modified within the look-back, did not arrive one after the other: somebody copied the bucket, and
 * their times tell nothing. Then it is as far as one LIST goes, with room for what is new.
 */
const mostLookedBack = 10 * pageLength
const shortLookBack = pageLength - 100

/** The key after which a view is listed to find what is new; undefined: all of it, which may be one LIST as well. */
export function lookBackPoint(index: KeyIndex): string | undefined {
  const { size } = index
  if (size <= pageLength) return undefined
  const [first] = index.span(index.newest(0, size) - lookBack) ?? [0]
  const from = size - first > mostLookedBack ? size - shortLookBack : first
  return from === 0 ? undefined : index.key(from - 1)
}
