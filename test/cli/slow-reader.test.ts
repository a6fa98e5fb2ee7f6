/** What a command prints is whole, however slowly it is read. */
import t from 'tap'
import type { QueueReport } from '../../src/control/reports.js'
import { as2fs } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { waitingState } from '../helpers/waiting-state.js'

t.test('as2fs queue --json prints all of a long queue to who begins to read late', async (t) => {
  const state = await waitingState(t.testdir())
  const text = await sh(`${as2fs} queue --state-dir ${state} --json | { sleep 1; cat; }`)
  t.ok(text.length > 200_000)
  t.equal((JSON.parse(text) as QueueReport).rows.length, 2_000)
})
