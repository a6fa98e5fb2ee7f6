/** Deliveries as a monitor and a person are told of them. */
import t from 'tap'
import { check, deliveryTable } from '../../src/cli/delivery-table.js'
import type { DeliveriesReport, DeliveryRow } from '../../src/control/reports.js'

const now = Date.UTC(2026, 10, 28, 12)
const minute = 60_000

function row(more: Partial<DeliveryRow>): DeliveryRow {
  const message = '720784109397786'
  const own = { station: 'ACME', partner: 'GLOBEX', names: ['order.edi'], size: 1, message, messageId: undefined }
  return { ...own, state: 'delivered', sentAt: now - minute, disposition: undefined, mdnAt: undefined, ...more }
}

function report(states: readonly DeliveryRow['state'][], left = 0): DeliveriesReport {
  return { generatedAt: now, left, rows: states.map((state) => row({ state })), missing: [] }
}

t.test('--check is 0 where all is fine, 1 of what is overdue, 2 of what is refused or failed in send/', (t) => {
  const exit = (states: readonly DeliveryRow['state'][], failed = 0, left = 0) =>
    check(report(states, left), { failed }).exitCode
  t.equal(exit(['delivered', 'warned', 'pending']), 0)
  t.equal(exit(['delivered', 'overdue']), 1)
  t.equal(exit(['overdue', 'refused']), 2)
  t.equal(exit(['delivered'], 1), 2)
  t.equal(exit(['delivered'], 0, 7), 3, 'it can’t be told while receipts are left to read')
  t.match(check(report(['refused']), { failed: 0 }).line, /^[^\n]+\n$/, 'one line')
  t.end()
})

t.test('where this mount sent it, a row goes from the close of the file', (t) => {
  const rows = [row({ closedAt: now - 5 * minute }), row({ names: ['other.edi'], sentAt: now - 2 * minute })]
  const text = deliveryTable({ ...report([]), rows })
  t.match(text, / order\.edi .* 5 min .*\n/)
  t.match(text, / other\.edi .* 2 min .*\n/)
  t.end()
})
