/** The audit trail of a real mount: what happened to every file, and by which policy. */
import { randomBytes } from 'node:crypto'
import { appendFile, open, readFile, rename, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import t, { type Test } from 'tap'
import { prepare, type Mounted } from '../helpers/mounted.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'

interface Entry {
  readonly at: string
  readonly event: string
  readonly name: string
  readonly [field: string]: unknown
}

interface World {
  readonly mounted: Mounted
  readonly send: string
  readonly file: string
  readonly entries: (name?: string) => Promise<Entry[]>
  /** Waits until the trail has an event of a file. */
  readonly told: (name: string, event: string) => Promise<Entry>
}

async function world(t: Test, flags: readonly string[] = []): Promise<World> {
  const file = join(t.testdir(), 'audit.jsonl')
  const all = ['--station', 'ACME/GLOBEX', '--audit-log', file, ...flags]
  const mounted = await prepare(t, { flags: all })
  await mounted.mount()
  const entries = async (name?: string): Promise<Entry[]> =>
    (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
      const entry = parsed(line)
      return entry && (name === undefined || entry.name === name) ? [entry] : []
    })
  const told = (name: string, event: string): Promise<Entry> =>
    until(`${event} of ${name}`, async () => (await entries(name)).findLast((it) => it.event === event))
  return { mounted, file, send: mounted.path('ACME/GLOBEX/send'), entries, told }
}

/** A line that a crash or a full disk has torn is none, for whoever reads the trail. */
function parsed(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry
  } catch {
    return undefined
  }
}

const hex = (content: string | Buffer): string => crc32(content).toString(16).padStart(8, '0')

t.test('a file that is sent and taken', async (t) => {
  const { mounted, send, entries, told } = await world(t, ['--list-ttl', '100ms'])
  await writeFile(join(send, 'order.edi'), 'ISA*00*')
  await told('order.edi', 'submitted')
  mounted.server.delete('AS2/send/ACME/GLOBEX/order.edi')
  await taken(mounted, 'order.edi')
  await told('order.edi', 'taken')
  const all = await entries('order.edi')
  t.same(
    all.map((it) => it.event),
    ['queued', 'uploading', 'submitted', 'taken'],
  )
  const key = 'AS2/send/ACME/GLOBEX/order.edi'
  for (const it of all) t.match(it, { id: all[0]?.id, station: 'ACME', partner: 'GLOBEX', key, size: 7 })
  t.match(all[0], { closedAt: /^\d{4}-.*Z$/ })
  t.match(all[1], { try: 1 })
  const submitted = all[2]
  t.match(submitted, { crc32: hex('ISA*00*'), etag: /^[0-9a-f]{32}$/, requestId: /^[0-9A-F]{16}$/, date: /Z$/, try: 1 })
  t.match(submitted, { tookMs: Number, sinceClosedMs: Number })
  t.match(all[3], { tookMs: Number, crc32: hex('ISA*00*') })
  await t.test('and each change is a line of the log', async (t) => {
    const lines = mounted.log.split('\n').filter((line) => line.includes(`"key":"${key}"`))
    t.same(
      lines.map((line) => (JSON.parse(line) as Entry).event),
      ['queued', 'uploading', 'submitted', 'taken'],
    )
    t.match(JSON.parse(lines[2] ?? ''), { crc32: hex('ISA*00*'), size: 7, tookMs: Number })
  })
})

t.test('policies and people', async (t) => {
  const { mounted, send, entries, told } = await world(t, ['--empty', 'reject'])
  const events = async (name: string): Promise<unknown[]> => (await entries(name)).map((it) => [it.event, it.policy])

  await t.test('held by its name, released by a rename', async (t) => {
    await writeFile(join(send, 'a.tmp'), 'a')
    t.match(await told('a.tmp', 'held'), { reason: 'name', policy: '--hold' })
    await rename(join(send, 'a.tmp'), join(send, 'a.edi'))
    t.match(await told('a.edi', 'queued'), { from: 'a.tmp' })
    await told('a.edi', 'submitted')
  })
  await t.test('a duplicate is refused', async (t) => {
    await writeFile(join(send, 'b.tmp'), 'b')
    await inState(mounted, 'b.tmp', 'held')
    await t.rejects(rename(join(send, 'b.tmp'), join(send, 'a.edi')), { code: 'EEXIST' })
    t.match(await told('a.edi', 'refused'), { policy: '--on-duplicate reject', station: 'ACME', partner: 'GLOBEX' })
  })
  await t.test('cancelled', async () => {
    await unlink(join(send, 'b.tmp'))
    await told('b.tmp', 'cancelled')
  })
  await t.test('an empty one has failed', async (t) => {
    await writeFile(join(send, 'empty.edi'), '')
    t.match(await told('empty.edi', 'failed'), { policy: '--empty reject', error: /empty/ })
    t.same(await events('empty.edi'), [['failed', '--empty reject']])
  })
  await t.test('refused by S3, tried again, and sent', async (t) => {
    let tries = 0
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' && ++tries === 1 ? { status: 503, code: 'SlowDown' } : undefined
    await writeFile(join(send, 'slow.edi'), 'slow')
    t.match(await told('slow.edi', 'delayed'), { try: 1, error: /SlowDown/, nextTryAt: /Z$/ })
    t.match(await told('slow.edi', 'submitted'), { try: 2 })
  })
  await t.test('throttled, and changed by nobody until it is looked for', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 503, code: 'SlowDown' } : undefined
    await writeFile(join(send, 'throttled.edi'), 'one ')
    await told('throttled.edi', 'delayed')
    await t.rejects(appendFile(join(send, 'throttled.edi'), 'two'), { code: /EBUSY|EPERM/ })
    mounted.server.intercept = undefined
    t.match(await told('throttled.edi', 'submitted'), { size: 4 })
  })
  await t.test('opened once more while it waits', async (t) => {
    mounted.server.intercept = (operation) =>
      operation === 'PutObject' ? { status: 403, code: 'RequestTimeTooSkewed' } : undefined
    await writeFile(join(send, 'again.edi'), 'one ')
    await told('again.edi', 'delayed')
    await until('its pause', async () =>
      appendFile(join(send, 'again.edi'), 'two').then(
        () => true,
        () => false,
      ),
    )
    await told('again.edi', 'reopened')
    mounted.server.intercept = undefined
    t.match(await told('again.edi', 'submitted'), { size: 7, crc32: hex('one two') })
  })
})

t.test('a file in parts has the checksum of the whole', async (t) => {
  const { send, told } = await world(t, ['--multipart-threshold', '8MiB'])
  const content = randomBytes(20 * 1024 * 1024 + 7)
  await writeFile(join(send, 'large.dat'), content)
  t.match(await told('large.dat', 'submitted'), { crc32: hex(content), size: content.length })
})

t.test('what a killed daemon could not tell any more, the next one does', async (t) => {
  const { mounted, file, send, entries, told } = await world(t)
  await writeFile(join(send, 'order.edi'), 'ISA*00*')
  await told('order.edi', 'submitted')
  const held = await open(join(send, 'open.edi'), 'w')
  await held.write('half')
  // Else it may have been in memory alone.
  await held.sync()
  await mounted.kill('SIGKILL')
  await held.close().catch(() => undefined)
  const before = await entries()
  // As if it had been killed before the last two entries were written, and within the line before them.
  const text = await readFile(file, 'utf8')
  const lines = text.split('\n')
  await truncate(file, Buffer.byteLength(lines.slice(0, -3).join('\n')) - 10)
  await mounted.mount()
  t.match(await told('open.edi', 'held'), { reason: 'crash' })
  const after = await entries()
  for (const it of before)
    t.ok(after.some((other) => other.event === it.event && other.at === it.at && other.id === it.id))
  await t.test('once', async (t) => {
    await mounted.kill('SIGTERM')
    await mounted.mount()
    t.same(
      (await entries('order.edi')).map((it) => it.event),
      ['queued', 'uploading', 'submitted'],
    )
  })
})

t.test('a trail that can’t be written is no reason not to send, and status says so', async (t) => {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--audit-log', '/dev/full'] })
  await mounted.mount()
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/order.edi')
  await until('the problem', async () => (await mounted.status()).problems.some((it) => /audit trail/.test(it)))
})
