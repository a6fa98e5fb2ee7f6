/** What was put aside at a start is a problem in the status until somebody has dealt with it. */
import { readdir, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mostContent } from '../../src/send/life/contents.js'
import { prepare } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
const spool = join(mounted.stateDirectory, 'spool')

async function problems(): Promise<string> {
  return (await mounted.status()).problems.join('\n')
}

t.test('a journal of 0 bytes, and what it does not know any more, are said', async (t) => {
  await mounted.mount()
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNB+UNOC'.padEnd(mostContent + 1))
  t.equal(await mounted.kill('SIGKILL'), 'SIGKILL')
  await writeFile(join(spool, 'journal'), '')
  await mounted.mount()
  t.match(await mounted.status(), { state: 'degraded' })
  t.match(await problems(), /The spool had 1 file that the journal does not know: .*lost\+found\./)
  t.match(await problems(), /The journal of send\/ was damaged: .*journal\.damaged-/)
  t.same(mounted.puts(), [])
})

t.test('and still after the next start', async (t) => {
  t.equal(await mounted.kill('SIGTERM'), 0)
  await mounted.mount()
  t.match(await problems(), /does not know/)
  t.match(await problems(), /was damaged/)
})

t.test('until it is taken away', async (t) => {
  await rm(join(spool, 'lost+found'), { recursive: true })
  for (const it of await readdir(spool)) if (it.startsWith('journal.damaged-')) await unlink(join(spool, it))
  await until('no problem', async () => (await problems()) === '')
  t.equal((await mounted.status()).state, 'ok')
})
