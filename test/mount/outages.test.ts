/** When the bucket can't be reached: what is known goes on being shown, the rest fails in time, and it heals by itself. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { FaultProxy } from '../helpers/fault-proxy.js'
import { type Mounted, prepare } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const opTimeout = 2_000
/** For what the machine is slow at; the sweep of deadlines has 250 ms of it. */
const grace = 1_000
const flags = ['--op-timeout', '2s', '--list-ttl', '200ms', '--stale-ttl', '4s']

async function mountedFlaky(t: Test): Promise<Mounted> {
  const mounted = await prepare(t, { flags, proxied: true })
  for (const name of ['read.edi', 'unread.edi', 'other.edi']) mounted.server.put(`${inbox}/${name}`, Buffer.from(name))
  await mounted.mount()
  return mounted
}

/** @returns the outcome and how long it took */
async function timed<T>(run: () => Promise<T>): Promise<{ value?: T; code?: string; ms: number }> {
  const began = performance.now()
  try {
    return { value: await run(), ms: performance.now() - began }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? String(error), ms: performance.now() - began }
  }
}

const unreachable = /^(EIO|ETIMEDOUT)$/

const outages: Readonly<Record<string, (proxy: FaultProxy) => Promise<unknown> | FaultProxy>> = {
  'connections are refused': (proxy) => proxy.refuseConnections(),
  'connections are dead': (proxy) => proxy.add({ fault: { stall: true } }),
  'every answer is 503': (proxy) => proxy.add({ fault: { status: 503, code: 'SlowDown' } }),
}

for (const [name, begin] of Object.entries(outages)) {
  t.test(`while ${name}`, async (t) => {
    const mounted = await mountedFlaky(t)
    const view = mounted.path('ACME/GLOBEX/inbox')
    t.same(await readdir(view), ['other.edi', 'read.edi', 'unread.edi'])
    t.equal(await readFile(`${view}/read.edi`, 'utf8'), 'read.edi')
    await begin(mounted.proxy)
    const since = performance.now()

    await t.test('known listings are served, and data that was read', async (t) => {
      let slowest = 0
      while (performance.now() - since < 2_500) {
        const listed = await timed(() => readdir(view))
        slowest = Math.max(slowest, listed.ms)
        t.same(listed.value, ['other.edi', 'read.edi', 'unread.edi'], listed.code ?? 'listed')
        t.equal(await readFile(`${view}/read.edi`, 'utf8'), 'read.edi')
        t.match(await stat(`${view}/unread.edi`), { size: 10 })
        // A turn of the listings' ttl, so that most looks find them too old.
        await pause(100)
      }
      t.ok(slowest < opTimeout, `${Math.round(slowest)} ms`)
    })
    await t.test('the rest fails in time', async (t) => {
      const outcomes = await Promise.all([
        timed(() => readFile(`${view}/unread.edi`)),
        timed(() => readFile(`${view}/other.edi`)),
        timed(() => readdir(mounted.path('ACME/GLOBEX/outbox'))),
      ])
      for (const { code = 'none', ms } of outcomes) {
        t.match(code, unreachable)
        t.ok(ms < opTimeout + grace, `${code} after ${Math.round(ms)} ms`)
      }
    })
    await t.test('status says so', async (t) => {
      const { state, problems } = await mounted.status()
      t.equal(state, 'degraded')
      t.ok(problems.length > 0, problems.join(' '))
    })
    await t.test('listings that are too old are no longer served', async (t) => {
      const code = await until('an error', async () => (await timed(() => readdir(view))).code)
      t.match(code, unreachable)
      t.ok(performance.now() - since > 3_500, 'not before --stale-ttl')
    })
    await t.test('and when it is over, so is the trouble', async (t) => {
      mounted.server.put(`${inbox}/zzz.edi`, Buffer.from('new'))
      await mounted.proxy.heal()
      const names = await until('the new message', async () => {
        const { value } = await timed(() => readdir(view))
        return value?.includes('zzz.edi') === true && value
      })
      t.same(names, ['other.edi', 'read.edi', 'unread.edi', 'zzz.edi'])
      t.equal(await readFile(`${view}/unread.edi`, 'utf8'), 'unread.edi')
      await until('the all-clear', async () => (await mounted.status()).state === 'ok')
      await until('nothing but the look at status itself', async () => (await mounted.status()).calls?.underWay === 1)
    })
  })
}
