/** What the API may be asked for: texts of a URL → values. Pure. */
import { FsError } from '../errors.js'
import { deliveryStates, type DeliveryState } from '../delivery/delivery.js'
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'

const minute = 60_000

const unitsOf = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** Each once, and none that nobody knows: who mistypes one is not to take all for what he asked for. @throws FsError EINVAL */
export function checked(search: URLSearchParams, known: readonly string[]): URLSearchParams {
  const names = [...search.keys()]
  for (const [i, name] of names.entries()) {
    if (!known.includes(name)) throw new FsError('EINVAL', `There is no ${name} here; there is ${list(known)}.`)
    if (names.indexOf(name) !== i) throw new FsError('EINVAL', `Give ${name} once.`)
  }
  return search
}

/** `7d`, `90m`, `2026-11-28T10:00Z`, or milliseconds since 1970. @throws FsError EINVAL */
export function sinceIn(search: URLSearchParams, now: EpochMs): EpochMs | undefined {
  const text = search.get('since')
  if (text === null) return undefined
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const length = unitsOf.get(unit)
  // By the minute: who asks again a moment later asks for the same.
  if (length !== undefined) return Math.floor((now - Number(count) * length) / minute) * minute
  if (/^\d{10,15}$/.test(text)) return Number(text)
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(at)) throw new FsError('EINVAL', `'${text}' is no time: write 7d, 12h or 2026-11-28T10:00Z.`)
  return at
}

/** @throws FsError EINVAL */
export function limitIn(search: URLSearchParams, fallback: number, most: number): number {
  const text = search.get('limit')
  if (text === null) return fallback
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : NaN
  if (limit >= 0 && limit <= most) return limit
  throw new FsError('EINVAL', `'${text}' is no limit: write a number from 0 to ${most}.`)
}

/** Several are separated by commas. @throws FsError EINVAL */
export function statesIn(search: URLSearchParams): readonly DeliveryState[] | undefined {
  const text = search.get('state')
  if (text === null) return undefined
  return text.split(',').map((it) => {
    const state = deliveryStates.find((known) => known === it)
    if (state === undefined) throw new FsError('EINVAL', `'${it}' is no state: write ${list(deliveryStates)}.`)
    return state
  })
}

/** `STATION/PARTNER` @throws FsError EINVAL */
export function partnerIn(search: URLSearchParams): Partner | undefined {
  const text = search.get('partner')
  if (text === null) return undefined
  const [station = '', partner = '', ...more] = text.split('/')
  if (station !== '' && partner !== '' && more.length === 0) return { station, partner }
  throw new FsError('EINVAL', `'${text}' is no partner: write STATION/PARTNER.`)
}

function list(words: readonly string[]): string {
  return words.length === 0 ? 'nothing to ask for' : words.join(', ')
}
