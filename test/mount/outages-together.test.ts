/** Calls about the same thing, while the bucket hangs: they fail together, each within its own time, not one after another. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import t from 'tap'
import { prepare } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const opTimeout = 3_000
/** For what a busy machine is slow at; a second wait would be as long as the first. */
const grace = 2_000
const flags = ['--op-timeout', '3s', '--list-ttl', '200ms', '--stale-ttl', '500ms']
const inbox = 'AS2/files/ACME/GLOBEX/inbox'

t.test('while the bucket hangs', async (t) => {
  const mounted = await prepare(t, { flags, proxied: true })
  for (const name of ['a', 'b', 'c']) mounted.server.put(`${inbox}/${name}/order.edi`, Buffer.from(name))
  mounted.server.put('AS2/files/ACME/GLOBEX/outbox/1/order.edi', Buffer.from('out'))
  await mounted.mount()
  const view = mounted.path('ACME/GLOBEX/inbox')
  await until('the inbox', async () => (await readdir(view)).length === 3)
  t.equal(await readFile(`${view}/a/order.edi`, 'utf8'), 'a')
  mounted.proxy.add({ fault: { stall: true } })
  const since = performance.now()
  await until('an outage beyond --stale-ttl', () => performance.now() - since > 1_000)

  const calls: Readonly<Record<string, (i: number) => Promise<unknown>>> = {
    'a folder': () => readdir(mounted.path('ACME/GLOBEX/outbox')),
    'what is in it': () => stat(mounted.path('ACME/GLOBEX/outbox/1/order.edi')),
    'different things in it': (i) => stat(mounted.path(`ACME/GLOBEX/outbox/1/no-${i}.edi`)),
    'a path that was never looked at': () => stat(mounted.path('ACME/GLOBEX/raw-message/inbox/1/message.as2')),
    'a folder that was known': () => readdir(view),
    'a file in it': () => readFile(`${view}/b/order.edi`),
    'a station that nobody knows': () => stat(mounted.path('NOBODY')),
    'failed/': () => stat(mounted.path('ACME/GLOBEX/failed')),
  }

  for (const [what, call] of Object.entries(calls)) {
    await t.test(`twelve that want ${what}`, async (t) => {
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const began = performance.now()
          const code = await call(i).then(
            () => 'none',
            (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'none',
          )
          return { code, ms: Math.round(performance.now() - began) }
        }),
      )
      for (const { code, ms } of outcomes) {
        t.match(code, /^(EIO|ETIMEDOUT)$/)
        t.ok(ms < opTimeout + grace, `${code} after ${ms} ms`)
      }
      const began = performance.now()
      await writeFile(mounted.path('ACME/GLOBEX/send/.held'), what)
      t.ok(performance.now() - began < 0.8 * opTimeout, 'and whoever sends waits for none of it')
    })
  }
})
