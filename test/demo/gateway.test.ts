import t, { type Test } from 'tap'
import { Gateway, type GatewayOptions } from '../../src/demo/gateway.js'
import { startS3Server, type S3Server } from '../../src/demo/s3/server.js'
import { arrivals } from '../../src/demo/arrivals.js'
import type { FileLayout, MdnLayout } from '../../src/demo/bucket-layout.js'
import { mdnForms } from '../../src/demo/mdn-forms.js'
import { receipts, type Receipt } from '../../src/demo/receipt.js'
import { parseMdn } from '../../src/mdn/report.js'

const hour = 3600 * 1000
const owner = { station: 'ACME', partner: 'GLOBEX' }
const key = 'AS2/send/ACME/GLOBEX/order.edi'

class TestClock {
  time = Date.UTC(2026, 10, 24)
  now(): number {
    return this.time
  }
  monotonic(): number {
    return this.time
  }
}

interface Started {
  readonly server: S3Server
  readonly gateway: Gateway
  readonly clock: TestClock
}

async function start(t: Test, options: Partial<GatewayOptions> = {}): Promise<Started> {
  const clock = new TestClock()
  const server = await startS3Server({ accessKey: 'a', secretKey: 'b', bucket: 'b', clock })
  const gateway = new Gateway({ server, clock, ...options })
  t.teardown(() => (gateway.stop(), server.close()))
  return { server, gateway, clock }
}

/** As a PutObject request does it. */
function put(server: S3Server, text: string, by: 'PutObject' | 'CopyObject' = 'PutObject'): void {
  server.put(key, Buffer.from(text))
  server.announce({ key, size: text.length, etag: '', by })
}

t.test('what is put is taken after a while, and its receipt comes later', async (t) => {
  const { server, gateway, clock } = await start(t)
  put(server, 'ISA*')
  gateway.tick()
  t.ok(server.get(key), 'not at once')
  clock.time += 1_000
  gateway.tick()
  t.notOk(server.get(key))
  const [sent] = gateway.sent
  t.match(sent, { ...owner, filename: 'order.edi' })
  t.match(sent?.key, /^AS2\/files\/ACME\/GLOBEX\/outbox\/\d{16}\/order\.edi$/)
  t.equal(server.list('AS2/headers/ACME/GLOBEX/outbox/').length, 1)
  t.equal(server.list('AS2/raw-message/ACME/GLOBEX/outbox/').length, 1)
  t.equal(server.list('AS2/raw-mdn/').length, 0)
  clock.time += 1_000
  gateway.tick()
  const [mdn] = server.list('AS2/raw-mdn/incoming/ACME/GLOBEX/')
  const report = parseMdn(mdn?.bytes ?? Buffer.alloc(0))
  const folder = sent?.key.split('/').at(-2) ?? ''
  t.match(report, {
    originalMessageId: `<${folder}.as2@mftgateway.com>`,
    finalRecipient: 'GLOBEX',
    outcome: 'delivered',
  })
})

/** Sends one file, and lets so much time pass. @returns its key in the outbox */
function send({ server, gateway, clock }: Started, pass: number, name = 'order.edi'): string {
  const at = `AS2/send/ACME/GLOBEX/${name}`
  server.put(at, Buffer.from('ISA*'))
  server.announce({ key: at, size: 4, etag: '', by: 'PutObject' })
  for (let passed = 0; passed < pass; passed += 1_000) {
    clock.time += 1_000
    gateway.tick()
  }
  return gateway.sent.at(-1)?.key ?? ''
}

/** What the receipts say, in the order in which they came. */
function outcomes(server: S3Server): unknown[] {
  const mdns = server.list('AS2/raw-mdn/incoming/').sort((a, b) => a.mtime - b.mtime)
  return mdns.map((it) => parseMdn(it.bytes)?.outcome)
}

t.test('a partner answers what a test says: refuses, is late, never answers, changes its mind', async (t) => {
  const answers: Record<string, readonly Receipt[]> = {
    'refused.edi': [receipts.error],
    'late.edi': [{ ...receipts.processed, after: 60_000 }],
    'never.edi': [],
    'changed.edi': [receipts.failed, { ...receipts.processed, after: 5_000 }],
  }
  for (const [name, then] of Object.entries({
    'refused.edi': ['refused'],
    'late.edi': ['delivered'],
    'never.edi': [],
    'changed.edi': ['refused', 'delivered'],
  })) {
    const world = await start(t, { answers: ({ filename }) => answers[filename] ?? [] })
    send(world, 5_000, name)
    t.same(outcomes(world.server), name === 'late.edi' ? [] : then.slice(0, 1), `${name}, soon`)
    send(world, 90_000, 'another.edi')
    t.same(outcomes(world.server), then, name)
  }
})

t.test(
  'a message that goes out once more is answered with a warning of a duplicate, beside the first receipt',
  async (t) => {
    const world = await start(t)
    const sent = send(world, 3_000)
    world.gateway.resend(sent)
    world.clock.time += 1_000
    world.gateway.tick()
    const mdns = world.server.list('AS2/raw-mdn/').sort((a, b) => a.mtime - b.mtime)
    t.same(
      mdns.map((it) => parseMdn(it.bytes)?.disposition.replace(/.*; /, '')),
      ['processed', 'processed/warning: duplicate-document'],
    )
    t.equal(new Set(mdns.map((it) => parseMdn(it.bytes)?.originalMessageId)).size, 1)
  },
)

t.test('what another program of the station sends is in the outbox at once, and is answered too', async (t) => {
  const world = await start(t, { answers: () => [receipts.error] })
  world.gateway.send(owner, 'ack.edi', Buffer.from('UNA'))
  t.match(world.gateway.sent, [{ ...owner, filename: 'ack.edi', key: /outbox/ }])
  send(world, 2_000)
  t.same(outcomes(world.server), ['refused', 'refused'])
  t.same(world.server.list('AS2/duplicate/'), [])
})

t.test('receipts of every kind say what became of the message', async (t) => {
  const world = await start(t, { answers: () => [] })
  const sent = send(world, 1_000)
  for (const [kind, outcome] of Object.entries({
    processed: 'delivered',
    warned: 'warned',
    duplicate: 'warned',
    error: 'refused',
    tightError: 'refused',
    failure: 'refused',
    failed: 'refused',
    denied: 'refused',
    displayed: 'warned',
    deleted: 'unknown',
    contradictory: 'refused',
  } satisfies Record<keyof typeof receipts, string>)) {
    const mdn = world.gateway.answer(sent, receipts[kind as keyof typeof receipts])
    t.equal(parseMdn(world.server.get(mdn) ?? Buffer.alloc(0))?.outcome, outcome, kind)
  }
})

t.test('a receipt in every form tells the same, but for those that nobody could read', async (t) => {
  const world = await start(t, { answers: () => [] })
  const sent = send(world, 1_000)
  const folder = sent.split('/').at(-2) ?? ''
  for (const form of mdnForms) {
    const mdn = world.gateway.answer(sent, { ...receipts.contradictory, form })
    const report = parseMdn(world.server.get(mdn) ?? Buffer.alloc(0))
    if (form === 'encrypted' || form === 'html') {
      t.equal(report, undefined, form)
      continue
    }
    t.match(report, { outcome: 'refused', finalRecipient: 'GLOBEX' }, form)
    t.equal(report?.contradictory.length, 2, form)
    t.equal(report?.originalMessageId, form === 'unidentified' ? undefined : `<${folder}.as2@mftgateway.com>`, form)
  }
})

for (const [layout, key] of Object.entries({
  'by-partner': /^ACME\/GLOBEX\/\d{16}(?:_2)?\.mdn$/,
  'by-message': /^\d{16}(?:_2)?\.mdn$/,
  'by-mdn': /^OPENAS2-20261124\d{6}-\d{6}\.mdn$/,
  dated: /^2026\/11\/24\/\d{16}(?:_2)?\.mdn$/,
} satisfies Record<MdnLayout, RegExp>)) {
  t.test(`receipts are kept ${layout}, and two of one message are two`, async (t) => {
    const world = await start(t, { mdnLayout: layout as MdnLayout })
    world.gateway.answer(send(world, 3_000), receipts.processed)
    const keys = world.server.list('AS2/raw-mdn/incoming/').map((it) => it.key.slice('AS2/raw-mdn/incoming/'.length))
    t.equal(keys.length, 2)
    for (const it of keys) t.match(it, key)
  })
}

for (const [layout, key] of Object.entries({
  'by-message': /^\d{16}\/order\.edi$/,
  'flat-by-time': /^20261124T\d{9}_order\.edi$/,
  flat: /^order\.edi$/,
} satisfies Record<FileLayout, RegExp>)) {
  t.test(`documents are kept ${layout}`, async (t) => {
    const world = await start(t, { fileLayout: layout as FileLayout })
    t.match(send(world, 1_000).slice('AS2/files/ACME/GLOBEX/outbox/'.length), key)
    const received = world.gateway.receive(owner, 'order.edi', Buffer.from('UNA'))
    t.match(received.slice('AS2/files/ACME/GLOBEX/inbox/'.length), key)
  })
}

t.test('the same seed gives the same keys and bytes', async (t) => {
  const contents = async (seed: number): Promise<unknown> => {
    const world = await start(t, { seed })
    send(world, 3_000)
    world.gateway.receive(owner, 'order.edi', Buffer.from('UNA'))
    return world.server.list('').map((it) => [it.key, it.bytes.toString('latin1')])
  }
  t.same(await contents(1), await contents(1))
  t.notSame(await contents(1), await contents(2))
})

t.test('a copy inside the bucket is never sent', async (t) => {
  const { server, gateway, clock } = await start(t)
  put(server, 'ISA*', 'CopyObject')
  clock.time += hour
  gateway.tick()
  t.same(gateway.sent, [])
  t.ok(server.get(key))
})

for (const [after, fate] of [
  [6 * hour - 60_000, 'duplicate'],
  [6 * hour + 60_000, 'sent'],
] as const) {
  t.test(`a name used again after ${after / 60_000} minutes: ${fate}`, async (t) => {
    const { server, gateway, clock } = await start(t)
    put(server, 'one')
    clock.time += 1_000
    gateway.tick()
    clock.time += after - 1_000
    put(server, 'two')
    clock.time += 1_000
    gateway.tick()
    t.equal(gateway.events.findLast((it) => it.what === 'sent' || it.what === 'duplicate')?.what, fate)
    t.equal(server.list('AS2/duplicate/ACME/GLOBEX/').length, fate === 'duplicate' ? 1 : 0)
  })
}

t.test('a second PUT before the first was taken is a second message to the gateway', async (t) => {
  const { server, gateway, clock } = await start(t)
  put(server, '')
  put(server, 'ISA*')
  clock.time += 1_000
  gateway.tick()
  t.same(
    gateway.events.map((it) => [it.what, it.bytes.toString()]),
    [
      ['sent', ''],
      ['duplicate', 'ISA*'],
    ],
  )
})

t.test('what a partner sends is in the inbox, with its receipt on the way out', async (t) => {
  const { server, gateway } = await start(t)
  const received = gateway.receive(owner, 'order.edi', Buffer.from('UNA'))
  t.equal(server.get(received)?.toString(), 'UNA')
  const folder = received.split('/').at(-2) ?? ''
  t.ok(server.get(`AS2/raw-mdn/outgoing/ACME/GLOBEX/${folder}.mdn`))
  t.match(server.get(`AS2/headers/ACME/GLOBEX/inbox/${folder}/headers.txt`)?.toString(), /^AS2-From: GLOBEX\r$/m)
})

t.test('a message that comes out of order is between those before it', async (t) => {
  const { gateway, clock } = await start(t)
  const keys = [0, 0, 20 * 60_000].map((late) => {
    clock.time += 60_000
    return gateway.receive(owner, 'order.edi', Buffer.from('UNA'), { idAt: clock.time - late })
  })
  t.same([...keys].sort(), [keys[2], keys[0], keys[1]])
})

t.test('partners send as they do: several, some out of order, some names twice, the same each time', async (t) => {
  const played = async (): Promise<readonly string[]> => {
    const { gateway, clock } = await start(t, { seed: 7 })
    const stream = arrivals({ seed: 7, repeatedNames: 20, outOfOrder: 20 }, () => clock.now())
    return Array.from({ length: 100 }, () => {
      clock.time += 60_000
      return gateway.arrive(stream.next().value)
    })
  }
  const keys = await played()
  t.same(keys, await played())
  t.equal(new Set(keys).size, 100)
  const partners = new Map<string, string[][]>()
  for (const [, , station = '', partner = '', , folder = '', name = ''] of keys.map((it) => it.split('/'))) {
    const of = `${station}/${partner}`
    partners.set(of, [...(partners.get(of) ?? []), [folder, name]])
  }
  t.equal(partners.size, 4)
  for (const [partner, all] of partners) {
    t.ok(new Set(all.map(([, name]) => name)).size < all.length, `${partner} uses a name again`)
    t.notSame(
      all.map(([folder]) => folder).sort(),
      all.map(([folder]) => folder),
      `${partner} is out of order`,
    )
  }
})
