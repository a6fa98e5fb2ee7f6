/** What became of a message, by all receipts for it. */
import t from 'tap'
import { deliveryOf, folderOf, type DeliveryState } from '../../src/delivery/delivery.js'
import { messageOf } from '../../src/delivery/message-of.js'
import { isDuplicateWarning, outcomeOf } from '../../src/mdn/disposition.js'
import type { Receipt } from '../../src/mdn/mdn-table.js'

const hour = 3_600_000
const policy = { overdueAfter: hour, isExpected: true }

/** In the order in which they came. */
function receipts(dispositions: readonly string[]): Receipt[] {
  return dispositions.map((it, row) => {
    const disposition = `automatic-action/MDN-sent-automatically; ${it}`
    const outcome = outcomeOf(disposition)
    return {
      row,
      mtime: row,
      knowableAt: row,
      outcome,
      isDuplicate: isDuplicateWarning(disposition),
      isContradictory: false,
      disposition,
    }
  })
}

t.test(
  'the latest receipt that says something tells, and a warning of a duplicate never changes what is known',
  (t) => {
    const duplicate = 'processed/warning: duplicate-document'
    const table: readonly (readonly [string[], DeliveryState, row: number | undefined])[] = [
      [[], 'pending', undefined],
      [['processed'], 'delivered', 0],
      [['processed/warning: authentication-failed, processing continued'], 'warned', 0],
      [['processed/warning: failure'], 'warned', 0],
      [['displayed'], 'warned', 0],
      [['dispatched'], 'warned', 0],
      [['processed/error: authentication-failed'], 'refused', 0],
      [['processed/Error:decryption-failed'], 'refused', 0],
      [['processed/failure'], 'refused', 0],
      [['failed/failure: unsupported MIC-algorithms'], 'refused', 0],
      [['denied'], 'refused', 0],
      [['deleted'], 'pending', 0],
      [['processed', 'processed'], 'delivered', 1],
      [['processed/error: x', 'processed'], 'delivered', 1],
      [['processed', 'processed/error: x'], 'refused', 1],
      [['processed', 'deleted'], 'delivered', 0],
      [['deleted', 'processed'], 'delivered', 1],
      [['processed', duplicate], 'delivered', 0],
      [['processed/error: x', duplicate], 'refused', 0],
      [['processed/error: x', duplicate, duplicate], 'refused', 0],
      [[duplicate], 'warned', 0],
      [[duplicate, 'processed/error: x'], 'refused', 1],
      [['processed', 'processed/Warning:Duplicate-Document'], 'delivered', 0],
      [['processed', 'processed/error: duplicate-document'], 'refused', 1],
      [['processed', 'processed/warning: x'], 'warned', 1],
    ]
    for (const [dispositions, state, row] of table) {
      const found = deliveryOf(receipts(dispositions), 0, 0, policy)
      t.equal(found.state, state, dispositions.join(', then ') || 'none')
      t.equal(found.receipt?.row, row)
    }
    t.end()
  },
)

t.test('a message without a receipt is overdue after a while, where one is expected', (t) => {
  const state = (
    age: number,
    more: Partial<typeof policy & { unreadAt: number }> | { overdueAfter: undefined } = {},
    said: string[] = [],
  ) => deliveryOf(receipts(said), 1_000, 1_000 + age, { ...policy, ...more }).state
  t.equal(state(hour), 'pending')
  t.equal(state(hour + 1), 'overdue')
  t.equal(state(hour + 1, { overdueAfter: undefined }), 'pending')
  t.equal(state(hour + 1, { isExpected: false }), 'pending')
  t.equal(state(hour + 1, {}, ['deleted']), 'overdue', 'one that says nothing is none')
  t.equal(state(hour + 1, {}, ['processed']), 'delivered', 'one that comes late delivers')
  t.equal(state(hour + 1, { unreadAt: 2_000 }), 'pending', 'one that may not be read came after it was sent')
  t.equal(state(hour + 1, { unreadAt: -hour }), 'overdue', 'one that may not be read came long before')
  t.equal(state(-hour), 'pending', 'clocks that differ harm nobody')
  t.equal(deliveryOf([], undefined, 9 * hour, policy).state, 'pending', 'nobody can say which receipt is its own')
  t.end()
})

t.test('each state has a folder', (t) => {
  const folders = {
    pending: 'pending',
    overdue: 'pending',
    delivered: 'delivered',
    warned: 'delivered',
    refused: 'refused',
  }
  for (const [state, folder] of Object.entries(folders)) t.equal(folderOf(state as DeliveryState), folder)
  t.end()
})

t.test('a file’s message is the folder with the gateway’s digits, else the first', (t) => {
  t.equal(messageOf('720784109397786/a.edi'), '720784109397786')
  t.equal(messageOf('2026-11/720784109397786/a.edi'), '720784109397786')
  t.equal(messageOf('m1/part/a.edi'), 'm1')
  t.equal(messageOf('a.edi'), undefined)
  t.end()
})
