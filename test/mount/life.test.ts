/** From the start of a mount to its end, however it ends. */
import { open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { as2fs, isMounted, mount, prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }

t.test('in the background it returns when the mount answers, and umount sends what waits', async (t) => {
  const mounted = await prepare(t, { objects: inbox, flags: ['--settle', '1h'] })
  const started = await run(process.execPath, [as2fs, 'mount', ...mounted.arguments()], { env: mounted.environment() })
  t.same(started, { code: 0, stdout: '', stderr: '' })
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
  await sh(`echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
  t.same(mounted.puts(), [])
  const ended = await run(process.execPath, [as2fs, 'umount', mounted.mountpoint])
  t.same(ended, { code: 0, stdout: `Unmounted ${mounted.mountpoint}.\n`, stderr: '' })
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
  t.notOk(await isMounted(mounted.mountpoint))
  await t.rejects(readFile(join(mounted.stateDirectory, 'lock')), { code: 'ENOENT' }, 'the next mount may have it')
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} unmounts, sends what waits, and ends with 0`, async (t) => {
    const mounted = await mount(t, { objects: inbox, flags: ['--settle', '1h'] })
    await sh(`echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
    t.equal(await mounted.kill(signal), 0)
    t.notOk(await isMounted(mounted.mountpoint))
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
  })
}

t.test('what can’t be sent while leaving is said, kept, and sent by the next mount', async (t) => {
  const mounted = await mount(t, { objects: inbox, flags: ['--drain', '300ms'] })
  mounted.server.intercept = (operation) => (operation === 'PutObject' ? { status: 503, code: 'SlowDown' } : undefined)
  await sh(`echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
  t.equal(await mounted.kill('SIGTERM'), 0)
  t.match(mounted.log, /1 files? stays? in the queue/)
  t.same(mounted.puts(), [])
  mounted.server.intercept = undefined
  await mounted.mount()
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')).toString(), 'hello\n')
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
})

t.test('a mount that is taken away from outside ends the daemon, and what waits is sent', async (t) => {
  const mounted = await mount(t, { objects: inbox, flags: ['--settle', '1h'] })
  await sh(`echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
  await sh(`umount ${mounted.mountpoint} || fusermount -u ${mounted.mountpoint}`)
  t.equal(await mounted.ended(), 0)
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
})

t.test('a busy mount', async (t) => {
  const mounted = await mount(t, { objects: inbox })
  const file = await open(mounted.path('ACME/GLOBEX/inbox/1/order.edi'))
  await t.test('is not unmounted on request, and says who holds it', async (t) => {
    const refused = await run(process.execPath, [as2fs, 'umount', mounted.mountpoint])
    t.equal(refused.code, 1)
    t.match(refused.stderr, new RegExp(`in use by .*${process.pid}`))
    t.equal(refused.stdout, '')
    t.equal((await mounted.status()).state, 'ok')
  })
  await t.test('does not name the command that asks, wherever it is called', async (t) => {
    const cwd = mounted.path('ACME')
    const refused = await run(process.execPath, [as2fs, 'umount', mounted.mountpoint], { cwd })
    t.equal(refused.code, 1)
    const named = [...refused.stderr.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid))
    t.same(named, [process.pid])
    t.match(refused.stderr, /leave the folder/)
  })
  await t.test('is taken away by SIGTERM, and the log says from whom', async (t) => {
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.match(mounted.log, new RegExp(`in use by .*${process.pid}`))
    t.notOk(await isMounted(mounted.mountpoint))
  })
  await file.close().catch(() => undefined)
})

t.test('a dead mount of ours is cleared by the next one', async (t) => {
  const mounted = await mount(t, { objects: inbox })
  await mounted.kill('SIGKILL')
  t.ok(await isMounted(mounted.mountpoint))
  await t.rejects(stat(mounted.mountpoint), { code: 'ENOTCONN' })
  await mounted.mount()
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
})

t.test('a dead mount of ours is cleared by umount too', async (t) => {
  const mounted = await mount(t, { objects: inbox })
  await mounted.kill('SIGKILL')
  const outcome = await run(process.execPath, [as2fs, 'umount', mounted.mountpoint])
  t.equal(outcome.code, 0)
  t.notOk(await isMounted(mounted.mountpoint))
})

t.test('killed while a hundred files wait, the next mount sends them all, once', async (t) => {
  const mounted = await mount(t)
  // Some are on their way, some wait: the server answers none until the daemon is dead.
  let goOn: () => void = () => undefined
  const dead = new Promise<void>((resolve) => (goOn = resolve))
  let isHeld = false
  mounted.server.intercept = (operation) => {
    if (operation !== 'PutObject') return undefined
    isHeld = true
    return { hold: dead }
  }
  const send = mounted.path('ACME/GLOBEX/send')
  await sh(`mkdir -p ${mounted.path('ACME/GLOBEX')}`)
  const contents = new Map(Array.from({ length: 100 }, (_, i) => [`order-${i}.edi`, `order ${i}\n`]))
  for (const [name, content] of contents) await writeFile(join(send, name), content)
  await until('an upload under way', () => isHeld)
  // The kernel tells of the last close a moment after close(2) has returned.
  await until(
    'all in the queue',
    async () => (await mounted.queue()).rows.filter((it) => it.state !== 'open').length === 100,
  )
  await mounted.kill('SIGKILL')
  mounted.server.intercept = undefined
  goOn()
  await mounted.mount()
  const arrived = new Map<string, string>()
  for (const name of contents.keys()) {
    arrived.set(name, (await mounted.inBucket(`AS2/send/ACME/GLOBEX/${name}`)).toString())
  }
  t.same(arrived, contents)
  await until('an empty queue', async () =>
    (await mounted.queue()).rows.every((row) => row.state === 'submitted' && row.error === undefined),
  )
  const puts = mounted.puts()
  t.equal(new Set(puts).size, 100)
  t.equal(puts.length, 100, 'none was put twice')
})
