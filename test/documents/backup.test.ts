/** What docs/backup.md says of a restored state directory, and its way to have nothing sent by it. */
import { cp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, prepare, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'
import { readDocument } from './document.js'

const names = ['one.edi', 'two.edi']
const keys = names.map((it) => `AS2/send/ACME/GLOBEX/${it}`)

/** Files wait, the state directory is copied, they are sent and taken; the copy is put back. @param isKept the outbox has them */
async function restored(t: Test, isKept: boolean): Promise<Mounted> {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  await mounted.mount()
  for (const it of names) await writeFile(mounted.path('ACME/GLOBEX/send', it), it)
  // One that was closed within moments of the copy is held in it.
  for (const it of names) await inState(mounted, it, 'queued')
  const copy = join(mounted.directory, 'copy')
  // As tar does it: sockets are left out.
  await cp(mounted.stateDirectory, copy, { recursive: true, filter: (it) => !/control\.sock$|lock\.held-/.test(it) })
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), keys)
  for (const it of keys) mounted.server.delete(it)
  for (const it of isKept ? names : [])
    mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${it}-1/${it}`, Buffer.from(it))
  await rm(mounted.stateDirectory, { recursive: true })
  await rename(copy, mounted.stateDirectory)
  mounted.server.requests.list = []
  return mounted
}

t.test('a state directory that is restored sends nothing again that the outbox has', async (t) => {
  const mounted = await restored(t, true)
  await mounted.mount()
  t.match(mounted.log, /The state directory is a copy, restored or moved/)
  await mounted.kill('SIGTERM')
  t.same(mounted.puts(), [])
})

t.test('nor does one that was copied without its times over the very files of a daemon that was killed', async (t) => {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  await mounted.mount()
  for (const it of names) await writeFile(mounted.path('ACME/GLOBEX/send', it), it)
  for (const it of names) await inState(mounted, it, 'queued')
  const copy = join(mounted.directory, 'copy')
  await sh(`cp -r ${mounted.stateDirectory} ${copy}`)
  await sh(names.map((it) => `${as2fs} queue ${mounted.mountpoint} retry ${it}`).join(' && '))
  for (const it of keys) await mounted.inBucket(it)
  for (const it of names) await inState(mounted, it, 'submitted')
  for (const it of names) {
    mounted.server.delete(`AS2/send/ACME/GLOBEX/${it}`)
    mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${it}-1/${it}`, Buffer.from(it))
  }
  await mounted.kill('SIGKILL')
  await sh(`cp -r ${copy}/. ${mounted.stateDirectory}`)
  // As if two minutes had passed meanwhile.
  await sh(`touch -d '+2 minutes' ${join(mounted.stateDirectory, 'spool/journal')}`)
  await mounted.mount()
  t.match(mounted.log, /The state directory is a copy, restored or moved/)
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), keys, 'each once')
})

t.test('what the outbox has not is sent', async (t) => {
  const mounted = await restored(t, false)
  await mounted.mount()
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), keys)
})

t.test('unless what waits in it is cancelled before it is mounted', async (t) => {
  const mounted = await restored(t, false)
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
