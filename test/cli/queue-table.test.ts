/** `as2fs queue`, for a person. */
import t from 'tap'
import { queueTable } from '../../src/cli/queue-table.js'
import { row } from '../helpers/send-row.js'

const now = 1_000_000_000

t.test('nothing waits', async (t) => {
  t.equal(queueTable([], now), 'Nothing waits.\n')
})

t.test('rows are aligned, oldest first', async (t) => {
  const rows = [
    row({ path: 'b.tmp', state: 'held', reason: 'name', size: 1_536, closedAt: now - 5_000 }),
    row({
      ...{ path: 'order.edi', state: 'queued', size: 12, closedAt: now - 120_000, tries: 3 },
      ...{ nextTryAt: now + 9_000, error: 'The bucket can’t be reached.' },
    }),
    row({ path: 'big.zip', state: 'uploading', size: 4_000, uploaded: 1_000, closedAt: now - 60_000, tries: 1 }),
  ]
  t.equal(
    queueTable(rows, now),
    [
      'PARTNER      NAME          SIZE  STATE                     AGE  TRIES  NEXT TRY  ERROR',
      'ACME/GLOBEX  order.edi     12 B  queued                  2 min      3  in 9 s    The bucket can’t be reached.',
      'ACME/GLOBEX  big.zip    3.9 KiB  uploading (25 %)        1 min      1  -         -',
      'ACME/GLOBEX  b.tmp      1.5 KiB  held (unfinished name)    5 s      0  -         -',
      '',
    ].join('\n'),
  )
})

t.test('what is due and waits for something else says for what', async (t) => {
  const shown = queueTable(
    [
      row({ path: 'a', state: 'queued', waitsFor: 'a free upload' }),
      row({ path: 'b', state: 'queued', nextTryAt: now + 400 }),
      row({ path: 'c', state: 'queued', nextTryAt: now - 14_000 }),
    ],
    now,
  )
  t.match(shown, /a {2}.*after a free upload/)
  t.match(shown, /b {2}.*now/)
  t.match(shown, /c {2}.*now/)
  t.notMatch(shown, /in 0 s/)
})

t.test('names of strangers can’t move the cursor', async (t) => {
  t.notMatch(queueTable([row({ path: 'x\x1b[2J\ny' })], now), /\x1b|\ny/)
})
