/** A mount and the gateway at the same bucket: sent, received, receipts, duplicates. The gateway's clock is set by hand. */
import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Gateway, type GatewayEvent } from '../../src/demo/gateway.js'
import { credentials, type Mounted, prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { inState, taken } from '../helpers/send-state.js'
import { until } from '../helpers/until.js'
import { clockOf } from '../helpers/clock-of.js'

const owner = { station: 'ACME', partner: 'GLOBEX' }
const sixHours = 6 * 3600 * 1000

class World {
  readonly mounted: Mounted
  readonly gateway: Gateway
  #now = Date.now()

  constructor(mounted: Mounted) {
    this.mounted = mounted
    this.gateway = new Gateway({ server: mounted.server, clock: clockOf(() => this.#now) })
  }

  path(...segments: string[]): string {
    return this.mounted.path('ACME/GLOBEX', ...segments)
  }

  /** The gateway does what is due until then. */
  pass(milliseconds: number): void {
    this.#now += milliseconds
    this.gateway.tick()
  }

  /** Writes a file, and lets the gateway take it as soon as it is in the bucket. @returns what became of it */
  async send(name: string, content: string): Promise<GatewayEvent> {
    const before = this.gateway.events.length
    await writeFile(this.path('send', name), content)
    return until(`${name} to be taken`, () => {
      this.pass(1_000)
      return this.gateway.events.slice(before).find((it) => it.filename === name && it.what !== 'mdn')
    })
  }
}

async function world(t: Test, flags: readonly string[] = []): Promise<World> {
  const mounted = await prepare(t, { flags: ['--list-ttl', '500ms', '--station', 'ACME/GLOBEX', ...flags] })
  const all = new World(mounted)
  await mounted.mount()
  return all
}

t.test('with a gateway that takes what is sent', async (t) => {
  const all = await world(t)
  const { mounted, gateway } = all

  await t.test('a sent file is in send/ until the gateway took it, then in the outbox', async (t) => {
    await writeFile(all.path('send/order.edi'), 'ISA*00*')
    await inState(mounted, 'order.edi', 'submitted')
    t.same(await readdir(all.path('send')), ['order.edi'])
    t.same(gateway.events, [])
    all.pass(1_000)
    await taken(mounted, 'order.edi')
    await until('an empty send/', async () => (await readdir(all.path('send'))).length === 0)
    const [message = ''] = await until('the outbox', () => listed(all.path('outbox')))
    t.equal(await readFile(all.path('outbox', message, 'order.edi'), 'utf8'), 'ISA*00*')
  })

  await t.test('its headers and raw message are beside it', async (t) => {
    const [message = ''] = await readdir(all.path('outbox'))
    const headers = await readFile(all.path('headers/outbox', message, 'headers.txt'), 'utf8')
    t.match(headers, /AS2-From: ACME\r?\n/)
    t.match(headers, /AS2-To: GLOBEX\r?\n/)
    const raw = await readFile(all.path('raw-message/outbox', message, 'message.as2'))
    t.ok(raw.includes('ISA*00*'))
    t.ok(mounted.server.get(`AS2/raw-message/ACME/GLOBEX/outbox/${message}/message.as2`)?.equals(raw))
  })

  await t.test('its receipt is in mdn/incoming, and in .as2fs with those of all partners', async (t) => {
    t.same(await readdir(all.path('mdn/incoming')), [])
    all.pass(1_000)
    const [name = ''] = await until('the receipt', () => listed(all.path('mdn/incoming')))
    const receipt = await readFile(all.path('mdn/incoming', name), 'utf8')
    t.match(receipt, /disposition-notification/)
    const [message = ''] = await readdir(all.path('outbox'))
    t.ok(receipt.includes(message), 'it names the message')
    const among = mounted.path('.as2fs/mdn/incoming/ACME/GLOBEX', name)
    t.equal(await readFile(among, 'utf8'), receipt)
  })

  await t.test('a message that comes in shows up by itself', async (t) => {
    t.same(await readdir(all.path('inbox')), [])
    const key = gateway.receive(owner, 'invoice.edi', Buffer.from('UNB+UNOC:3'))
    const [message = ''] = await until('the message', () => listed(all.path('inbox')), 3_000)
    t.ok(key.includes(`/${message}/`))
    t.equal(await readFile(all.path('inbox', message, 'invoice.edi'), 'utf8'), 'UNB+UNOC:3')
    t.equal((await readdir(all.path('mdn/outgoing'))).length, 1)
  })

  await t.test('a partner who was never heard of shows up too', async (t) => {
    t.same(await readdir(mounted.path('ACME')), ['GLOBEX'])
    gateway.receive({ station: 'ACME', partner: 'INITECH' }, 'hello.edi', Buffer.from('hello'))
    await until('the partner', async () => (await readdir(mounted.path('ACME'))).includes('INITECH'), 3_000)
    t.equal(await sh(`cat ${mounted.path('ACME/INITECH/inbox')}/*/hello.edi`), 'hello')
  })

  await t.test('a hundred files arrive as they were written, each once', async (t) => {
    const contents = new Map(Array.from({ length: 100 }, (_, i) => [`order-${i}.edi`, `order ${i}\n`.repeat(i + 1)]))
    await Promise.all([...contents].map(([name, content]) => writeFile(all.path('send', name), content)))
    const sent = await until('all to be taken', () => {
      all.pass(1_000)
      const mine = gateway.sent.filter((it) => contents.has(it.filename))
      return mine.length >= 100 && mine
    })
    t.same(new Map(sent.map((it) => [it.filename, it.bytes.toString()])), contents)
    await until('an empty send/', async () => (await readdir(all.path('send'))).length === 0)
    t.equal(gateway.sent.length, 101)
    await until('the outbox', async () => (await readdir(all.path('outbox'))).length === 101)
  })

  await t.test('nothing was ever copied, deleted, or put anywhere else', (t) => {
    const operations = new Set(mounted.server.requests.list.map((it) => it.operation))
    t.same([...operations].sort(), ['GetObject', 'ListObjectsV2', 'PutObject'])
    t.same(
      mounted.puts().filter((key) => !key.startsWith('AS2/send/ACME/GLOBEX/')),
      [],
    )
    t.end()
  })
})

t.test('a copy within the bucket is shown in send/, and never sent', async (t) => {
  const all = await world(t)
  const { mounted, gateway } = all
  mounted.server.put('AS2/files/ACME/GLOBEX/outbox/1/copied.edi', Buffer.from('copied'))
  const client = new S3Client({
    endpoint: mounted.server.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey },
  })
  t.teardown(() => client.destroy())
  const { bucket } = await mounted.status()
  const source = `${bucket}/AS2/files/ACME/GLOBEX/outbox/1/copied.edi`
  const key = 'AS2/send/ACME/GLOBEX/copied.edi'
  await client.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: source }))
  await until('it to be shown', async () => (await readdir(all.path('send'))).includes('copied.edi'))
  t.equal((await all.send('written.edi', 'written')).what, 'sent')
  all.pass(24 * 3600 * 1000)
  t.same(
    gateway.sent.map((it) => it.filename),
    ['written.edi'],
  )
  t.equal(mounted.server.get(key)?.toString(), 'copied')
  t.equal(await readFile(all.path('send/copied.edi'), 'utf8'), 'copied')
})

t.test('the same name again', async (t) => {
  await t.test('within six hours is kept from the gateway', async (t) => {
    const all = await world(t)
    t.equal((await all.send('order.edi', 'one')).what, 'sent')
    await gone(all, 'order.edi')
    const env = { ...process.env, LC_ALL: 'C' }
    const { code, stderr } = await run('sh', ['-c', `echo two > ${all.path('send/order.edi')}`], { env })
    t.not(code, 0)
    t.match(stderr, /File exists/)
    t.equal(all.gateway.events.filter((it) => it.what === 'duplicate').length, 0)
  })

  await t.test('is in duplicate/ if it is sent all the same, and may be sent after six hours', async (t) => {
    const all = await world(t, ['--on-duplicate', 'send'])
    t.equal((await all.send('order.edi', 'one')).what, 'sent')
    await gone(all, 'order.edi')
    t.same(await readdir(all.path('duplicate')), [])
    t.equal((await all.send('order.edi', 'two')).what, 'duplicate')
    await gone(all, 'order.edi')
    t.same(await until('it in duplicate/', () => listed(all.path('duplicate'))), ['order.edi'])
    t.equal(await readFile(all.path('duplicate/order.edi'), 'utf8'), 'two')
    all.pass(sixHours)
    t.equal((await all.send('order.edi', 'three')).what, 'sent')
    t.same(
      all.gateway.sent.map((it) => it.bytes.toString()),
      ['one', 'three'],
    )
  })
})

/** @returns undefined while there is nothing */
async function listed(path: string): Promise<string[] | undefined> {
  const names = await readdir(path)
  return names.length > 0 ? names : undefined
}

/** For a second the kernel keeps a name that has left. */
async function gone(all: World, name: string): Promise<void> {
  await taken(all.mounted, name)
  await until(`${name} to be gone from send/`, () =>
    stat(join(all.path('send'), name)).then(
      () => false,
      () => true,
    ),
  )
}
