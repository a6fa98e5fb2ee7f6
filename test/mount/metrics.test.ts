/** The figures of a mount, for monitoring. */
import { appendFile, open, readFile, rm, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { DeliveriesReport, QueueReport } from '../../src/control/reports.js'
import { Figures } from '../helpers/figures.js'
import { as2fs, mount, type Mounted } from '../helpers/mounted.js'
import { mdnText } from '../helpers/receipts-world.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const ago = Date.now() - 3 * 3_600_000
const states = ['open', 'held', 'queued', 'uploading', 'submitted', 'failed'] as const
const figuresOf = (mounted: Mounted): Promise<Figures> => Figures.at(mounted.mountpoint)

function message(mounted: Mounted, n: number, disposition?: string, partner = 'GLOBEX', mtime = ago): void {
  const folder = `72078410939000${n}`
  mounted.server.put(`AS2/files/ACME/${partner}/outbox/${folder}/order.edi`, Buffer.from('ISA'), { mtime })
  if (disposition === undefined) return
  const said = mdnText({ id: `<${folder}.as2@mftgateway.com>`, disposition })
  mounted.server.put(`AS2/raw-mdn/incoming/ACME/${partner}/${n}.mdn`, Buffer.from(said), { mtime: mtime + 60_000 })
}

async function deliveries(mounted: Mounted): Promise<DeliveriesReport> {
  const { stdout } = await run(process.execPath, [as2fs, 'deliveries', mounted.mountpoint, '--json'])
  return JSON.parse(stdout) as DeliveriesReport
}

t.test('they say what status, queue and deliveries say', async (t) => {
  const mounted = await mount(t, {
    flags: ['--list-ttl', '100ms', '--station', 'ACME/GLOBEX', '--station', 'ACME/INITECH'],
  })
  message(mounted, 1, 'processed')
  message(mounted, 2, 'processed/error: decryption-failed')
  message(mounted, 3)
  message(mounted, 4, undefined, 'INITECH')
  const send = (name: string, partner = 'GLOBEX') => writeFile(mounted.path('ACME', partner, 'send', name), 'ISA')
  await send('a.edi')
  await send('b.tmp')
  await send('c.edi', 'INITECH')
  await until('two to be submitted', async () => (await mounted.status()).send.submitted === 2)
  const { rows } = await deliveries(mounted)
  t.equal(rows.length, 4)
  await until(
    'the deliveries to be counted',
    async () => (await figuresOf(mounted)).of('as2fs_delivery_messages') === 4,
  )
  const figures = await figuresOf(mounted)
  for (const { state, partner } of rows) {
    const expected = rows.filter((it) => it.state === state && it.partner === partner).length
    t.equal(figures.of('as2fs_delivery_messages', { partner, state }), expected, `${partner} ${state}`)
  }
  const refusedAt = figures.of('as2fs_delivery_last_refused_timestamp_seconds') ?? 0
  t.equal(Math.floor(refusedAt), Math.floor((ago + 60_000) / 1_000))
  const queued = (await mounted.queue()).rows
  for (const state of states) {
    for (const partner of ['GLOBEX', 'INITECH']) {
      const expected = queued.filter((it) => it.state === state && it.partner === partner).length
      t.equal(figures.of('as2fs_send_files', { partner, state }), expected, `${partner} ${state}`)
    }
  }
  t.equal(figures.of('as2fs_sends_total', { result: 'submitted' }), 2)
  t.equal(figures.of('as2fs_send_bytes_total'), 6)
  t.equal(figures.of('as2fs_send_duration_seconds_count'), 2)
  t.equal(figures.of('as2fs_bucket_up'), 1)
  // Both are of moments, and a control file is as it was a second ago.
  await until('a moment in which they say the same', async () => {
    const [figures, { send, receipts, requests, listings, cache }] = [await figuresOf(mounted), await mounted.status()]
    const asked = Object.entries(requests.sinceMount)
    const keys = listings.reduce((sum, { objects }) => sum + objects, 0)
    return (
      states.every((state) => figures.of('as2fs_send_files', { state }) === send[state]) &&
      figures.of('as2fs_mdn_unread') === receipts?.left &&
      asked.every(([operation, count]) => (figures.of('as2fs_s3_requests_total', { operation }) ?? 0) === count) &&
      figures.of('as2fs_known_keys') === keys &&
      figures.of('as2fs_cache_bytes', { cache: 'memory' }) === cache.used
    )
  })
})

t.test('who reads them sees what was refused and what came, though nobody looks there', async (t) => {
  const mounted = await mount(t, { flags: ['--list-ttl', '10ms'] })
  message(mounted, 1, 'processed')
  const seen = (what: string, labels: Record<string, string>, least = 1) =>
    until(`${what} ${Object.values(labels).join()}`, async () => {
      return ((await figuresOf(mounted)).of(what, labels) ?? 0) >= least
    })
  await seen('as2fs_delivery_messages', { state: 'delivered' })
  t.equal((await figuresOf(mounted)).of('as2fs_delivery_results_total'), 0, 'what was there before is no news')
  message(mounted, 2, 'failed', 'GLOBEX', Date.now() - 120_000)
  mounted.server.put('AS2/files/ACME/GLOBEX/inbox/720784109390009/in.edi', Buffer.from('ISA'))
  await seen('as2fs_delivery_messages', { state: 'refused', partner: 'GLOBEX' })
  await seen('as2fs_delivery_results_total', { result: 'refused', partner: 'GLOBEX' })
  mounted.server.put('AS2/files/ACME/GLOBEX/inbox/720784109390010/in.edi', Buffer.from('ISA'))
  await seen('as2fs_received_total', {})
})

t.test('nothing that only grows ever goes back, and each reading is whole', async (t) => {
  const mounted = await mount(t, { flags: ['--list-ttl', '50ms', '--station', 'ACME/GLOBEX'], proxied: true })
  const work = async (): Promise<void> => {
    for (let n = 0; n < 24; n += 1) {
      if (n === 8) mounted.proxy.add({ fault: { reset: 'request' } })
      if (n === 16) await mounted.proxy.heal()
      await writeFile(mounted.path(`ACME/GLOBEX/send/f-${n}.edi`), 'ISA').catch(() => undefined)
      await readFile(mounted.path('nothing')).catch(() => undefined)
    }
    await until('all to be submitted', async () => (await mounted.status()).send.submitted === 24, 40_000)
  }
  const over = { is: false }
  const working = work().finally(() => (over.is = true))
  let before = (await figuresOf(mounted)).growing()
  let readings = 0
  while (!over.is) {
    const now = (await figuresOf(mounted)).growing()
    for (const [name, value] of before) if (!((now.get(name) ?? -1) >= value)) t.fail(`${name} went back from ${value}`)
    before = now
    readings += 1
  }
  await working
  t.ok(readings > 5, `${readings} readings`)
  const [calls, refused] = ['as2fs_fuse_calls_total', { operation: 'lookup', code: 'ENOENT' }]
  await until('the calls in them', async () => (await figuresOf(mounted)).of(calls, refused))
})

t.test('a control file that is open is whole for who asks for its size, though it became shorter since', async (t) => {
  const mounted = await mount(t, { flags: ['--hold', '*.held', '--station', 'ACME/GLOBEX'] })
  await writeFile(mounted.path('ACME/GLOBEX/send/a.held'), 'ISA')
  await until('the row', async () => (await mounted.queue()).rows.length === 1)
  const opened = await open(mounted.path('.as2fs/queue.json'))
  await rm(mounted.path('ACME/GLOBEX/send/a.held'))
  await until('its end', async () => (await mounted.queue()).rows.length === 0)
  // It asks for the size, and reads just so many bytes.
  const read = JSON.parse(await opened.readFile('utf8')) as QueueReport
  await opened.close()
  t.equal(read.rows.length, 1)
})

t.test('in an outage they are told at once, and say so', async (t) => {
  const mounted = await mount(t, {
    flags: ['--list-ttl', '10ms', '--op-timeout', '3s', '--drain', '1s', '--station', 'ACME/GLOBEX'],
    proxied: true,
  })
  message(mounted, 1)
  await until('a first look', async () =>
    (await figuresOf(mounted)).of('as2fs_delivery_messages', { state: 'pending' }),
  )
  mounted.proxy.add({ fault: { stall: true } })
  await appendFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'ISA')
  let longest = 0
  await until('the outage to be told', async () => {
    const begun = performance.now()
    const figures = await figuresOf(mounted)
    longest = Math.max(longest, performance.now() - begun)
    const isTold =
      figures.of('as2fs_degraded', { reason: 'bucket' }) === 1 && figures.of('as2fs_send_queued_bytes') === 3
    return figures.of('as2fs_bucket_up') === 0 && isTold
  })
  t.ok(longest < 3_000, `none took longer than ${longest} ms`)
  const figures = await figuresOf(mounted)
  t.equal(figures.of('as2fs_delivery_messages', { state: 'pending' }), 1, 'what is known stays')
  t.ok((figures.of('as2fs_send_oldest_closed_timestamp_seconds') ?? 0) > ago / 1_000)
})
