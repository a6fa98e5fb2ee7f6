/** Objects read without the SDK: the same as with it, whatever answers, and the SDK is asked wherever something is unusual. */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { startS3Server } from '../../../src/demo/s3/server.js'
import { createSdkStore } from '../../../src/s3/sdk-store.js'
import { StoreError } from '../../../src/s3/store-error.js'
import type { GetRequest, Store } from '../../../src/s3/store.js'
import { RequestCounter } from '../../../src/s3/request-counter.js'
import { systemClock } from '../../../src/telemetry/clock.js'
import type { Key } from '../../../src/units.js'
import { startFaultProxy } from '../../helpers/fault-proxy.js'
import type { Fault } from '../../helpers/faults.js'
import { hostileAnswers } from '../../helpers/hostile-answers.js'
import { credentials } from '../../helpers/mounted.js'
import { until } from '../../helpers/until.js'

const bucket = 'mftg-test'
const content = Buffer.from("UNB+UNOC:3+'".repeat(300))
const etag = createHash('md5').update(content).digest('hex')
const [warm, key] = ['AS2/warm', 'AS2/order é (1).edi'] as Key[]
const requests: readonly GetRequest[] = [
  { key: key!, etag },
  { key: key!, etag, range: { start: 100, end: 300 } },
]

/**
 * `lean` has read an object, so that the next one is asked for without the SDK.
 * @param patience a quarter of it is how long a read may be silent before it is given up, on a busy machine as well
 */
async function world(t: Test, patience = 80_000) {
  const server = await startS3Server({ ...credentials, bucket })
  const proxy = await startFaultProxy(server.endpoint)
  server.put(warm!, content)
  server.put(key!, content)
  const keys = { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey }
  const stores: Store[] = []
  const storeOf = (sdkReads: boolean, counter?: RequestCounter): Store => {
    const store = createSdkStore({
      ...{ bucket, region: 'us-east-1', pathStyle: true, patience, endpoint: proxy.endpoint, sdkReads },
      ...(counter ? { requests: counter } : {}),
      credentials: { get: async () => keys, refused: () => undefined },
    })
    stores.push(store)
    return store
  }
  const lean = async (counter?: RequestCounter): Promise<Store> => {
    const store = storeOf(false, counter)
    await store.get({ key: warm! }, signal())
    return store
  }
  t.teardown(async () => {
    for (const store of stores) store.close()
    await proxy.close()
    await server.close()
  })
  return { server, proxy, keys, lean, storeOf }
}

const signal = (): AbortSignal => AbortSignal.timeout(20_000)

async function outcome(store: Store, request: GetRequest): Promise<string> {
  try {
    const bytes = await store.get(request, signal())
    const { start, end } = request.range ?? { start: 0, end: content.length }
    return content.subarray(start, end).equals(bytes) ? 'right' : 'wrong'
  } catch (error) {
    return error instanceof StoreError ? `${error.code} ${error.failure}` : String(error)
  }
}

t.test('the second object is read without the SDK, with nothing but a GET', async (t) => {
  const { proxy, lean } = await world(t)
  const store = await lean()
  const before = proxy.requests.length
  for (const request of requests) t.equal(await outcome(store, request), 'right')
  const agents = proxy.requests.slice(before).map((it) => it.agent)
  t.ok(agents.length === 2 && agents.every((it) => it.startsWith('as2fs/')), agents.join())
})

t.test('--sdk-reads: all are read with the SDK', async (t) => {
  const { proxy, storeOf } = await world(t)
  const store = storeOf(true)
  const before = proxy.requests.length
  for (const request of [...requests, ...requests]) t.equal(await outcome(store, request), 'right')
  const agents = proxy.requests.slice(before).map((it) => it.agent)
  t.ok(agents.length === 4 && agents.every((it) => it.startsWith('aws-sdk-js/')), agents.join())
})

t.test('whatever is answered once, the right bytes are read', async (t) => {
  const { proxy, server, lean } = await world(t, 2_000)
  const more: readonly (readonly [string, Fault])[] = [
    ['cut', { cutAfter: 100 }],
    ['shorter', { shortenTo: 100 }],
    ['garbled', { corrupt: 50 }],
    ['reset', { reset: 'request' }],
    ['reset after the head', { reset: 'head' }],
    ['stalled', { stall: true }],
    ['stalled in the middle', { stallAfter: 50 }],
    ['in chunks', { framing: 'chunked' }],
    ['to the end of the connection', { framing: 'close' }],
    ['throttled', { status: 503, code: 'SlowDown' }],
  ]
  const all = [...more, ...hostileAnswers.map(({ name, fault }) => [name, fault] as const)]
  const isPassing = (fault: Fault): boolean => !('status' in fault) || fault.status >= 500
  const passing = all.filter(([, fault]) => isPassing(fault))
  const wrong: string[] = []
  const cells = passing.flatMap(([name, fault], row) =>
    requests.map((request, column) => ({ name, fault, request, own: `AS2/${row}-${column}` as Key })),
  )
  const work = async (): Promise<void> => {
    for (let cell = cells.pop(); cell; cell = cells.pop()) {
      const { name, fault, request, own } = cell
      server.put(own, content)
      const store = await lean()
      proxy.add({ operation: 'GetObject', key: own, times: 1, fault })
      const found = await outcome(store, { ...request, key: own })
      // Of a part there is no checksum, whoever reads it.
      if (found !== 'right' && !(name === 'garbled' && request.range)) wrong.push(`${name}: ${found}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, work))
  t.same(wrong, [])
})

t.test('whatever is answered for good, it is the error that it is with the SDK', async (t) => {
  const { proxy, lean, storeOf } = await world(t)
  const refusals: readonly Fault[] = [
    { status: 403, code: 'AccessDenied' },
    { status: 403, code: 'InvalidAccessKeyId' },
    { status: 404, code: 'NoSuchKey' },
    { status: 412, code: 'PreconditionFailed' },
    { status: 404, code: 'NoSuchBucket' },
  ]
  for (const fault of refusals) {
    proxy.add({ operation: 'GetObject', key: key!, fault })
    for (const request of requests) {
      t.equal(await outcome(await lean(), request), await outcome(storeOf(true), request), JSON.stringify(fault))
    }
    await proxy.heal()
  }
})

t.test('an object that was replaced is told, and read in its new version', async (t) => {
  const { server, lean } = await world(t)
  const store = await lean()
  server.put(key!, Buffer.from('another'))
  t.equal(await outcome(store, { key: key!, etag }), 'ESTALE condition')
  t.equal(Buffer.from(await store.get({ key: key! }, signal())).toString(), 'another')
  server.delete(key!)
  t.equal(await outcome(store, { key: key! }), 'ENOENT absent')
})

t.test('keys that are rotated', async (t) => {
  const { server, keys, lean } = await world(t)
  const store = await lean()
  t.equal(await outcome(store, requests[0]!), 'right')
  server.keys = { accessKey: 'AKIAROTATED', secretKey: 'rotated' }
  t.equal(await outcome(store, requests[0]!), 'EACCES credentials')
  Object.assign(keys, { accessKeyId: 'AKIAROTATED', secretAccessKey: 'rotated' })
  // The SDK keeps keys for as long as they say that they hold.
  const rotated = await lean()
  t.equal(await outcome(rotated, requests[0]!), 'right')
})

t.test('after an unusual answer the SDK is asked until it was given an object; every request is counted', async (t) => {
  const { proxy, lean } = await world(t)
  const counter = new RequestCounter(systemClock)
  const store = await lean(counter)
  const before = proxy.requests.length
  proxy.add({ operation: 'GetObject', key: key!, times: 1, fault: { framing: 'chunked' } })
  for (let i = 0; i < 3; i += 1) t.equal(await outcome(store, requests[0]!), 'right')
  const agents = proxy.requests.slice(before).map((it) => it.agent.split('/')[0])
  t.same(agents, ['as2fs', 'aws-sdk-js', 'as2fs', 'as2fs'])
  t.equal(counter.total.get, 1 + agents.length)
})

t.test('a server whose answers are always unusual is asked twice now and then only', async (t) => {
  const { proxy, lean } = await world(t)
  const store = await lean()
  proxy.add({ operation: 'GetObject', fault: { framing: 'chunked' } })
  const before = proxy.requests.length
  for (let i = 0; i < 50; i += 1) t.equal(await outcome(store, requests[0]!), 'right')
  t.ok(proxy.requests.length - before <= 54, `${proxy.requests.length - before} requests for 50 reads`)
})

t.test(
  'more reads at a time than it has connections: the SDK takes the others, and it is asked again after them',
  async (t) => {
    const { proxy, lean } = await world(t)
    const store = await lean()
    proxy.add({ operation: 'GetObject', fault: { delay: 300 } })
    const all = await Promise.all(Array.from({ length: 100 }, () => outcome(store, requests[0]!)))
    t.ok(all.every((it) => it === 'right'))
    await proxy.heal()
    t.equal(await outcome(store, requests[0]!), 'right')
    t.match(proxy.requests.at(-1)?.agent, /^as2fs/)
  },
)

t.test('connections that end together are one unusual answer: what comes next is read without the SDK', async (t) => {
  const { proxy, lean } = await world(t)
  const store = await lean()
  const before = proxy.requests.length
  proxy.add({ operation: 'GetObject', times: 20, fault: { stall: true } })
  const all = Array.from({ length: 20 }, () => outcome(store, requests[0]!))
  await until('all to be asked', () => proxy.requests.length === before + all.length)
  proxy.resetConnections()
  t.ok((await Promise.all(all)).every((it) => it === 'right'))
  t.ok(proxy.requests.slice(before, before + all.length).every((it) => it.agent.startsWith('as2fs/')))
  t.equal(await outcome(store, requests[0]!), 'right')
  t.match(proxy.requests.at(-1)?.agent, /^as2fs/)
})

t.test('closed, it leaves no connection', async (t) => {
  const { proxy, lean } = await world(t)
  const store = await lean()
  await outcome(store, requests[0]!)
  store.close()
  t.ok(await until('the connections to be closed', () => proxy.connections === 0))
})
