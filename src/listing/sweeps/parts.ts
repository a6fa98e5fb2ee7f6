/** Parts of the key space that were listed: in key order, none over another. Pure. */
import { compareKeys, firstWhere } from '../../s3/key-order.js'
import type { Milliseconds } from '../../units.js'
import type { KeyRange } from '../key-index.js'

/** Keys greater than `after`, up to and with `through`; no prefix. */
export interface Part {
  /** Empty: from the first key on. */
  readonly after: string
  /** Undefined: to the last one. */
  readonly through: string | undefined
  /** When the LIST was begun that found them, by the clock that never steps. */
  readonly at: Milliseconds
  /** It was gone past: a view with keys, of which it is not known which they were then. */
  readonly isPassed: boolean
  /** When its keys were listed, as they are known here: as the part, or before it was gone past; undefined: never. */
  readonly keysAt: Milliseconds | undefined
}

/** Index of the first part that goes beyond a key. */
export function firstThrough(parts: readonly Part[], key: string): number {
  return firstWhere(0, parts.length, (at) => isBeyond(parts[at]?.through, key))
}

/**
 * The same with another part laid over them.
 * @returns also what of them is under that one now
 */
export function laidOver(
  parts: readonly Part[],
  part: Part,
): { readonly parts: readonly Part[]; readonly covered: readonly Part[] } {
  const { after, through } = part
  const first = firstThrough(parts, after)
  const last = firstWhere(first, parts.length, (at) => !isBeyond(through, parts[at]?.after ?? ''))
  const [rest, covered]: [Part[], Part[]] = [[part], []]
  for (const other of parts.slice(first, last)) {
    const isBefore = compareKeys(other.after, after) < 0
    const isBehind = through !== undefined && isBeyond(other.through, through)
    if (isBefore) rest.unshift({ ...other, through: after })
    if (isBehind) rest.push({ ...other, after: through })
    covered.push({ ...other, after: isBefore ? after : other.after, through: isBehind ? through : other.through })
  }
  return { parts: [...parts.slice(0, first), ...rest, ...parts.slice(last)], covered }
}

/** @returns when the oldest of them was listed */
export function oldest(parts: readonly Part[]): Milliseconds {
  return parts.reduce((time, it) => Math.min(time, it.at), Infinity)
}

/** @returns when the oldest of their keys were listed; undefined: of some they never were */
export function oldestKeys(parts: readonly Part[]): Milliseconds | undefined {
  const times = parts.map((it) => it.keysAt ?? -Infinity)
  const time = Math.min(...times)
  return time === -Infinity ? undefined : time
}

export function rangeOf({ after, through }: Part): KeyRange {
  return { after: after === '' ? undefined : after, through }
}

/** @param through undefined: there is no end */
function isBeyond(through: string | undefined, key: string): boolean {
  return through === undefined || compareKeys(through, key) > 0
}
