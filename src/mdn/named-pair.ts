/** Whether a receipt names another pair than that of the message that it answers, known or not. Pure. */
import type { Partner } from '../view/partner.js'
import type { Known } from './attribution.js'

/** Deeper than that nobody puts a pair. */
const deepest = 4
const date = /^(?:(?:19|20)\d\d(?:-?\d\d){0,2}|\d\d?)$/
/** Of a message or an MDN: digits, letters of a hash or a UUID, an address. */
const identifier = /^(?:\d{15,17}|[0-9a-f-]{24,}|.*@.*)$/i

/** The folders of a key that may be ids of a pair; none where they are too few. @param key below `raw-mdn/<direction>/` */
export function pairFolders(key: string): readonly string[] {
  const folders = key.split('/').slice(0, -1)
  const ids = folders.filter((it) => it !== '' && !date.test(it) && !identifier.test(it)).slice(0, deepest)
  return ids.length > 1 ? ids : []
}

export interface NamedPair {
  /** By AS2-From and AS2-To, as its station has it. */
  readonly sides: Partner | undefined
  /** As `pairFolders` has them. */
  readonly folders: readonly string[]
}

/** By its sides, or by its key: where the sides are the message's, folders that are no known pair tell only beside its station. */
export function namesAnother({ sides, folders }: NamedPair, owner: Partner, known: Known): boolean {
  if (sides && !(isSame(sides.station, owner.station) && isSame(sides.partner, owner.partner))) return true
  const pairs = folders.slice(1).map((partner, i) => ({ station: folders[i] ?? '', partner }))
  const isOwn = pairs.some((it) => isSame(it.station, owner.station) && isSame(it.partner, owner.partner))
  if (isOwn || pairs.length === 0) return false
  return !sides || pairs.some((it) => isSame(it.station, owner.station) || known(it.station, it.partner))
}

/** @param id as it was said: a `/` in it can't stand in a key as it is, and nobody knows what does */
function isSame(id: string, segment: string): boolean {
  const [one, other] = [id.toLowerCase(), segment.toLowerCase()]
  return one === other || (one.includes('/') && letters(one) === letters(other))
}

function letters(id: string): string {
  return id.replaceAll('%2f', '').replaceAll(/[^a-z0-9]/g, '')
}
