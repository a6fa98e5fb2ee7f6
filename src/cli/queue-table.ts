/** Rows of the queue, for a person. Pure. */
import type { HoldReason, SendRow } from '../send/sender.js'
import type { EpochMs } from '../units.js'
import { bytes, span, table } from './format.js'

const heldFor: Readonly<Record<HoldReason, string>> = {
  name: 'unfinished name',
  empty: 'empty',
  commit: 'until renamed',
  lock: 'lock file beside it',
  untriggered: 'until its trigger is made',
  trigger: 'a trigger',
  crash: 'open at a crash',
  killed: 'writer killed',
  bundle: 'in a bundle',
  packing: 'being packed',
}

export function queueTable(rows: readonly SendRow[], now: EpochMs): string {
  if (rows.length === 0) return 'Nothing waits.\n'
  const titles = ['PARTNER', 'NAME', '>SIZE', 'STATE', '>AGE', '>TRIES', 'NEXT TRY', 'ERROR']
  return table(
    titles,
    [...rows].sort((a, b) => ageFrom(a) - ageFrom(b)).map((row) => cells(row, now)),
  )
}

function cells(row: SendRow, now: EpochMs): string[] {
  return [
    `${row.station}/${row.partner}`,
    row.path,
    bytes(row.size),
    stateOf(row),
    span(now - ageFrom(row)),
    String(row.tries),
    nextTryOf(row, now),
    row.error ?? '-',
  ]
}

function nextTryOf({ nextTryAt, waitsFor }: SendRow, now: EpochMs): string {
  if (waitsFor !== undefined) return `after ${waitsFor}`
  if (nextTryAt === undefined) return '-'
  return nextTryAt - now < 1_000 ? 'now' : `in ${span(nextTryAt - now)}`
}

function stateOf({ state, reason, uploaded, size }: SendRow): string {
  if (state !== 'uploading' || size === 0) return stateInWords({ state, reason })
  return `uploading (${Math.floor((uploaded / size) * 100)} %)`
}

/** With why it is held. */
export function stateInWords({ state, reason }: Pick<SendRow, 'state' | 'reason'>): string {
  return state === 'held' && reason !== undefined ? `held (${heldFor[reason]})` : state
}

function ageFrom(row: SendRow): EpochMs {
  return row.submittedAt ?? row.closedAt ?? row.mtime
}
