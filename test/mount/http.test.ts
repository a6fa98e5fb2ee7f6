/** `--http` on a real mount: what it says, and that neither the mount nor its end waits for who asks. */
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ArrivalsReport, DeliveriesPage, QueuePage, StatusReport } from '../../src/control/reports.js'
import { Gateway } from '../../src/demo/gateway.js'
import { receipts } from '../../src/demo/receipt.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { ask, open } from '../helpers/http-server.js'
import { as2fs, isMounted, prepare, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }

interface World {
  readonly mounted: Mounted
  readonly gateway: Gateway
  readonly port: number
  readonly get: <T>(path: string) => Promise<T>
}

async function world(t: Test): Promise<World> {
  const mounted = await prepare(t, { flags: ['--list-ttl', '300ms', '--station', 'ACME/GLOBEX'] })
  const gateway = new Gateway({ server: mounted.server, clock: systemClock, takeAfter: 0, mdnAfter: 1_000_000_000 })
  t.teardown(() => gateway.stop())
  await mounted.mount(['--http', '127.0.0.1:0'])
  const port = Number(/:(\d+)\/$/.exec((await mounted.status()).http ?? '')?.[1])
  const get = async <T>(path: string): Promise<T> => JSON.parse((await ask(port, { path })).body) as T
  return { mounted, gateway, port, get }
}

t.test('it says what waits, what was sent and what came of it, and what came in', async (t) => {
  const { mounted, gateway, port, get } = await world(t)
  t.match(await get<StatusReport>('/api/status'), { state: 'ok', mountpoint: mounted.mountpoint, pid: mounted.pid })
  t.match(await ask(port, { path: '/healthz' }), { status: 200, body: '{"state":"ok","reasons":[]}' })
  t.match((await ask(port, { path: '/metrics' })).body, /^as2fs_bucket_up 1$/m)
  await writeFile(mounted.path('ACME/GLOBEX/send/draft.tmp'), 'half')
  await until('what is held', async () => (await get<QueuePage>('/api/queue')).counts.held === 1)
  t.match(await get<QueuePage>('/api/queue'), { rows: [{ path: 'draft.tmp', state: 'held', reason: 'name' }] })
  t.match(await get<QueuePage>('/api/queue?limit=0'), { counts: { held: 1 }, rows: [] })

  const hour = 3_600_000
  const now = Date.now()
  const sent = (name: string, ago: number) => gateway.recordSent(owner, name, Buffer.from('UNA'), now - ago)
  gateway.answer(sent('taken.edi', 5 * hour), receipts.processed)
  gateway.answer(sent('refused.edi', 4 * hour), receipts.error)
  sent('late.edi', 3 * hour)
  sent('young.edi', 60_000)
  const all = await until('the receipts to be read', async () => {
    const page = await get<DeliveriesPage>('/api/deliveries')
    return page.left === 0 && page.counts.refused === 1 ? page : undefined
  })
  t.match(all.counts, { pending: 1, overdue: 1, delivered: 1, warned: 0, refused: 1 })
  t.same(
    all.rows.map((it) => it.names[0]),
    ['young.edi', 'late.edi', 'refused.edi', 'taken.edi'],
  )
  t.match(all.rows[2], { state: 'refused', disposition: /processed\/error/ })
  const worst = await get<DeliveriesPage>('/api/deliveries?state=refused,overdue&since=7d&partner=ACME/GLOBEX')
  t.same([worst.rows.map((it) => it.state), worst.counts.delivered], [['overdue', 'refused'], 1])
  t.match(await get<DeliveriesPage>('/api/deliveries?since=2h'), { counts: { pending: 1, overdue: 0, refused: 0 } })

  const names: (string | undefined)[] = []
  let page: DeliveriesPage | undefined
  do {
    const after = page?.next === undefined ? '' : `&after=${encodeURIComponent(page.next)}`
    page = await get<DeliveriesPage>(`/api/deliveries?limit=3${after}`)
    names.push(...page.rows.map((it) => it.names[0]))
  } while (page.next !== undefined)
  t.same(names, ['young.edi', 'late.edi', 'refused.edi', 'taken.edi'], 'page by page')
  t.match(await get('/api/deliveries?after=nonsense'), { error: /^That is no page/ })
  t.match(await get('/api/deliveries?partner=NO/BODY'), { error: /.+/ })

  for (const [i, name] of ['one.edi', 'two.edi', 'three.edi'].entries()) {
    gateway.receive(owner, name, Buffer.from('UNA'), { at: now - hour + i })
  }
  const came = await until('what came', async () => {
    const arrivals = await get<ArrivalsReport>('/api/arrivals?since=1d&limit=2')
    return arrivals.count === 3 ? arrivals : undefined
  })
  t.match(came.rows, [{ name: 'three.edi', partner: 'GLOBEX', size: 3 }, { name: 'two.edi' }])
  t.equal(await readFile(mounted.path(came.rows[0]?.path ?? ''), 'utf8'), 'UNA')
})

t.test('an end waits for nobody who follows, nor for who says nothing, and gives the port back', async (t) => {
  const { mounted, gateway, port } = await world(t)
  const follower = open(port)
  let told = ''
  follower.on('data', (chunk) => (told += chunk.toString())).on('error', () => undefined)
  follower.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const silent = open(port).on('error', () => undefined)
  await until('the follower to be told', () => {
    gateway.receive(owner, `order-${told.length}.edi`, Buffer.from('UNA'))
    return told.includes('"event":"received"')
  })
  t.match(told, /\nid: [0-9a-f-]{36}:\d+:\d+\nevent: progress\n/)
  const begin = Date.now()
  t.match(await run(process.execPath, [as2fs, 'umount', mounted.mountpoint]), { code: 0 })
  t.equal(await mounted.ended(), 0)
  t.ok(Date.now() - begin < 15_000)
  t.notOk(mounted.log.includes('takes too long'), 'nothing hung')
  const next = createServer().listen(port, '127.0.0.1')
  await once(next, 'listening')
  next.close()
  for (const socket of [follower, silent]) socket.destroy()
})

t.test('a port that is taken keeps no mount from coming up: it says so, and asks for it again', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const address = `127.0.0.1:${(other.address() as { port: number }).port}`
  const mounted = await prepare(t)
  const args = [as2fs, 'mount', ...mounted.arguments(), '--http', address]
  const { code, stderr } = await run(process.execPath, args, { env: mounted.environment() })
  t.equal(code, 0)
  t.match(stderr, `as2fs: Mounted, but: --http ${address} can't be listened at: another program listens there already`)
  t.match(await mounted.status(), { state: 'degraded', problems: [/can't be listened at/] })
  const { stdout } = await run(process.execPath, [as2fs, 'status', mounted.mountpoint])
  t.match(stdout, `! --http ${address} can't be listened at`)
  t.match(await run(process.execPath, [as2fs, 'umount', mounted.mountpoint]), { code: 0 })
})

t.test('a server that others could reach without a token, or whose token is none, is no mount', async (t) => {
  const mounted = await prepare(t)
  const attempt = (...flags: string[]) =>
    run(process.execPath, [as2fs, 'mount', ...mounted.arguments(), '-f', ...flags], { env: mounted.environment() })
  t.match(await attempt('--http', '0.0.0.0:9123'), {
    code: 78,
    stderr:
      'as2fs: --http 0.0.0.0:9123 can be reached by others: give --http-token-file as well, or listen at 127.0.0.1.\n',
  })
  t.match(await attempt('--http-token-file', '/none'), { code: 78, stderr: /has a meaning with --http only/ })
  const file = join(mounted.directory, 'token')
  await writeFile(file, 'short', { mode: 0o644 })
  const { code, stderr } = await attempt('--http', '0.0.0.0:0', '--http-token-file', file)
  t.equal(code, 78)
  t.match(
    stderr,
    /as2fs: The token file .*token has fewer than 16 characters: write one there with openssl rand -hex 24\.\n$/,
  )
  t.match(stderr, /may be read by others \(mode 0644\): chmod 600 it/)
  t.equal(await isMounted(mounted.mountpoint), false)
})
