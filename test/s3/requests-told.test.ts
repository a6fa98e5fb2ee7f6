/** How requests to S3 ended, in few words: whatever a server says. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { RequestCounter } from '../../src/s3/request-counter.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import type { Store } from '../../src/s3/store.js'
import { Traffic } from '../../src/s3/traffic.js'
import { timeLimit } from '../../src/patience.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Key, Prefix } from '../../src/units.js'
import { startS3Server } from '../../src/demo/s3/server.js'

const keys = { accessKey: 'AKIATEST', secretKey: 'secret' }
const never = new AbortController().signal

function storeAt(t: Test, endpoint: string, patience = 5_000) {
  const [requests, traffic] = [new RequestCounter(systemClock), new Traffic(systemClock)]
  const own = { accessKeyId: keys.accessKey, secretAccessKey: keys.secretKey }
  const store: Store = createSdkStore({
    ...{ bucket: 'bucket', endpoint, region: 'us-east-1', pathStyle: true, patience, requests, traffic },
    credentials: { get: async () => own, refused: () => undefined },
  })
  t.teardown(() => store.close())
  return { store, requests, traffic }
}

function toldBy({ answers }: RequestCounter): Record<string, number> {
  return Object.fromEntries([...answers.outcomes.entries()].map(([kind, code, count]) => [`${kind} ${code}`, count]))
}

async function answering(t: Test, status: () => number): Promise<string> {
  const server: Server = createServer((_, response) => response.writeHead(status()).end('<html>Log in</html>'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('by its status, with the bytes that came and how long it took', async (t) => {
  const server = await startS3Server({ ...keys, bucket: 'bucket' })
  t.teardown(() => server.close())
  server.put('a/b', Buffer.from('hello'))
  const { store, requests, traffic } = storeAt(t, server.endpoint)
  await store.get({ key: 'a/b' as Key }, never)
  await t.rejects(store.get({ key: 'a/c' as Key }, never))
  t.equal(traffic.bytes.received, 5)
  await store.list({ prefix: 'a/' as Prefix }, never)
  t.ok(traffic.bytes.received > 5)
  t.same(toldBy(requests), { 'get 200': 1, 'get 404': 2, 'list 200': 1 })
  t.same(
    [...requests.answers.times()].map(([kind, { count }]) => [kind, count]),
    [
      ['get', 3],
      ['list', 1],
    ],
  )
  // What was refused without the SDK was asked for once more with it.
  t.equal(requests.total.get, 3)
})

t.test('what never arrived is told, and costs nothing', async (t) => {
  const { store, requests } = storeAt(t, 'http://127.0.0.1:9')
  await t.rejects(store.list({ prefix: 'a/' as Prefix }, timeLimit(1_500)))
  const told = toldBy(requests)
  t.same(Object.keys(told), ['list ECONNREFUSED'])
  t.equal(requests.total.list, 0)
  t.equal(requests.retries.list, (told['list ECONNREFUSED'] ?? 0) - 1, 'all but the first were made again')
})

t.test('a page of somebody else is no answer of S3, whatever its status', async (t) => {
  let status = 200
  const { store, requests } = storeAt(t, await answering(t, () => (status += 1)))
  for (let i = 0; i < 3; i += 1) {
    await t.rejects(store.head('a/b' as Key, timeLimit(2_000)))
    await t.rejects(store.get({ key: 'a/b' as Key }, timeLimit(2_000)))
  }
  t.ok(status >= 206, 'many statuses')
  const told = toldBy(requests)
  for (const kind of ['head', 'get']) t.ok((told[`${kind} not-s3`] ?? 0) > 0, kind)
  // On a machine that is slow a request may be given up before the page comes.
  t.same(
    Object.keys(told).filter((it) => !/^(head|get) (not-s3|given-up)$/.test(it)),
    [],
  )
})
