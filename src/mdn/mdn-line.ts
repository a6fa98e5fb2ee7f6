/** What an MDN says as a line of the log has it: without the names of its parts, and what most say in a character. Pure. */
import type { MdnDirection } from '../view/tree.js'
import { outcomeOf } from './disposition.js'
import type { IndexedMdn } from './indexed-mdn.js'
import type { MdnReport } from './report.js'

/** A line has the place of one of these. */
const directions: readonly MdnDirection[] = ['incoming', 'outgoing']
/** Of nearly all dispositions the beginning. */
const usual = 'automatic-action/MDN-sent-automatically; '
/** Instead of it, and before what begins with one of these by itself. */
const [usually, asItIs] = ['~', '=']
/** Who wrote it. */
const sameAsFrom = 0

/** Of what reads MDNs: what an earlier one did not understand may be understood now. */
const generation = 1

/** It says nothing, or not of what message. */
export function isUnclear(says: MdnReport | undefined): boolean {
  return says?.originalMessageId === undefined
}

type Text = string | null | undefined

/** What is not there is null, and at the end nothing. */
export type MdnLine = readonly [
  direction: number,
  key: string,
  version: string,
  mtime: number,
  disposition?: Text,
  originalMessageId?: Text,
  finalRecipient?: Text | typeof sameAsFrom,
  from?: Text,
  to?: Text,
  mic?: Text,
  allowedAt?: number | null | undefined,
  contradictory?: readonly string[] | null | undefined,
  generation?: number | null | undefined,
]

export function mdnLine({ id, mtime, says, allowedAt }: IndexedMdn): MdnLine {
  const { direction, key, version } = id
  const { disposition, originalMessageId, finalRecipient, from, to, mic, contradictory = [] } = says ?? {}
  const all: MdnLine = [
    directions.indexOf(direction),
    key,
    version,
    mtime,
    disposition === undefined ? undefined : short(disposition),
    originalMessageId,
    finalRecipient !== undefined && finalRecipient === from ? sameAsFrom : finalRecipient,
    from,
    to,
    mic,
    allowedAt,
    contradictory.length === 0 ? undefined : contradictory,
    isUnclear(says) ? generation : undefined,
  ]
  return all.slice(0, all.findLastIndex((it) => it !== undefined) + 1) as unknown as MdnLine
}

/** @returns undefined for what makes no sense */
export function mdnInLine(line: unknown): IndexedMdn | undefined {
  if (!Array.isArray(line)) return undefined
  const all = line as readonly unknown[]
  const [direction, key, version, mtime] = [directionOf(all[0]), textIn(all[1]), textIn(all[2]), numberIn(all[3])]
  if (direction === undefined || key === undefined || version === undefined || mtime === undefined) return undefined
  const says = saysIn(all)
  const isOutdated = isUnclear(says) && (numberIn(all[12]) ?? 0) < generation
  return {
    id: { direction, key, version },
    mtime,
    says,
    allowedAt: numberIn(all[10]),
    ...(isOutdated ? { isOutdated } : {}),
  }
}

function saysIn(all: readonly unknown[]): MdnReport | undefined {
  const said = textIn(all[4])
  if (said === undefined) return undefined
  const [disposition, from] = [long(said), textIn(all[7])]
  return {
    disposition,
    contradictory: Array.isArray(all[11]) ? all[11].map(String) : [],
    outcome: outcomeOf(disposition),
    originalMessageId: textIn(all[5]),
    finalRecipient: all[6] === sameAsFrom ? from : textIn(all[6]),
    from,
    to: textIn(all[8]),
    mic: textIn(all[9]),
  }
}

function short(disposition: string): string {
  if (disposition.startsWith(usual)) return usually + disposition.slice(usual.length)
  return /^[~=]/.test(disposition) ? asItIs + disposition : disposition
}

function long(said: string): string {
  if (said.startsWith(usually)) return usual + said.slice(usually.length)
  return said.startsWith(asItIs) ? said.slice(asItIs.length) : said
}

function directionOf(value: unknown): MdnDirection | undefined {
  return typeof value === 'number' ? directions[value] : undefined
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
