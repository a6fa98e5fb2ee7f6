/** In an outage of any length `send/` works as ever, for every partner that was ever seen; nothing waits for the bucket. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rmdir, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import type { FaultProxy } from '../helpers/fault-proxy.js'
import { mount, type Mounted, prepare } from '../helpers/mounted.js'
import { sh } from '../helpers/run.js'
import { sendRows } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

const opTimeout = 8_000
/** What any call in `send/` may take, beyond what the machine is slow at. */
const atOnce = 1_000
/** One that waits for the bucket takes longer in any case. */
const most = 0.8 * opTimeout
const staleTtl = 500
const flags = ['--op-timeout', '8s', '--list-ttl', '200ms', '--stale-ttl', '500ms', '--settle', '0s']

const outages: Readonly<Record<string, (proxy: FaultProxy) => Promise<unknown> | FaultProxy>> = {
  'the bucket hangs': (proxy) => proxy.add({ fault: { stall: true } }),
  'connections are refused': (proxy) => proxy.refuseConnections(),
  'every answer is 503': (proxy) => proxy.add({ fault: { status: 503, code: 'SlowDown' } }),
}

async function timed<T>(run: () => Promise<T>): Promise<{ value?: T; code?: string; ms: number }> {
  const began = performance.now()
  try {
    return { value: await run(), ms: performance.now() - began }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? String(error), ms: performance.now() - began }
  }
}

/** Of a mount whose bucket is well. */
const well = (await mount(t, { flags: [...flags, '--station', 'ACME/GLOBEX'] })).path('ACME/GLOBEX/send')

/**
 * The same, beside what a program takes at that very moment to create a file while all is well: what slows that is the
 * machine. It is a program, as calls of ours that hang would keep the file from being created.
 */
async function compared<T>(run: () => Promise<T>) {
  const [outcome, usual] = await Promise.all([timed(run), timed(() => sh(`echo as ever > ${well}/.${randomUUID()}`))])
  return { ...outcome, isAtOnce: outcome.ms < Math.min(most, atOnce + 3 * usual.ms), usual: usual.ms }
}

/** Fails if a call fails, or takes longer than one does that waits for nothing. */
async function now<T>(t: Test, what: string, run: () => Promise<T>): Promise<T | undefined> {
  const { value, code, ms, isAtOnce, usual } = await compared(run)
  t.equal(code, undefined, what)
  t.ok(isAtOnce, `${what}: ${Math.round(ms)} ms, usually ${Math.round(usual)}`)
  return value
}

const names = Array.from({ length: 20 }, (_, i) => `order-${String(i).padStart(2, '0')}.edi`)

async function known(t: Test): Promise<Mounted> {
  const mounted = await prepare(t, { flags, proxied: true })
  mounted.server.put('AS2/files/ACME/GLOBEX/inbox/1/in.edi', Buffer.from('in'))
  mounted.server.put('AS2/send/ACME/HOOLI/theirs.edi', Buffer.from('theirs'))
  await mounted.mount()
  t.same(await readdir(mounted.mountpoint), ['.as2fs', 'ACME'])
  t.same(await readdir(mounted.path('ACME')), ['GLOBEX', 'HOOLI'])
  return mounted
}

/** @returns when the outage began, long enough ago that nothing of what is known may be shown as if it were current */
async function longOutage(
  mounted: Mounted,
  begin: (proxy: FaultProxy) => Promise<unknown> | FaultProxy,
): Promise<void> {
  await begin(mounted.proxy)
  const since = performance.now()
  await until('an outage beyond --stale-ttl', () => performance.now() - since > 2 * staleTtl)
}

for (const [name, begin] of Object.entries(outages)) {
  t.test(`while ${name}`, async (t) => {
    const mounted = await known(t)
    const send = mounted.path('ACME/GLOBEX/send')
    t.same(await readdir(send), [])
    t.same(await readdir(mounted.path('ACME/HOOLI/send')), ['theirs.edi'])

    await t.test('from its first moment on files are created at once', async (t) => {
      await begin(mounted.proxy)
      const began = names.slice(0, 10)
      await Promise.all(began.map((it) => now(t, it, () => writeFile(`${send}/${it}`, it))))
    })
    await longOutage(mounted, () => mounted.proxy)

    await t.test('stations, partners and their folders are there', async (t) => {
      t.same(await now(t, 'stations', () => readdir(mounted.mountpoint)), ['.as2fs', 'ACME'])
      t.same(await now(t, 'partners', () => readdir(mounted.path('ACME'))), ['GLOBEX', 'HOOLI'])
      const folders = await now(t, 'folders', () => readdir(mounted.path('ACME/GLOBEX')))
      t.ok((await now(t, 'cat', () => readFile(`${send}/order-03.edi`, 'utf8'))) === 'order-03.edi', 'its content')
      await now(t, 'a partner', () => stat(mounted.path('ACME/HOOLI')))
      for (const folder of folders ?? []) await now(t, folder, () => stat(mounted.path('ACME/GLOBEX', folder)))
    })
    await t.test('files are created, shown, changed and removed', async (t) => {
      const later = names.slice(10)
      await Promise.all(later.map((it) => now(t, it, () => writeFile(`${send}/${it}`, it))))
      t.same((await now(t, 'ls', () => readdir(send)))?.sort(), names)
      t.equal(await now(t, 'cat', () => readFile(`${send}/${names[3] ?? ''}`, 'utf8')), names[3])
      await Promise.all(names.map((it) => now(t, `stat ${it}`, () => stat(`${send}/${it}`))))
      await now(t, 'create', () => writeFile(`${send}/.draft`, 'draft'))
      await now(t, 'truncate', () => truncate(`${send}/.draft`, 2))
      await now(t, 'mv', () => rename(`${send}/.draft`, `${send}/.final`))
      t.equal(await now(t, 'cat', () => readFile(`${send}/.final`, 'utf8')), 'dr')
      await now(t, 'rm', () => unlink(`${send}/.final`))
      await now(t, 'mkdir', () => mkdir(`${send}/batch`))
      await now(t, 'rmdir', () => rmdir(`${send}/batch`))
      const absent = await Promise.all(names.map((it) => compared(() => stat(`${send}/no-${it}`))))
      for (const { code, ms, isAtOnce } of absent) t.ok(code === 'ENOENT' && isAtOnce, `${code}: ${Math.round(ms)} ms`)
    })
    await t.test('what was known of the bucket’s part is shown', async (t) => {
      t.same(await now(t, 'ls', () => readdir(mounted.path('ACME/HOOLI/send'))), ['theirs.edi'])
    })
    await t.test('who asks for one thing together fails together', async (t) => {
      const outcomes = await Promise.all(Array.from({ length: 12 }, () => timed(() => readdir(mounted.path('NOBODY')))))
      for (const { code = 'none', ms } of outcomes) {
        t.match(code, /^(EIO|ETIMEDOUT)$/)
        t.ok(ms < opTimeout + most, `${code} after ${Math.round(ms)} ms`)
      }
      await now(t, 'a file after that', () => writeFile(`${send}/.after`, ''))
    })
    await t.test('and when it is over, all arrive, once', async (t) => {
      await mounted.proxy.heal()
      for (const it of names) t.equal(String(await mounted.inBucket(`AS2/send/ACME/GLOBEX/${it}`)), it)
      await until('an empty queue', async () => (await mounted.queue()).rows.every((it) => it.state !== 'uploading'))
      t.same(
        mounted.puts().sort(),
        names.map((it) => `AS2/send/ACME/GLOBEX/${it}`),
      )
    })
  })
}

t.test('after a crash in an outage the next mount goes on, in the same outage', async (t) => {
  const mounted = await known(t)
  await mounted.proxy.refuseConnections()
  const send = mounted.path('ACME/GLOBEX/send')
  for (const it of names.slice(0, 10)) await writeFile(`${send}/${it}`, it)
  // The kernel tells of the last close a moment after it.
  await until('all to be closed', async () => (await sendRows(mounted)).every((it) => it.state !== 'open'))
  await mounted.kill('SIGKILL')
  await mounted.mount()
  t.same(await now(t, 'stations', () => readdir(mounted.mountpoint)), ['.as2fs', 'ACME'])
  t.same(await now(t, 'partners', () => readdir(mounted.path('ACME'))), ['GLOBEX', 'HOOLI'])
  t.ok((await now(t, 'folders', () => readdir(mounted.path('ACME/HOOLI'))))?.includes('send'))
  t.same((await now(t, 'ls', () => readdir(send)))?.sort(), names.slice(0, 10))
  const later = names.slice(10)
  await Promise.all(later.map((it) => now(t, it, () => writeFile(`${send}/${it}`, it))))
  await now(t, 'to one that never got anything', () => writeFile(mounted.path('ACME/HOOLI/send/new.edi'), 'new'))
  t.same((await now(t, 'ls', () => readdir(send)))?.sort(), names)
  await mounted.proxy.heal()
  for (const it of names) t.equal(String(await mounted.inBucket(`AS2/send/ACME/GLOBEX/${it}`)), it)
  t.equal(String(await mounted.inBucket('AS2/send/ACME/HOOLI/new.edi')), 'new')
  t.equal(mounted.puts().length, names.length + 1, 'once each')
})

t.test('a partner that the bucket does not have any more is there until rmdir forgets it', async (t) => {
  const mounted = await known(t)
  const partners = (): Promise<string[]> => readdir(mounted.path('ACME'))
  await t.rejects(rmdir(mounted.path('ACME/HOOLI')), { code: 'EPERM' }, 'the bucket has it')
  mounted.server.delete('AS2/send/ACME/HOOLI/theirs.edi')
  await until('rmdir to be let', async () => (await timed(() => rmdir(mounted.path('ACME/HOOLI')))).code === undefined)
  t.same(await partners(), ['GLOBEX'])
  await t.rejects(stat(mounted.path('ACME/HOOLI')), { code: 'ENOENT' })
  await mounted.kill('SIGTERM')
  await mounted.mount()
  t.same(await partners(), ['GLOBEX'])
})
