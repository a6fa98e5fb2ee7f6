/** What docs/backup.md says of a restored state directory, and its way to have nothing sent by it. */
import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, prepare, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { readDocument } from './document.js'

const names = ['one.edi', 'two.edi']
const keys = names.map((it) => `AS2/send/ACME/GLOBEX/${it}`)

/** Files wait, the state directory is copied, they are sent and taken; the copy is put back. */
async function restored(t: Test): Promise<Mounted> {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  await mounted.mount()
  for (const it of names) await writeFile(mounted.path('ACME/GLOBEX/send', it), it)
  const copy = join(mounted.directory, 'copy')
  // As tar does it: sockets are left out.
  await cp(mounted.stateDirectory, copy, { recursive: true, filter: (it) => !/control\.sock$|lock\.held-/.test(it) })
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), keys)
  for (const it of keys) mounted.server.delete(it)
  await rm(mounted.stateDirectory, { recursive: true })
  await rename(copy, mounted.stateDirectory)
  mounted.server.requests.list = []
  return mounted
}

t.test('a state directory that is restored sends again', async (t) => {
  const mounted = await restored(t)
  await mounted.mount()
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), keys)
})

t.test('unless what waits in it is cancelled before it is mounted', async (t) => {
  const mounted = await restored(t)
  const block = readDocument('docs/backup.md').blocks.find((it) => it.language === 'sh')?.text ?? ''
  const commands = block
    .replaceAll('/var/lib/as2fs/acme', mounted.stateDirectory)
    .replaceAll('as2fs queue', `${as2fs} queue`)
  const { stdout, stderr } = await run('sh', ['-c', commands])
  t.same([stdout, stderr], ['ACME/GLOBEX/one.edi is cancelled.\nACME/GLOBEX/two.edi is cancelled.\n', ''])
  await mounted.mount()
  await mounted.kill('SIGTERM')
  t.same(mounted.puts(), [])
})
