/** Texts of options → values. A text that makes no sense is a ParseError, which says what would. */
import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import type { Bytes, EpochMs, Milliseconds, Prefix } from '../units.js'
import { didYouMean } from './suggest.js'
import type { Partner } from '../view/partner.js'

/** `message` completes the sentence '--option: …'. */
export class ParseError extends Error {
  override readonly name = 'ParseError'
}

/** @param base the directory in which relative paths begin */
export interface Parser<T> {
  (text: string, base: string): T
  /** All texts that it takes, where they are few. */
  readonly choices?: readonly string[]
}

const millisecondsIn = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

export interface Bounds {
  readonly min?: string
  readonly max?: string
}

/** Node's timers have 31 bits of milliseconds: longer ones would fire at once. */
const longest = '24d'

/** `250ms`, `5s`, `10m`, `1h`, `2d`; 0 needs no unit. */
export function duration(bounds: Bounds = {}): Parser<Milliseconds> {
  return bounded(parseDuration, { max: longest, ...bounds })
}

/** The same, or a word for none. */
export function durationOr(word: string): Parser<Milliseconds | undefined> {
  const parseTime = duration()
  return (text, base) => (text === word ? undefined : parseTime(text, base))
}

function parseDuration(text: string): Milliseconds {
  if (text === '0') return 0
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? []
  const factor = millisecondsIn.get(unit)
  if (number === undefined || factor === undefined) {
    throw new ParseError(`'${text}' is not a duration; write 250ms, 5s, 10m or 1h.`)
  }
  return Math.round(Number(number) * factor)
}

/** So long ago (`2h`, `3d`), or a time as ISO 8601 has it. @throws ParseError */
export function moment(text: string, now: EpochMs): EpochMs {
  if (/^\d+(?:\.\d+)?\s*[a-z]+$/.test(text)) return now - parseDuration(text)
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  if (Number.isNaN(at)) throw new ParseError(`'${text}' is no time; write 2h, 3d or 2026-11-28T10:00Z.`)
  return at
}

/** As coreutils have it: `k`, `K`, `KiB` are 1,024, `kB` and `MB` are powers of 1,000. */
export function size(bounds: Bounds = {}): Parser<Bytes> {
  return bounded(parseSize, bounds)
}

function parseSize(text: string): Bytes {
  const [, number, letter = '', ending = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?$/i.exec(text) ?? []
  if (number === undefined || (letter === '' && ending.length === 2)) {
    throw new ParseError(`'${text}' is not a size; write 512k, 1MB, 256MiB or 10GiB.`)
  }
  const power = letter === '' ? 0 : 'kmgt'.indexOf(letter.toLowerCase()) + 1
  return Math.round(Number(number) * (ending.toLowerCase() === 'b' ? 1_000 : 1_024) ** power)
}

/** Bounds are texts of the same kind, so that the sentence can show them. */
function bounded(parse: (text: string) => number, { min, max }: Bounds): Parser<number> {
  return (text) => {
    const value = parse(text)
    if (min !== undefined && value < parse(min)) throw new ParseError(`'${text}' is too little; at least ${min}.`)
    if (max !== undefined && value > parse(max)) throw new ParseError(`'${text}' is too much; at most ${max}.`)
    return value
  }
}

export function integer(min: number, max: number): Parser<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    if (value >= min && value <= max) return value
    throw new ParseError(`'${text}' is not a whole number from ${min} to ${max}.`)
  }
}

/** Octal permission bits, `022`. */
export function umask(text: string): number {
  if (/^(0o?)?[0-7]{1,3}$/.test(text)) return parseInt(text.replace('o', ''), 8)
  throw new ParseError(`'${text}' is not an octal umask; write 022 or 077.`)
}

export function uid(text: string): number {
  return id(text, 'passwd', 'user')
}

export function gid(text: string): number {
  return id(text, 'group', 'group')
}

/** getent(1) knows what the system knows, LDAP included. */
function id(text: string, database: 'passwd' | 'group', what: string): number {
  if (/^\d{1,10}$/.test(text) && Number(text) < 0xffffffff) return Number(text)
  try {
    const line = execFileSync('getent', [database, '--', text], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const number = Number(line.split(':')[2])
    if (line.startsWith(`${text}:`) && Number.isInteger(number)) return number
  } catch {
    // Not found is an exit code too.
  }
  throw new ParseError(`there is no ${what} '${text}'; write a name or a number.`)
}

/** `STATION/PARTNER`: AS2 ids as they stand in keys. */
export function station(text: string): Partner {
  const parts = text.split('/')
  const [name, partner] = parts
  if (parts.length !== 2 || !isSegment(name) || !isSegment(partner)) {
    throw new ParseError(`'${text}' is not a station and its partner; write STATION/PARTNER.`)
  }
  return { station: name, partner }
}

function isSegment(text: string | undefined): text is string {
  return text !== undefined && text !== '' && text !== '.' && text !== '..' && !/[\x00-\x1f\x7f]/.test(text)
}

/** An http or https URL of a server, without a trailing slash. */
export function endpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new ParseError(`'${text}' is not the URL of a server; write https://s3.example.com or http://host:9000.`)
  }
  // Not shown: everybody may read it in `ps`, but nobody should in a log.
  if (url.username !== '' || url.password !== '') {
    throw new ParseError('the URL has a user or a password in it; credentials go into the environment or a file.')
  }
  if (url.search !== '' || url.hash !== '') throw new ParseError(`'${text}' has a query; write the server's URL alone.`)
  return url.href.replace(/\/+$/, '')
}

/** The beginning of the gateway's keys, with its slash. */
export function prefix(text: string): Prefix {
  if (text.startsWith('/') || text.includes('//')) {
    throw new ParseError(`'${text}' is not a prefix of keys; write AS2/ or folder/AS2/, without a slash in front.`)
  }
  return (text === '' || text.endsWith('/') ? text : `${text}/`) as Prefix
}

/** A glob for one name. */
export function pattern(text: string): string {
  if (text === '' || text.includes('/')) {
    throw new ParseError(`'${text}' is not a pattern for names; write for example '*.tmp', without a slash.`)
  }
  return text
}

/** The end of a name, that begins with what sets it off: `.ok`. */
export function suffix(text: string): string {
  if (/^[^a-z0-9/\s][^/]*$/i.test(text) && text.length > 1) return text
  throw new ParseError(`'${text}' is not the end of a name; write for example '.ok', with the dot.`)
}

export function path(text: string, base: string): string {
  if (text === '' || text.includes('\0')) throw new ParseError('the path is empty.')
  return readable(resolve(base, text))
}

/**
 * Node reads arguments, variables and names of files as UTF-8, and has this sign for what is none.
 * @returns the path
 * @throws ParseError for one that is not what was meant by it
 */
export function readable(path: string): string {
  if (!path.includes('\ufffd')) return path
  throw new ParseError(`'${path}' has bytes that are no UTF-8 (or U+FFFD, which stands for them): give another path.`)
}

export function word(text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new ParseError(`'${text}' is not a name.`)
}

export function choice<const T extends string>(...choices: readonly T[]): Parser<T> {
  const parse = (text: string): T => {
    const found = choices.find((it) => it === text)
    if (found !== undefined) return found
    throw new ParseError(`'${text}' is none of ${choices.join(', ')}.${didYouMean(text, choices)}`)
  }
  return Object.assign(parse, { choices })
}

const truths = new Map([
  ...['true', 'yes', 'on', '1', ''].map((text) => [text, true] as const),
  ...['false', 'no', 'off', '0'].map((text) => [text, false] as const),
])

export function truth(text: string): boolean {
  const value = truths.get(text.toLowerCase())
  if (value !== undefined) return value
  throw new ParseError(`'${text}' is neither true nor false.`)
}

const accessPoint = /^arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{12}:accesspoint[:/][a-z0-9-]{3,50}$/

/** A bucket's name, by the rules that all servers share, or the ARN of an access point. */
export function bucket(text: string): string {
  if (accessPoint.test(text)) return text
  if (text.startsWith('arn:')) {
    throw new ParseError(
      `'${text}' is not the ARN of an access point in one region; write arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME, or its alias.`,
    )
  }
  // Such a bucket lists its keys in no order.
  if (text.endsWith('--x-s3')) throw new ParseError(`'${text}' is a directory bucket; a general purpose one is needed.`)
  if (/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(text)) return text
  const meant = /^s3:\/\/([^/]+)/.exec(text)?.[1]
  const hint = meant === undefined ? 'it has 3 to 63 letters, digits, dots and hyphens.' : `write ${meant} alone.`
  throw new ParseError(`'${text}' is not the name of a bucket; ${hint}`)
}
