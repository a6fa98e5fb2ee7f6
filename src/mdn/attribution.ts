/** Whose MDN is it? */
import type { ObjectInfo } from '../s3/store.js'
import type { Partner } from '../view/partner.js'
import type { MdnDirection } from '../view/tree.js'

/** An MDN's owner, and the segments of its key under which it is shown there. */
interface Attribution extends Partner {
  readonly rest: readonly string[]
}

/** Whether there is such a station and partner. */
export type Known = (station: string, partner: string) => boolean

export interface ListedMdn {
  readonly direction: MdnDirection
  /** Of its key, below `raw-mdn/<direction>/`. */
  readonly segments: readonly string[]
  readonly object: ObjectInfo
}

/** Tells an MDN's owner. */
export interface MdnAttribution {
  /** Another number when some are attributed otherwise. */
  readonly changes: number
  /** @returns undefined where nothing tells: the MDN is still below `.as2fs/mdn/` */
  attribute(mdn: ListedMdn, known: Known): Attribution | undefined
}

/** By a known `<station>/<partner>` in the key: at its beginning, or further in, and then it is shown with all of its key. */
function knownByKey(segments: readonly string[], known: Known): Attribution | undefined {
  for (let i = 0; i + 2 < segments.length; i += 1) {
    const [station, partner] = [segments[i] ?? '', segments[i + 1] ?? '']
    if (known(station, partner)) return { station, partner, rest: i === 0 ? segments.slice(2) : segments }
  }
  return undefined
}

/** What MDNs say, as far as they are read. */
export interface MdnContents {
  readonly changes: number
  /** By AS2-From and AS2-To. */
  sidesOf(mdn: ListedMdn): Partner | undefined
  /** By the message that it answers. */
  ownerOf(mdn: ListedMdn): Partner | undefined
  /** Whom the answered message was sent to. */
  recipientOf(mdn: ListedMdn): string | undefined
}

/** The only pair that is known with an id on that side; undefined if there are several, or none. */
export type OnlyPair = (side: 'station' | 'partner', id: string) => Partner | undefined

/** By keys alone. */
export const attributionByKey: MdnAttribution = {
  changes: 0,
  attribute: ({ segments }, known) => knownByKey(segments, known) ?? unknownByKey(segments),
}

/** By the key; else by what it says: its two sides, the message that it answers, or whom that was sent to. */
export class AttributionByContent implements MdnAttribution {
  readonly #contents: MdnContents
  readonly #onlyPair: OnlyPair

  constructor(contents: MdnContents, onlyPair: OnlyPair) {
    this.#contents = contents
    this.#onlyPair = onlyPair
  }

  get changes(): number {
    return this.#contents.changes
  }

  attribute(mdn: ListedMdn, known: Known): Attribution | undefined {
    const { segments } = mdn
    const byKey = knownByKey(segments, known)
    if (byKey) return byKey
    const owner = this.#bySides(mdn, known) ?? this.#contents.ownerOf(mdn) ?? this.#byRecipient(mdn)
    return owner ? { ...owner, rest: segments } : unknownByKey(segments)
  }

  #bySides(mdn: ListedMdn, known: Known): Partner | undefined {
    const sides = this.#contents.sidesOf(mdn)
    return sides && known(sides.station, sides.partner) ? sides : undefined
  }

  /** One side tells where it is a side of one pair only. */
  #byRecipient(mdn: ListedMdn): Partner | undefined {
    const id = this.#contents.recipientOf(mdn)
    return id === undefined ? undefined : this.#onlyPair(mdn.direction === 'incoming' ? 'partner' : 'station', id)
  }
}

/** At the key's beginning: a pair that nobody knows is shown to nobody either, until it is known. */
function unknownByKey(segments: readonly string[]): Attribution | undefined {
  const [station, partner] = segments
  if (segments.length < 3 || station === undefined || partner === undefined) return undefined
  return { station, partner, rest: segments.slice(2) }
}
