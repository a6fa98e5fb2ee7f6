/** Names that come and go while files of theirs are open, under many hands. */
import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const script = fileURLToPath(new URL('../../../test/helpers/names.py', import.meta.url))

t.test(
  'files that are renamed, replaced and removed while they are open and closed leave nothing behind',
  async (t) => {
    const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--hold', 'file*'] })
    const send = mounted.path('ACME/GLOBEX/send')
    const [done = '0', ...others] = (await sh(`python3 ${script} ${send} 8`)).trim().split(' ')
    t.ok(Number(done) > 20, `${done} acts`)
    t.same(others, [], 'no error but that a file is not there')
    await until('what was open to be gone', async () => (await readdir(send)).every((name) => name.startsWith('file')))
    for (const name of await readdir(send)) {
      await readFile(join(send, name))
      await unlink(join(send, name))
    }
    t.same(await readdir(send), [])
    t.same(await mounted.queue().then(({ rows }) => rows), [])
    t.same(mounted.puts(), [])
    // Nobody waits for a release: the last of them may be under way still. The call that asks is one itself.
    const { calls } = await until('all calls to be answered', async () => {
      const status = await mounted.status()
      return status.calls?.underWay === 1 && status
    })
    t.equal(calls?.timedOut, 0)
  },
)
