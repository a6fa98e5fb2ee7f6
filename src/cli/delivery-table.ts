/** Deliveries, for a person and for a monitor. Pure. */
import type { DeliveriesReport, DeliveryRow } from '../control/reports.js'
import type { SendCounts } from '../send/sender.js'
import { counted, printable, span, table, time } from './format.js'

export function deliveryTable({ rows, missing, left, generatedAt: now }: DeliveriesReport): string {
  const titles = ['PARTNER', 'NAME', 'MESSAGE', 'SENT', '>AGE', 'STATE', 'DISPOSITION']
  // Of those that could not be looked at nobody knows.
  const none = missing.length > 0 ? '' : 'There is no message to show.\n'
  const shown =
    rows.length === 0
      ? none
      : table(
          titles,
          rows.map((row) => cells(row, now)),
        )
  const unread = left > 0 ? [`${counted(left, 'receipt')} left to read: some of it may change soon.`] : []
  return shown + [...unread, ...missing.map(printable)].map((it) => `${it}\n`).join('')
}

function cells(row: DeliveryRow, now: number): string[] {
  return [
    `${row.station}/${row.partner}`,
    row.names.join(', '),
    row.message ?? '-',
    time(row.closedAt ?? row.sentAt),
    span(now - (row.closedAt ?? row.sentAt)),
    row.state,
    row.disposition?.replace(/^[^;]*;\s*/, '') ?? '-',
  ]
}

export interface Check {
  /** As Nagios has them: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
  readonly exitCode: 0 | 1 | 2 | 3
  readonly line: string
}

export function check({ rows, left }: DeliveriesReport, send: Pick<SendCounts, 'failed'>): Check {
  const count = (state: DeliveryRow['state']): number => rows.filter((it) => it.state === state).length
  const [refused, overdue, warned, pending] = [count('refused'), count('overdue'), count('warned'), count('pending')]
  const delivered = count('delivered') + warned
  const exitCode = refused + send.failed > 0 ? 2 : overdue > 0 ? 1 : left > 0 ? 3 : 0
  const word = (['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const)[exitCode]
  const text = `${refused} refused, ${send.failed} failed in send/, ${overdue} overdue, ${pending} pending, ${delivered} delivered`
  const figures = { refused, failed: send.failed, overdue, pending, delivered, warned }
  const performance = Object.entries(figures).map(([name, value]) => `${name}=${value}`)
  const unread = left > 0 ? `, ${counted(left, 'receipt')} left to read` : ''
  const first = rows.find((it) => it.state === (refused > 0 ? 'refused' : 'overdue'))
  const example = first ? `; latest: ${first.station}/${first.partner} ${first.names[0] ?? ''}` : ''
  return {
    exitCode,
    line: `DELIVERIES ${word}: ${printable(text + unread + example).replaceAll('|', '/')} | ${performance.join(' ')}\n`,
  }
}
