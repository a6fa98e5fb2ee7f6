/** Which pair is the only one that has an id on one side. */
import type { OnlyPair } from '../mdn/attribution.js'
import type { Partner } from '../view/partner.js'

interface KnownPairs {
  readonly changes: number
  known(): Iterable<Partner>
}

/** Undefined: several have it. */
type Only = ReadonlyMap<string, Partner | undefined>

/** @param pairs are gone through once for each change of them */
export function onlyPairIn(pairs: KnownPairs): OnlyPair {
  let [changes, stations, partners]: [number, Only, Only] = [-1, new Map(), new Map()]
  return (side, id) => {
    if (changes !== pairs.changes) {
      const all = [...pairs.known()]
      ;[changes, stations, partners] = [pairs.changes, only(all, 'station'), only(all, 'partner')]
    }
    return (side === 'station' ? stations : partners).get(id)
  }
}

function only(pairs: readonly Partner[], side: keyof Partner): Only {
  const found = new Map<string, Partner | undefined>()
  for (const pair of pairs) found.set(pair[side], found.has(pair[side]) ? undefined : pair)
  return found
}
