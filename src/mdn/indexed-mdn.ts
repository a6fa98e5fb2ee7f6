/** One MDN as the index keeps it, in memory and on disk. */
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs } from '../units.js'
import type { MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'
import { outcomeOf } from './disposition.js'
import { isUnclear, mdnInLine, mdnLine } from './mdn-line.js'
import type { MdnReport } from './report.js'

/** One version of one object. */
export interface MdnId {
  readonly direction: MdnDirection
  /** Below `raw-mdn/<direction>/`. */
  readonly key: string
  /** Its ETag; where the server has none, its size and time. */
  readonly version: string
}

export interface IndexedMdn {
  readonly id: MdnId
  /** LastModified. */
  readonly mtime: EpochMs
  /** Undefined: it can't be understood. */
  readonly says: MdnReport | undefined
  /** When it could be read at last, by the bucket's clock, where the keys might not before: until then nobody knew of it. */
  readonly allowedAt?: EpochMs | undefined
  /** It was not understood by a version before: it is to be read again. */
  readonly isOutdated?: true
}

/** @param prefix of all MDNs of that direction */
export function mdnId(direction: MdnDirection, prefix: string, { key, etag, size, mtime }: ObjectInfo): MdnId {
  return { direction, key: key.slice(prefix.length), version: etag === '' ? `${size} ${mtime}` : etag }
}

/** What a line of the log says. */
export type MdnChange =
  | { readonly read: IndexedMdn }
  /** Whose it is, by the message that it answers. */
  | { readonly found: Omit<MdnId, 'version'>; readonly owner: Partner }
  /** It is not in the bucket any more. */
  | { readonly gone: Omit<MdnId, 'version'> }
  /** The keys may not read it, or it is archived. */
  | { readonly refused: Omit<MdnId, 'version'> }

/** As it is written down; of what was read the outcome is not: the disposition says it. */
export function entryOf(change: MdnChange): object {
  if ('gone' in change || 'refused' in change) return change
  if ('found' in change) return { found: change.found, owner: [change.owner.station, change.owner.partner] }
  return { mdn: mdnLine(change.read) }
}

/** @returns undefined for what makes no sense: a later version's, say */
export function changeIn(entry: unknown): MdnChange | undefined {
  const it = entry as Partial<Record<string, unknown>> | null
  if (typeof it !== 'object' || it === null) return undefined
  const line = mdnInLine(it.mdn)
  if (line) return { read: line }
  const [gone, refused] = [nameIn(it.gone), nameIn(it.refused)]
  if (gone) return { gone }
  if (refused) return { refused }
  const [found, owner] = [nameIn(it.found), it.owner]
  if (found && Array.isArray(owner) && typeof owner[0] === 'string' && typeof owner[1] === 'string')
    return { found, owner: { station: owner[0], partner: owner[1] } }
  // As older versions wrote it.
  const id = nameIn(it)
  if (!id || typeof it.version !== 'string' || typeof it.mtime !== 'number') return undefined
  const allowedAt = typeof it.allowedAt === 'number' ? it.allowedAt : undefined
  const says = saysIn(it)
  const outdated = isUnclear(says) ? ({ isOutdated: true } as const) : {}
  return { read: { id: { ...id, version: it.version }, mtime: it.mtime, says, allowedAt, ...outdated } }
}

function nameIn(value: unknown): Omit<MdnId, 'version'> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { direction, key } = value as Partial<Record<string, unknown>>
  if ((direction !== 'incoming' && direction !== 'outgoing') || typeof key !== 'string') return undefined
  return { direction, key }
}

function saysIn(it: Partial<Record<string, unknown>>): MdnReport | undefined {
  const text = (name: string): string | undefined => {
    const value = it[name]
    return typeof value === 'string' ? value : undefined
  }
  const disposition = text('disposition')
  if (disposition === undefined) return undefined
  const contradictory = Array.isArray(it.contradictory) ? it.contradictory.map(String) : []
  return {
    disposition,
    contradictory,
    outcome: outcomeOf(disposition),
    originalMessageId: text('originalMessageId'),
    finalRecipient: text('finalRecipient'),
    from: text('from'),
    to: text('to'),
    mic: text('mic'),
  }
}
