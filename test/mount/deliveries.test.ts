/** What became of what was sent: as folders, as a command, and in `as2fs info`. */
import { copyFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { DeliveriesReport, InfoReport } from '../../src/control/reports.js'
import { as2fs, mount, type Mounted, prepare } from '../helpers/mounted.js'
import { linesOf, mdnText, type Said } from '../helpers/receipts-world.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const id = (folder: string): string => `<${folder}.as2@mftgateway.com>`
const sent = (folder: string, name = 'order.edi', partner = 'GLOBEX') =>
  `AS2/files/ACME/${partner}/outbox/${folder}/${name}`
const mdn = (name: string): string => `AS2/raw-mdn/incoming/ACME/GLOBEX/${name}.mdn`

/** Messages by what becomes of them; all were sent three hours ago. */
const folders = {
  delivered: '720784109390001',
  warned: '720784109390002',
  refused: '720784109390003',
  pending: '720784109390004',
  other: '720784109390005',
}
const said: Readonly<Record<string, Said>> = {
  delivered: { disposition: 'processed' },
  warned: { disposition: 'processed/warning: x' },
  refused: { disposition: 'processed/error: decryption-failed' },
}
const ago = Date.now() - 3 * 3_600_000

async function world(t: Parameters<typeof mount>[0], flags: readonly string[] = []): Promise<Mounted> {
  const mounted = await mount(t, { flags: ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX', ...flags] })
  const put = (key: string, content: string, at = ago) => mounted.server.put(key, Buffer.from(content), { mtime: at })
  for (const [state, folder] of Object.entries(folders)) {
    put(sent(folder, `${state}.edi`, state === 'other' ? 'INITECH' : 'GLOBEX'), `ISA ${state}`)
    const says = said[state]
    if (says) put(mdn(state), mdnText({ id: id(folder), ...says }), ago + 60_000)
  }
  return mounted
}

function names(mounted: Mounted, folder: string, partner = 'GLOBEX'): Promise<string[]> {
  return readdir(mounted.path('ACME', partner, 'delivery', folder))
}

async function become(mounted: Mounted, folder: string, wanted: readonly string[]): Promise<void> {
  await until(
    `${wanted.join()} in ${folder}`,
    async () => (await names(mounted, folder)).sort().join() === wanted.toSorted().join(),
  )
}

async function deliveries(mounted: Mounted, ...args: readonly string[]): Promise<DeliveriesReport> {
  const { stdout } = await run(process.execPath, [as2fs, 'deliveries', mounted.mountpoint, ...args, '--json'])
  return JSON.parse(stdout) as DeliveriesReport
}

t.test(
  'a receipt counts for one message, and of two of one second the worse, in whatever order they are read',
  async (t) => {
    const mounted = await mount(t, { flags: ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX'] })
    const put = (key: string, content: string) => mounted.server.put(key, Buffer.from(content), { mtime: ago })
    const called = ['p', 'p.q', 'p.q@h', 'p.r', '7', '7.as2', '8', '9']
    for (const folder of called) put(sent(folder), 'ISA')
    const received = (name: string, said: Said) => put(mdn(name), mdnText(said))
    received('dotted', { id: '<p.q@elsewhere>', disposition: 'processed' })
    received('whole', { id: '<p.q@h>', disposition: 'processed' })
    received('digits', { id: '<7.as2@h>', disposition: 'processed' })
    for (const [folder, first] of [['8', 'processed'] as const, ['9', 'processed/error: x'] as const])
      for (const [n, disposition] of [first, first === 'processed' ? 'processed/error: x' : 'processed'].entries())
        received(`${folder}-${n}`, { id: id(folder), disposition })
    await become(mounted, 'refused', ['8_order.edi', '9_order.edi'])
    await become(
      mounted,
      'delivered',
      ['7.as2', 'p.q', 'p.q@h'].map((it) => `${it}_order.edi`),
    )
    await become(
      mounted,
      'pending',
      ['7', 'p', 'p.r'].map((it) => `${it}_order.edi`),
    )
    const { stdout } = await run(process.execPath, [
      ...[as2fs, 'info', '--json'],
      mounted.path('ACME/GLOBEX/mdn/incoming/digits.mdn'),
    ])
    t.match((JSON.parse(stdout) as InfoReport).answered, /\/outbox\/7\.as2$/)
  },
)

t.test('one look shows what the receipts say that it found', async (t) => {
  // Nobody waits longer than a second: on a busy machine that may be over first.
  const looks: string[] = []
  while (looks.length < 3 && looks.at(-1) !== `${folders.refused}_refused.edi`) {
    const mounted = await world(t)
    looks.push((await names(mounted, 'refused')).join())
  }
  t.equal(looks.at(-1), `${folders.refused}_refused.edi`)
})

t.test('the outbox is shown by what became of it, and changes as receipts come', async (t) => {
  const mounted = await world(t)
  const { delivered, warned, refused, pending } = folders
  await become(mounted, 'delivered', [`${delivered}_delivered.edi`, `${warned}_warned.edi`])
  await become(mounted, 'refused', [`${refused}_refused.edi`])
  await become(mounted, 'pending', [`${pending}_pending.edi`])
  t.same((await readdir(mounted.path('ACME/GLOBEX/delivery'))).sort(), ['delivered', 'pending', 'refused'])
  const path = mounted.path('ACME/GLOBEX/delivery/refused', `${refused}_refused.edi`)
  t.equal(await readFile(path, 'utf8'), 'ISA refused')
  await t.rejects(readFile(mounted.path('ACME/GLOBEX/delivery/delivered', `${refused}_refused.edi`)), {
    code: 'ENOENT',
  })
  const gets = () =>
    mounted.server.requests.list.filter((it) => it.operation === 'GetObject' && it.key.includes('raw-mdn')).length
  t.equal(gets(), 3, 'each receipt is read once')

  await copyFile(path, mounted.path('ACME/GLOBEX/send/again.edi'))
  await mounted.inBucket('AS2/send/ACME/GLOBEX/again.edi')

  mounted.server.put(mdn('late'), Buffer.from(mdnText({ id: id(pending) })), { mtime: Date.now() })
  await become(mounted, 'delivered', [`${delivered}_delivered.edi`, `${warned}_warned.edi`, `${pending}_pending.edi`])
  mounted.server.put(mdn('second'), Buffer.from(mdnText({ id: id(refused) })), { mtime: Date.now() })
  await become(mounted, 'refused', [])
  t.equal(gets(), 5)
  await until('them to be written down', async () => (await linesOf(mounted.stateDirectory, 'mdn')) === 5)

  await mounted.kill('SIGKILL')
  await mounted.mount()
  await become(
    mounted,
    'delivered',
    [delivered, warned, refused, pending].map((it) => `${it}_${nameOf(it)}.edi`),
  )
  t.equal(gets(), 5, 'a restart reads nothing again')
})

function nameOf(folder: string): string {
  return Object.entries(folders).find(([, it]) => it === folder)?.[0] ?? ''
}

t.test(
  'as2fs deliveries tells of each message; --check exits with 1 and 2, and with 3 where nothing is mounted',
  async (t) => {
    const mounted = await world(t)
    await become(mounted, 'refused', [`${folders.refused}_refused.edi`])
    await until('all to be read', async () => (await deliveries(mounted)).left === 0)
    const { rows, missing } = await deliveries(mounted)
    t.same(missing, [])
    const states = Object.fromEntries(rows.map((it) => [it.names.join().replace('.edi', ''), it.state]))
    t.same(states, {
      delivered: 'delivered',
      warned: 'warned',
      refused: 'refused',
      pending: 'overdue',
      other: 'pending',
    })
    t.match(
      rows.find((it) => it.state === 'refused'),
      {
        ...{
          station: 'ACME',
          partner: 'GLOBEX',
          message: folders.refused,
          messageId: id(folders.refused),
          sentAt: ago,
        },
        ...{
          disposition: /; processed\/error: decryption-failed$/,
          mdnAt: ago + 60_000,
          names: ['refused.edi'],
          size: 11,
        },
      },
    )
    t.equal((await deliveries(mounted, 'ACME/INITECH')).rows.length, 1)
    t.equal((await deliveries(mounted, '--state', 'refused')).rows.length, 1)
    t.equal((await deliveries(mounted, '--since', '1h')).rows.length, 0)
    const cli = (...args: readonly string[]) => run(process.execPath, [as2fs, 'deliveries', ...args])
    t.match(
      (await cli(mounted.mountpoint)).stdout,
      /ACME\/GLOBEX +refused\.edi +720784109390003 .* refused +processed\/error/,
    )
    t.match(await cli(mounted.mountpoint, '--check'), { code: 2, stdout: /^DELIVERIES CRITICAL: 1 refused.*\n$/ })
    t.match(await cli(mounted.mountpoint, '--state', 'overdue', '--check'), {
      code: 1,
      stdout: /^DELIVERIES WARNING: .*1 overdue/,
    })
    t.match(await cli(mounted.mountpoint, 'ACME/INITECH', '--check'), { code: 0, stdout: /^DELIVERIES OK: / })
    t.match(await cli('/', '--check'), { code: 3, stdout: /^DELIVERIES UNKNOWN: / })
    t.match(await cli(mounted.mountpoint, '--state', 'odd'), { code: 1, stderr: /^as2fs: 'odd' is none of/ })
  },
)

t.test('as2fs info of a sent message names its receipt, and of a receipt its message', async (t) => {
  const mounted = await world(t)
  await become(mounted, 'refused', [`${folders.refused}_refused.edi`])
  const info = async (...path: string[]): Promise<InfoReport> =>
    JSON.parse(
      (await run(process.execPath, [as2fs, 'info', mounted.path('ACME/GLOBEX', ...path), '--json'])).stdout,
    ) as InfoReport
  const told = {
    ...{ messageId: id(folders.refused), delivery: 'refused', mdn: '/ACME/GLOBEX/mdn/incoming/refused.mdn' },
    disposition: /processed\/error/,
  }
  t.match(await info('outbox', folders.refused, 'refused.edi'), told)
  t.match(await info('delivery/refused', `${folders.refused}_refused.edi`), told)
  t.match(await info('outbox', folders.pending, 'pending.edi'), { delivery: 'overdue', mdn: undefined })
  t.match(await info('mdn/incoming/refused.mdn'), { answered: `/ACME/GLOBEX/outbox/${folders.refused}` })
  mounted.server.put(mdn('more'), Buffer.from(mdnText({ id: id(folders.refused) })), { mtime: Date.now() })
  await become(mounted, 'refused', [])
  t.match(await info('outbox', folders.refused, 'refused.edi'), {
    ...{ delivery: 'delivered', mdn: '/ACME/GLOBEX/mdn/incoming/more.mdn', receipts: [/error/, /processed$/] },
  })
})

t.test('names that were joined are told apart, whatever the layout', async (t) => {
  const mounted = await mount(t, { flags: ['--list-ttl', '200ms', '--mdn-expect', 'always', '--mdn-overdue', '1ms'] })
  const long = 'n'.repeat(200)
  const keys = ['a_b/c', 'a/b_c', 'flat.edi', 'm/deep/x.edi', `m2/${long}.edi`, 'm3/line\nbreak', 'm3/%0A']
  for (const key of keys) mounted.server.put(`AS2/files/ACME/GLOBEX/outbox/${key}`, Buffer.from(key), { mtime: ago })
  const found = await names(mounted, 'pending')
  t.equal(new Set(found).size, keys.length)
  const contents = await Promise.all(
    found.map((it) => readFile(join(mounted.path('ACME/GLOBEX/delivery/pending'), it), 'utf8')),
  )
  t.same(contents.sort(), [...keys].sort())
  t.ok(found.includes('flat.edi') && found.includes('m_deep_x.edi'))
  t.ok(found.some((it) => it.startsWith('m2_nnn') && it.endsWith('.edi') && Buffer.byteLength(it) === 180))
  const { rows } = await deliveries(mounted)
  t.equal(rows.find((it) => it.names[0] === 'flat.edi')?.state, 'pending', 'of a file without a folder nobody can say')
  t.equal(rows.find((it) => it.message === 'm')?.state, 'overdue')
})

t.test('no receipt is told as overdue that is in the bucket, and can’t be listed or read', async (t) => {
  const flags = ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX', '--mdn-overdue', '3s', '--op-timeout', '4s']
  const mounted = await mount(t, { flags, proxied: true })
  const { server, proxy } = mounted
  const [known, unlisted, unread] = [folders.delivered, folders.pending, folders.warned]
  const answer = (folder: string) =>
    server.put(mdn(folder), Buffer.from(mdnText({ id: id(folder), ...said.delivered })))
  const stateOf = async (folder: string) =>
    (await deliveries(mounted)).rows.find((it) => it.message === folder)?.state ?? 'none'
  for (const folder of [known, unlisted]) server.put(sent(folder), Buffer.from('ISA'))
  answer(known)
  await until('the first receipt', async () => (await stateOf(known)) === 'delivered')
  proxy.add({ operation: 'ListObjectsV2', key: /raw-mdn/, fault: { status: 503, code: 'SlowDown' } })
  answer(unlisted)
  const past = Date.now() + 4_000
  await until('its time to be over', () => Date.now() > past)
  t.equal(await stateOf(unlisted), 'pending')
  await proxy.heal()
  await until('the bucket to be listed', async () => (await stateOf(unlisted)) === 'delivered')

  proxy.add({ operation: 'GetObject', key: new RegExp(unread), fault: { status: 403, code: 'AccessDenied' } })
  server.put(sent(unread), Buffer.from('ISA'))
  answer(unread)
  const late = Date.now() + 4_000
  await until('its time to be over', () => Date.now() > late)
  t.equal(await stateOf(unread), 'pending')
  const audit = await readFile(join(mounted.stateDirectory, 'audit.log'), 'utf8').catch(() => '')
  t.notMatch(audit, /overdue/)
})

t.test('a message that leaves the outbox as its receipt comes is delivered, and told once', async (t) => {
  const mounted = await prepare(t, { flags: ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX'] })
  const trail = join(mounted.directory, 'audit')
  await mounted.mount(['--audit-log', trail])
  const { server } = mounted
  const states = async () =>
    Object.fromEntries((await deliveries(mounted)).rows.map((it) => [it.message ?? '', it.state]))
  const [kept, removed, unanswered] = [folders.delivered, folders.pending, folders.refused]
  for (const folder of [kept, removed, unanswered]) server.put(sent(folder), Buffer.from('ISA'))
  await until('all to be sent', async () => Object.keys(await states()).length === 3)
  for (const folder of [kept, removed])
    server.put(mdn(folder), Buffer.from(mdnText({ id: id(folder), ...said.delivered })))
  for (const folder of [removed, unanswered]) server.delete(sent(folder))
  await until('the receipts', async () => (await states())[removed] === 'delivered')
  t.same(await states(), { [kept]: 'delivered', [removed]: 'delivered' })
  t.same(await names(mounted, 'delivered'), [`${kept}_order.edi`], 'its content is gone')
  const deliveredIn = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.includes('"event":"delivered"'))
      .map((line) => (JSON.parse(line) as { readonly message: string }).message)
      .sort()
  const told = async () => deliveredIn(await readFile(trail, 'utf8'))
  await until('it to be told', async () => (await told()).length === 2)
  const { stdout } = await run(process.execPath, [as2fs, 'events', mounted.mountpoint, '--json', '--since', '1h'])
  t.same(deliveredIn(stdout), [kept, removed].sort())
  t.same(await told(), [kept, removed].sort())
})
