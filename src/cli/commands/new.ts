/** `as2fs new`. */
import type { NewReport, NewRow } from '../../control/reports.js'
import { UsageError } from '../../errors.js'
import { isGiven, type Typed } from '../command.js'
import { ask, mountNamed } from '../daemon-of.js'
import { json, table } from '../format.js'
import type { Io } from '../io.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint = '', partner] = typed.positionals
  const [isReset, isTakeAll] = [isGiven(typed, 'reset'), isGiven(typed, 'take-all')]
  if (isReset && isTakeAll) throw new UsageError('--reset shows all again, --take-all takes it: give one of them.')
  if (partner !== undefined && !isReset && !isTakeAll) {
    throw new UsageError(`'${partner}' is for --reset or --take-all: say which.`)
  }
  const mount = await mountNamed(mountpoint, io)
  const change = isReset ? 'reset' : isTakeAll ? 'take-all' : undefined
  const report = await ask(mount, (client) => (change ? client.changeNew(change, partner) : client.new()))
  io.out(isGiven(typed, 'json') ? json(report) : newTable(report))
  return report.rows.some((it) => 'error' in it) ? 1 : 0
}

function newTable({ rows }: NewReport): string {
  if (rows.length === 0) return 'There are no partners yet.\n'
  return table(['PARTNER', '>WAITING', '>TAKEN', 'ERROR'], rows.map(cells))
}

function cells(row: NewRow): string[] {
  const partner = `${row.station}/${row.partner}`
  if ('error' in row) return [partner, '-', '-', row.error]
  return [partner, String(row.waiting), String(row.taken), '-']
}
