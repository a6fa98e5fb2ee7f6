/** What a command prints is whole, however slowly it is read. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { QueueReport } from '../../src/control/reports.js'
import { formatLine } from '../../src/journal/lines.js'
import { as2fs } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'

t.test('as2fs queue --json prints all of a long queue to who begins to read late', async (t) => {
  const state = join(t.testdir(), 'state')
  await mkdir(join(state, 'spool'), { recursive: true, mode: 0o700 })
  const marker = { bucket: 'mftg-test', prefix: 'AS2/', endpoint: null, isFound: true }
  await writeFile(join(state, 'mount.json'), JSON.stringify(marker), { mode: 0o600 })
  const messages = Array.from({ length: 2_000 }, (_, i) => ({
    ...{ id: `id-${i}`, station: 'ACME', partner: 'GLOBEX', path: `order-${i}.tmp`, state: 'held', reason: 'name' },
    ...{ size: 1, mtime: 0, closedAt: 0, tries: 0 },
  }))
  await writeFile(join(state, 'spool', 'journal'), formatLine({ messages }), { mode: 0o600 })
  // A pipe holds 64 KiB.
  const text = await sh(`chmod 700 ${state}; ${as2fs} queue --state-dir ${state} --json | { sleep 1; cat; }`)
  t.ok(text.length > 200_000)
  t.equal((JSON.parse(text) as QueueReport).rows.length, 2_000)
})
