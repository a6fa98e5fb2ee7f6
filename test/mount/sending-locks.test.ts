/** A file beside which a lock file stands is not sent. */
import { mkdir, open, rename, rmdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mount, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { inState } from '../helpers/send-state.js'

const flags = ['--station', 'ACME/GLOBEX']
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`
const locked = { reason: 'lock' }

t.test('a lock file holds the file that it is named after, as long as it stands', async (t) => {
  const mounted = await mount(t, { flags })
  const send = mounted.path('ACME/GLOBEX/send')
  const sent = async (name: string): Promise<string> => (await mounted.inBucket(key(name))).toString()
  for (const suffix of ['.lock', '.lck', '.LCK']) {
    const name = `made${suffix.slice(1)}.edi`
    await t.test(`${suffix}, made before the file, removed after it`, async (t) => {
      const lock = await open(join(send, name + suffix), 'wx')
      await writeFile(join(send, name), name)
      t.match(await inState(mounted, name, 'held'), locked)
      await lock.close()
      t.match(await inState(mounted, name, 'held'), locked, 'closed it stands as well')
      await unlink(join(send, name + suffix))
      t.equal(await sent(name), name)
    })
  }
  await t.test('renamed away', async (t) => {
    await writeFile(join(send, 'away.edi.lock'), '')
    await writeFile(join(send, 'away.edi'), 'away')
    t.match(await inState(mounted, 'away.edi', 'held'), locked)
    await rename(join(send, 'away.edi.lock'), join(send, 'away.old.lock'))
    t.equal(await sent('away.edi'), 'away')
  })
  await t.test('a folder', async (t) => {
    await mkdir(join(send, 'folder.edi.lock'))
    await writeFile(join(send, 'folder.edi'), 'folder')
    t.match(await inState(mounted, 'folder.edi', 'held'), locked)
    await rmdir(join(send, 'folder.edi.lock'))
    t.equal(await sent('folder.edi'), 'folder')
  })
  await t.test('a file renamed to where a lock stands, and to where none does', async (t) => {
    await writeFile(join(send, 'renamed.edi.lck'), '')
    await writeFile(join(send, 'renamed.tmp'), 'renamed')
    await rename(join(send, 'renamed.tmp'), join(send, 'renamed.edi'))
    t.match(await inState(mounted, 'renamed.edi', 'held'), locked)
    await rename(join(send, 'renamed.edi'), join(send, 'free.edi'))
    t.equal(await sent('free.edi'), 'renamed')
  })
  await t.test('released by hand, a file goes in spite of it', async (t) => {
    await writeFile(join(send, 'hand.edi.lock'), '')
    await writeFile(join(send, 'hand.edi'), 'hand')
    t.match(await inState(mounted, 'hand.edi', 'held'), locked)
    await run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint, 'release', 'hand.edi'])
    t.equal(await sent('hand.edi'), 'hand')
    const lock = await run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint, 'release', 'hand.edi.lock'])
    t.match(lock, { code: 1, stderr: 'as2fs: hand.edi.lock is a lock file: it is never sent, rename or remove it.' })
  })
  await t.test('what has failed is held when it is tried again beside one, and goes with it', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 403, code: 'AccessDenied' } : undefined
    await writeFile(join(send, 'failed.edi'), 'failed')
    await inState(mounted, 'failed.edi', 'failed')
    mounted.server.intercept = undefined
    await writeFile(join(send, 'failed.edi.lock'), '')
    await inState(mounted, 'failed.edi', 'failed')
    const retried = await run(process.execPath, ['bin/as2fs', 'queue', mounted.mountpoint, 'retry', 'failed.edi'])
    t.match(retried, { code: 0, stdout: 'failed.edi is held (lock file beside it).\n' })
    t.match(await inState(mounted, 'failed.edi', 'held'), locked)
    await unlink(join(send, 'failed.edi.lock'))
    t.equal(await sent('failed.edi'), 'failed')
  })
  await t.test('a folder of which a file is locked is not packed', async (t) => {
    await mkdir(join(send, 'batch'))
    await writeFile(join(send, 'batch/a.edi'), 'a')
    await mkdir(join(send, 'batch/a.edi.lock'))
    await t.rejects(rename(join(send, 'batch'), join(send, 'batch.zip')), { code: 'EBUSY' })
    await rmdir(join(send, 'batch/a.edi.lock'))
    await rename(join(send, 'batch'), join(send, 'batch.zip'))
    await mounted.inBucket(key('batch.zip'))
  })
  t.notOk(mounted.puts().some((it) => /\.(lock|lck)$/i.test(it)))
  t.equal(mounted.puts().length, 9)
})

t.test('a lock takes a file that waits out of the queue, over a crash too', async (t) => {
  const mounted = await prepare(t, { flags: [...flags, '--hold', '*.never', '--settle', '1h'] })
  await mounted.mount()
  const send = mounted.path('ACME/GLOBEX/send')
  for (const name of ['a.edi', 'b.edi']) {
    await writeFile(join(send, name), name)
    await inState(mounted, name, 'queued')
    await writeFile(join(send, `${name}.lock`), 'pid 42')
    t.match(await inState(mounted, name, 'held'), locked)
  }
  await mounted.kill('SIGKILL')
  await mounted.mount(['--settle', '0s'])
  await unlink(join(send, 'a.edi.lock'))
  t.equal((await mounted.inBucket(key('a.edi'))).toString(), 'a.edi')
  t.match(await inState(mounted, 'b.edi', 'held'), locked)
  t.match(await inState(mounted, 'b.edi.lock', 'held'), { reason: 'name' }, 'a lock is held, whatever --hold says')
  t.same(mounted.puts(), [key('a.edi')])
})
