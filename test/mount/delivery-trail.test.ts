/** What became of what was sent is told once, in the audit trail, whatever crashes. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { mount, type Mounted } from '../helpers/mounted.js'
import { mdnText } from '../helpers/receipts-world.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

interface Entry {
  readonly event: string
  readonly station: string
  readonly message?: string
  readonly [field: string]: unknown
}

async function trail(mounted: Mounted): Promise<Entry[]> {
  const text = await readFile(join(mounted.directory, 'audit'), 'utf8').catch(() => '')
  const entries = text.split('\n').filter((it) => it !== '')
  return entries.map((it) => JSON.parse(it) as Entry).filter((it) => it.message !== undefined)
}

const flags = ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX']
const folderOf = (i: number): string => String(720784109390000 + i)
const told = (entries: readonly Entry[]) => entries.map((it) => `${it.event} ${it.message ?? ''}`).sort()

async function world(t: Parameters<typeof mount>[0], more: readonly string[] = []): Promise<Mounted> {
  const mounted = await mount(t, { flags: [...flags, ...more] })
  await mounted.kill('SIGKILL')
  await mounted.mount(['--audit-log', join(mounted.directory, 'audit')])
  return mounted
}

function answer(mounted: Mounted, i: number, disposition = 'processed', name = `${i}`): void {
  const said = mdnText({ id: `<${folderOf(i)}.as2@mftgateway.com>`, disposition })
  mounted.server.put(`AS2/raw-mdn/incoming/ACME/GLOBEX/${name}.mdn`, Buffer.from(said))
}

t.test('each delivery, refusal and overdue receipt is told once', async (t) => {
  const mounted = await world(t, ['--mdn-overdue', '1s', '--mdn-expect', 'always'])
  const audit = ['--audit-log', join(mounted.directory, 'audit')]
  await sh(`echo ISA > ${mounted.path('ACME/GLOBEX/send/order.edi')}`)
  await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
  mounted.server.delete('AS2/send/ACME/GLOBEX/order.edi')
  mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${folderOf(1)}/order.edi`, Buffer.from('ISA\n'))
  mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${folderOf(2)}/other.edi`, Buffer.from('ISA'))
  answer(mounted, 1)
  answer(mounted, 2, 'processed/error: x')
  // Nobody looks: the trail does, as something was sent.
  const expected = [`delivered ${folderOf(1)}`, `refused ${folderOf(2)}`]
  await until('both to be told', async () => (await trail(mounted)).length >= 2, 60_000)
  const entries = await trail(mounted)
  t.same(told(entries), expected)
  t.match(
    entries.find((it) => it.event === 'delivered'),
    {
      ...{
        station: 'ACME',
        partner: 'GLOBEX',
        name: 'order.edi',
        size: 4,
        messageId: `<${folderOf(1)}.as2@mftgateway.com>`,
      },
      ...{ mdn: 'AS2/raw-mdn/incoming/ACME/GLOBEX/1.mdn', disposition: /; processed$/, sinceClosedMs: Number },
    },
  )
  mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${folderOf(3)}/quiet.edi`, Buffer.from('ISA'))
  await until('it to be overdue', async () => {
    await readdir(mounted.path('ACME/GLOBEX/delivery/pending'))
    return (await trail(mounted)).some((it) => it.event === 'overdue')
  })
  answer(mounted, 3)
  await until('it to be delivered all the same', async () => {
    await readdir(mounted.path('ACME/GLOBEX/delivery/delivered'))
    return (await trail(mounted)).length >= 4
  })
  await mounted.kill('SIGKILL')
  await mounted.mount(audit)
  answer(mounted, 2, 'processed', 'later')
  await until('the next to be told', async () => {
    await readdir(mounted.path('ACME/GLOBEX/delivery/delivered'))
    return (await trail(mounted)).length >= 5
  })
  const all = [...expected, `overdue ${folderOf(3)}`, `delivered ${folderOf(3)}`, `delivered ${folderOf(2)}`]
  t.same(told(await trail(mounted)), all.sort())
})

t.test(
  'a daemon that is killed while receipts are read tells none twice, and none never',
  { timeout: 400_000 },
  async (t) => {
    const mounted = await world(t)
    const audit = ['--audit-log', join(mounted.directory, 'audit')]
    const count = 300
    for (let i = 0; i < count; i += 1) {
      mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${folderOf(i)}/a.edi`, Buffer.from('ISA'))
      answer(mounted, i, i % 3 === 0 ? 'denied' : 'processed')
    }
    const look = () => run('ls', [mounted.path('ACME/GLOBEX/delivery/delivered')])
    for (let round = 0; round < 6; round += 1) {
      await Promise.race([look(), delay(5_000)])
      await delay(Math.random() * 400)
      await mounted.kill('SIGKILL')
      await mounted.mount(audit)
    }
    await until(
      'all to be told',
      async () => {
        await look()
        return (await trail(mounted)).length >= count
      },
      60_000,
    )
    const found = told(await trail(mounted))
    t.equal(found.length, count)
    t.equal(new Set(found).size, count)
    const gets = mounted.server.requests.list.filter((it) => it.operation === 'GetObject' && it.key.includes('raw-mdn'))
    t.ok(gets.length < count + 7 * 50, 'what was read is not read again')
  },
)
