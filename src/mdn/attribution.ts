/** Whose MDN is it? */
import type { Partner } from '../view/partner.js'

/** An MDN's owner, and the segments of its key under which it is shown there. */
interface Attribution extends Partner {
  readonly rest: readonly string[]
}

/** Tells an MDN's owner. By key for now; attribution by content (headers, message ids) is another one of these. */
export interface MdnAttribution {
  /**
   * @param segments of the key below `raw-mdn/incoming/` or `raw-mdn/outgoing/`
   * @param known whether there is such a station and partner
   * @returns undefined where nothing tells: the MDN is still below `.as2fs/mdn/`
   */
  attribute(segments: readonly string[], known: (station: string, partner: string) => boolean): Attribution | undefined
}

/** By `<station>/<partner>` in the key: at its beginning, or of a known pair further in. */
export const attributionByKey: MdnAttribution = {
  attribute(segments, known) {
    for (let i = 0; i + 2 < segments.length; i += 1) {
      const [station, partner] = [segments[i] ?? '', segments[i + 1] ?? '']
      if (known(station, partner)) return { station, partner, rest: i === 0 ? segments.slice(2) : segments }
    }
    const [station, partner] = segments
    if (segments.length < 3 || station === undefined || partner === undefined) return undefined
    return { station, partner, rest: segments.slice(2) }
  },
}
