/** Reads through a network and a server that fail: the right bytes after another try, or an error in time. */
import t, { type Test } from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { maxSockets } from '../../src/s3/network.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { StoreError } from '../../src/s3/store-error.js'
import type { Key, Milliseconds, Prefix } from '../../src/units.js'
import { startFaultProxy } from '../helpers/fault-proxy.js'
import type { Fault } from '../helpers/faults.js'
import { credentials } from '../helpers/mounted.js'
import { until } from '../helpers/until.js'

const bucket = 'mftg-test'
const small = Buffer.from("UNB+UNOC:3'".repeat(500))
const large = Buffer.from(Uint32Array.from({ length: 600_000 }, (_, i) => i).buffer)
const patience: Milliseconds = 2_000
const [smallKey, largeKey] = ['AS2/small.edi' as Key, 'AS2/large.bin' as Key]

async function faulty(t: Test, { isAws = false } = {}) {
  const server = await startS3Server({ ...credentials, bucket })
  const proxy = await startFaultProxy(server.endpoint)
  const keys = { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey }
  const store = createSdkStore({
    ...{ bucket, region: 'us-east-1', pathStyle: true, patience },
    endpoint: proxy.endpoint,
    isAws,
    credentials: { get: async () => keys, refused: () => undefined },
  })
  t.teardown(async () => {
    store.close()
    await proxy.close()
    await server.close()
  })
  server.put(smallKey, small)
  server.put(largeKey, large)
  const etagOf = (key: string) => server.list(key)[0]?.etag ?? ''
  const signal = () => AbortSignal.timeout(patience)
  const whole = (key = smallKey) => store.get({ key, etag: etagOf(key), into: Buffer.alloc(small.length) }, signal())
  const range = { start: 100_000, end: 1_100_000 }
  const part = () =>
    store.get({ key: largeKey, etag: etagOf(largeKey), range, into: Buffer.alloc(1_000_000) }, signal())
  const names = async () => (await store.list({ prefix: 'AS2/' as Prefix }, signal())).objects.map((it) => it.key)
  return { server, proxy, store, whole, part, names, expectedPart: large.subarray(range.start, range.end) }
}

/** A fault that is over soon: the reader never hears of it. */
const passing: Readonly<Record<string, Fault>> = {
  'a reset': { reset: 'request' },
  'a reset after the head': { reset: 'head' },
  'a cut body': { cutAfter: 700 },
  'a body that is announced shorter than it is': { shortenTo: 700 },
  'a body that stops coming': { stallAfter: 700 },
  'a connection that is dead': { stall: true },
  'an answer that is lost': { loseAnswer: 'stall' },
  '503 SlowDown': { status: 503, code: 'SlowDown' },
  '500 InternalError': { status: 500, code: 'InternalError' },
  '502 without a meaning': { status: 502, code: 'BadGateway' },
  'a timeout of the server’s own': { status: 400, code: 'RequestTimeout' },
}

t.test('what passes is not noticed', async (t) => {
  const { proxy, whole, part, names, expectedPart } = await faulty(t)
  for (const [name, fault] of Object.entries(passing)) {
    for (const [what, get, expected] of [
      ['whole', whole, small],
      ['part', part, expectedPart],
    ] as const) {
      proxy.add({ operation: 'GetObject', times: 1, fault })
      t.ok(expected.equals(await get()), `${name}, ${what}`)
      await proxy.heal()
    }
    // A listing's truncation is the subject of another test.
    proxy.add({ operation: 'ListObjectsV2', times: 1, fault })
    t.same(await names(), [largeKey, smallKey], `${name}, list`)
    await proxy.heal()
  }
})

t.test('a corrupt body of a whole object is fetched again, whoever the server is', async (t) => {
  for (const isAws of [false, true]) {
    const { proxy, whole } = await faulty(t, { isAws })
    for (const corrupt of [0, 2_000, -1]) {
      proxy.add({ operation: 'GetObject', times: 1, fault: { corrupt } })
      t.ok(small.equals(await whole()), `byte ${corrupt}, ${isAws ? 'as AWS' : 'by endpoint'}`)
      t.equal(proxy.requests.length, 2)
      proxy.requests.length = 0
    }
  }
})

t.test('a corrupt body that stays corrupt is never handed on', async (t) => {
  const { proxy, whole } = await faulty(t)
  proxy.add({ operation: 'GetObject', fault: { corrupt: 10 } })
  await t.rejects(whole(), { code: 'EIO', failure: 'transient' })
  t.ok(proxy.requests.length > 2, 'it was tried again')
})

t.test('what does not pass is an error before the patience of who waits is over', async (t) => {
  const { proxy, whole, names, server } = await faulty(t)
  const faults: readonly Fault[] = [...Object.values(passing), { corrupt: 3 }, { trickle: 10 }]
  await Promise.all(
    faults.map(async (fault, i) => {
      const key = `AS2/always/${i}` as Key
      server.put(key, small)
      proxy.add({ operation: 'GetObject', key, fault })
      const began = performance.now()
      const error: unknown = await whole(key).catch((it: unknown) => it)
      const took = performance.now() - began
      const what = `${JSON.stringify(fault)}: ${String(error)}`
      t.ok(error instanceof StoreError && ['EIO', 'ETIMEDOUT'].includes(error.code), what)
      t.ok(took < patience + 500, `${Math.round(took)} ms`)
    }),
  )
  await proxy.heal()
  await proxy.refuseConnections()
  await t.rejects(whole(), { code: 'EIO', s3Code: 'ECONNREFUSED' })
  await t.rejects(names(), { code: 'EIO', s3Code: 'ECONNREFUSED' })
  await proxy.heal()
  t.ok(small.equals(await whole()))
})

t.test('what is refused is not tried again', async (t) => {
  const { proxy, whole } = await faulty(t)
  proxy.add({ operation: 'GetObject', fault: { status: 403, code: 'AccessDenied' } })
  await t.rejects(whole(), { code: 'EACCES', failure: 'permanent' })
  t.equal(proxy.requests.length, 1)
})

t.test('a listing that was cut is no listing: what is missing in it was not deleted', async (t) => {
  const { proxy, names, server } = await faulty(t)
  for (let i = 0; i < 20; i += 1) server.put(`AS2/more${i}`, small)
  for (let bytes = 60; bytes < 3_000; bytes += 131) {
    proxy.add({ operation: 'ListObjectsV2', times: 1, fault: { shortenTo: bytes } })
    t.equal((await names()).length, 22, `${bytes} bytes came`)
    await proxy.heal()
  }
})

t.test(
  'dead connections are given back: as many reads as there are connections, and more, and then others',
  async (t) => {
    const { proxy, whole } = await faulty(t)
    const reads = maxSockets + 40
    proxy.add({ operation: 'GetObject', times: reads, fault: { stall: true } })
    await Promise.allSettled(Array.from({ length: reads }, () => whole()))
    const isRead = () =>
      whole()
        .then((it) => small.equals(it))
        .catch(() => false)
    // What did not come so far as to a connection would leave its silence to the reads that follow.
    await proxy.heal()
    await until('a read on another', isRead)
    await until('the dead ones to be closed on the other side, too', () => proxy.connections <= maxSockets)
  },
)

t.test('an object that was replaced or deleted is told apart from a failure', async (t) => {
  const { server, store } = await faulty(t)
  const etag = server.list(smallKey)[0]?.etag ?? ''
  server.put(smallKey, Buffer.from('another'))
  await t.rejects(store.get({ key: smallKey, etag }, AbortSignal.timeout(patience)), {
    code: 'ESTALE',
    failure: 'condition',
  })
  server.delete(smallKey)
  await t.rejects(store.get({ key: smallKey, etag }, AbortSignal.timeout(patience)), {
    code: 'ENOENT',
    failure: 'absent',
  })
})

t.test(
  'a server that was replaced, and has ended no connection, costs one wait, however many connections there are',
  async (t) => {
    const { proxy, names } = await faulty(t)
    await Promise.all(Array.from({ length: 5 }, names))
    t.ok(proxy.connections > 2)
    proxy.silenceConnections()
    t.strictSame(await names(), [largeKey, smallKey])
  },
)

t.test('a listing that hangs since the server was silent is asked for anew once others are answered', async (t) => {
  const { server, proxy, store } = await faulty(t)
  const hours: Milliseconds = 4 * patience
  const list = (prefix: string, within: Milliseconds) =>
    store.list({ prefix: prefix as Prefix }, AbortSignal.timeout(within)).then(({ objects }) => objects.length)
  server.put('AS2/files/one', small)
  proxy.add({ fault: { stall: true } })
  const hanging = list('AS2/files/', hours)
  // The first two tries are given up within 1.5 s, and the third one is waited for by itself till 3.5 s.
  await t.rejects(list('AS2/', patience))
  await proxy.heal()
  const began = performance.now()
  t.equal(await list('AS2/', patience), 3)
  t.equal(await hanging, 1)
  t.ok(performance.now() - began < 1_600, 'not till its own time was over')
})
