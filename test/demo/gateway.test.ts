import t, { type Test } from 'tap'
import { Gateway } from '../../src/demo/gateway.js'
import { startS3Server, type S3Server } from '../../src/demo/s3/server.js'
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

async function start(t: Test): Promise<{ server: S3Server; gateway: Gateway; clock: TestClock }> {
  const clock = new TestClock()
  const server = await startS3Server({ accessKey: 'a', secretKey: 'b', bucket: 'b', clock })
  const gateway = new Gateway({ server, clock })
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
