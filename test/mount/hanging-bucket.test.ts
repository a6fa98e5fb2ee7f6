/** While the bucket hangs, only those wait who want something of it, and they not for long. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rename, stat, statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { ControlClient } from '../../src/control/client.js'
import { as2fs, type Mounted, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const script = fileURLToPath(new URL('../../../test/helpers/readers.py', import.meta.url))

/** A mount that knows what is in its bucket: so many files in an inbox, of which one was read. */
async function mountedFull(t: Test, count: number, flags: readonly string[]): Promise<Mounted> {
  const mounted = await prepare(t, { flags: ['--list-ttl', '10m', ...flags], proxied: true })
  for (let n = 0; n < count; n += 1) mounted.server.put(`${inbox}/${n}.edi`, Buffer.from(`message ${n}`))
  mounted.server.put(`${inbox}/read.edi`, Buffer.from('read before'))
  await mounted.mount()
  t.equal((await readdir(mounted.path('ACME/GLOBEX/inbox'))).length, count + 1)
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/read.edi'), 'utf8'), 'read before')
  t.same(await readdir(mounted.path('ACME/GLOBEX/send')), [])
  return mounted
}

/** Reads as many files at the same time. @returns of each what became of it, and in how many ms */
async function readAll(mounted: Mounted, count: number): Promise<{ outcome: string; ms: number }[]> {
  const paths = Array.from({ length: count }, (_, n) => mounted.path('ACME/GLOBEX/inbox', `${n}.edi`))
  const { stdout } = await run('python3', [script, ...paths])
  const lines = stdout.trim().split('\n')
  return lines.map((line) => line.split('\t')).map(([outcome = '', ms]) => ({ outcome, ms: Number(ms) }))
}

async function underWay(mounted: Mounted): Promise<number> {
  return (await new ControlClient(mounted.stateDirectory).status()).calls?.underWay ?? 0
}

t.test('with 300 readers that wait for it, all else is answered at once, and each of them in time', async (t) => {
  const count = 300
  const mounted = await mountedFull(t, count, ['--op-timeout', '30s'])
  mounted.proxy.add({ operation: 'GetObject', fault: { stall: true } })
  const reading = readAll(mounted, count)
  await until('all to wait', async () => (await underWay(mounted)) >= count)

  const send = mounted.path('ACME/GLOBEX/send')
  await statfs(mounted.mountpoint)
  t.equal((await mounted.status()).mountpoint, mounted.mountpoint)
  t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/read.edi'), 'utf8'), 'read before')
  t.equal((await readdir(mounted.path('ACME/GLOBEX/inbox'))).length, count + 1)
  await writeFile(join(send, 'one.tmp'), 'one')
  await rename(join(send, 'one.tmp'), join(send, 'two.tmp'))
  t.equal(await readFile(join(send, 'two.tmp'), 'utf8'), 'one')
  t.same(await readdir(send), ['two.tmp'])
  await unlink(join(send, 'two.tmp'))
  t.match(await run(process.execPath, [as2fs, 'status', mounted.mountpoint]), { code: 0 })
  t.match(await run(process.execPath, [as2fs, 'umount', mounted.mountpoint]), { code: 1, stderr: /in use by/ })
  t.ok((await underWay(mounted)) >= count, 'all of that while all of them waited')

  const outcomes = await reading
  t.equal(outcomes.length, count)
  for (const { outcome } of outcomes) if (outcome === 'read') t.fail('a reader got something')
  const slowest = Math.max(...outcomes.map(({ ms }) => ms))
  t.ok(slowest < 30_000 + 15_000, `nobody waited twice: the last one ${slowest} ms`)
})

t.test('a reader does not wait twice for one read, as the kernel asks twice', async (t) => {
  const mounted = await mountedFull(t, 1, ['--op-timeout', '4s'])
  mounted.proxy.add({ operation: 'GetObject', fault: { stall: true } })
  const [{ outcome, ms } = { outcome: '', ms: 0 }] = await readAll(mounted, 1)
  t.match(outcome, /timed out|Input\/output/)
  t.ok(ms > 3_000 && ms < 7_500, `${ms} ms`)
})

t.test('a bucket that is merely slow makes 1,000 parallel readers wait, and none fail', async (t) => {
  const count = 1_000
  const mounted = await mountedFull(t, count, ['--op-timeout', '60s'])
  mounted.proxy.add({ operation: 'GetObject', fault: { delay: 25 } })
  const outcomes = await readAll(mounted, count)
  t.equal(outcomes.filter(({ outcome }) => outcome === 'read').length, count)
})

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(`who is ended by ${signal} while it waits goes at once`, async (t) => {
    const mounted = await mountedFull(t, 1, ['--op-timeout', '5m'])
    mounted.proxy.add({ fault: { stall: true } })
    const waiting = async (path: string) => {
      const before = await underWay(mounted)
      const child = spawn('cat', [mounted.path(path)], { stdio: 'ignore' })
      const ended = once(child, 'exit')
      await until('it to wait', async () => (await underWay(mounted)) > before)
      child.kill(signal)
      t.same(await ended, [null, signal])
    }
    await waiting('ACME/GLOBEX/outbox/unknown.edi')
    await until('nobody to wait', async () => (await underWay(mounted)) === 0)
    // What the kernel reads ahead it reads for nobody, and goes on waiting for it.
    await waiting('ACME/GLOBEX/inbox/0.edi')
  })
}

t.test('a signal that its program handles interrupts no call', async (t) => {
  const mounted = await mountedFull(t, 1, ['--op-timeout', '1m'])
  mounted.server.put('AS2/files/ACME/GLOBEX/outbox/late.edi', Buffer.from('late'))
  mounted.proxy.add({ operation: 'ListObjectsV2', fault: { delay: 3_000 } })
  const path = mounted.path('ACME/GLOBEX/outbox/late.edi')
  // Perl says so where a call is interrupted; most others ask again in silence.
  const program = '$SIG{USR1} = sub { $n++ }; my @found = stat($ARGV[0]); print @found ? "$n: $found[7]" : "$n: $!"'
  const child = spawn('perl', ['-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  const ended = once(child, 'close')
  await until('it to wait', async () => (await underWay(mounted)) > 0)
  child.kill('SIGUSR1')
  await ended
  t.equal(shown, '1: 4')
})

t.test('a second signal that ends it is heard, too', async (t) => {
  const mounted = await mountedFull(t, 1, ['--op-timeout', '5m'])
  mounted.proxy.add({ fault: { stall: true } })
  const child = spawn('perl', ['-e', '$SIG{USR1} = sub { }; stat($ARGV[0])', mounted.path('ACME/GLOBEX/outbox/x')])
  const ended = once(child, 'exit')
  await until('it to wait', async () => (await underWay(mounted)) > 0)
  child.kill('SIGUSR1')
  await until('the signal to be there', async () => /^ShdPnd:\s+0*2/m.test(await statusOf(child.pid)))
  child.kill('SIGKILL')
  t.same(await ended, [null, 'SIGKILL'])
})

function statusOf(pid: number | undefined): Promise<string> {
  return readFile(`/proc/${pid ?? 0}/status`, 'utf8')
}

t.test('what is not there is not there, though the bucket hangs', async (t) => {
  const mounted = await mountedFull(t, 1, ['--op-timeout', '1m'])
  mounted.proxy.add({ fault: { stall: true } })
  await t.rejects(stat(mounted.path('ACME/GLOBEX/inbox/absent.edi')), { code: 'ENOENT' })
})

t.test('deliveries, new and events say in time that nobody knows, and what is known', async (t) => {
  const partners = ['GLOBEX', 'INITECH', 'UMBRELLA'].flatMap((it) => ['--station', `ACME/${it}`])
  const flags = ['--op-timeout', '6s', '--settle', '1h', '--drain', '1s', ...partners]
  const mounted = await prepare(t, { flags, proxied: true })
  await mounted.mount()
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'UNA')
  mounted.proxy.add({ fault: { stall: true } })
  const timed = async (...args: readonly string[]) => {
    const began = performance.now()
    const outcome = await run(process.execPath, [as2fs, ...args])
    return { ...outcome, ms: performance.now() - began }
  }
  const check = await timed('deliveries', mounted.mountpoint, '--check')
  t.match(check, { code: 3, stdout: /^DELIVERIES UNKNOWN: / })
  // Stations, receipts, outboxes: one after the other each would wait for the whole of it.
  t.ok(check.ms < 20_000, `${check.ms} ms`)
  const shown = await timed('deliveries', mounted.mountpoint)
  t.equal(shown.code, 1)
  t.notMatch(shown.stdout, /There is no message/)
  t.ok(shown.ms < 20_000, `${shown.ms} ms`)
  const waiting = await timed('new', mounted.mountpoint)
  t.match(waiting, { code: 1, stdout: /ACME\/INITECH +- +- +\S.*in time/ })
  t.ok(waiting.ms < 20_000, `${waiting.ms} ms`)
  const taken = await timed('new', mounted.mountpoint, '--take-all')
  t.match(taken, { code: 1, stderr: /in time/ })
  t.ok(taken.ms < 20_000, `${taken.ms} ms`)
  const told = await timed('info', mounted.path('ACME/GLOBEX/headers/inbox/unknown.edi'))
  t.match(told, { code: 1, stderr: /bucket did not answer in time/ })
  t.ok(told.ms < 20_000, `${told.ms} ms`)
  const events = await timed('events', mounted.mountpoint, '--json', '--since', '1h')
  t.match(events, { code: 0, stdout: /"event":"queued".*order\.edi/ })
  t.ok(events.ms < 20_000, `${events.ms} ms`)
})

t.test('a folder that is made or removed while it hangs keeps nobody from the others for long', async (t) => {
  const flags = ['--op-timeout', '40s', '--stale-ttl', '1s']
  const mounted = await prepare(t, { flags: ['--list-ttl', '1s', ...flags], proxied: true })
  mounted.server.put(`${inbox}/order.edi`, Buffer.from('ISA'))
  await mounted.mount()
  t.same(await readdir(mounted.path('ACME')), ['GLOBEX'])
  mounted.proxy.add({ operation: 'ListObjectsV2', fault: { stall: true } })
  let made = 0
  const changed = async (program: string, path: string): Promise<boolean> => {
    const began = performance.now()
    const { code } = await run(program, [path])
    const took = performance.now() - began
    t.ok(took < 20_000, `${program}: ${Math.round(took)} ms`)
    return code === 0
  }
  // As long as what was listed is not out of date, nothing is asked.
  await until('a folder not to be made', async () => !(await changed('mkdir', mounted.path('ACME', `P${(made += 1)}`))))
  t.notOk(await changed('rmdir', mounted.path('ACME', 'P1')))
})
