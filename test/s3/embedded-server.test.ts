/** The contract of the store on the embedded server: what it says, real S3 says too (`radosgw.test.ts`). */
import t from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { BucketClock } from '../../src/s3/bucket-clock.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Prefix } from '../../src/units.js'
import { testListing } from './contract/listing.js'
import { testReading } from './contract/reading.js'
import { connect, testServer } from './contract/server.js'
import { patience, type Subject } from './contract/subject.js'
import { testMultipart, testWriting } from './contract/writing.js'
import { clockOf } from '../helpers/clock-of.js'

const keys = { bucket: 'mftg-test', accessKey: 'AKIATESTTESTTEST', secretKey: 'test-secret/+=' }
const clients = {
  'as for servers that are not AWS': { isAws: false, sdkReads: false, pageLimit: 1000 },
  'by pages that are short without being the last, and with the SDK alone': {
    ...{ isAws: false, sdkReads: true, pageLimit: 7 },
  },
  'as for AWS, with the SDK’s checksums': { isAws: true, sdkReads: false, pageLimit: 1000 },
}

for (const [how, { pageLimit, ...options }] of Object.entries(clients)) {
  t.test(how, async (t) => {
    const server = await startS3Server({ ...keys, pageLimit })
    t.teardown(() => server.close())
    const subject: Subject = {
      store: connect(t, { ...keys, endpoint: server.endpoint }, options),
      put: async (key, content) => server.put(key, content),
      delete: async (key) => server.delete(key),
      differences: [],
    }
    await testListing(t, subject)
    await testReading(t, subject)
    await testWriting(t, subject)
    await testMultipart(t, subject)
  })
}

t.test('who may not', async (t) => {
  const server = await startS3Server(keys)
  t.teardown(() => server.close())
  await testServer(t, { ...keys, endpoint: server.endpoint })
})

t.test('a machine whose clock is off can mount all the same: the server says what time it is', async (t) => {
  const server = await startS3Server({ ...keys, clock: clockOf(() => Date.now() + 20 * 60_000) })
  t.teardown(() => server.close())
  server.put('AS2/order.edi', Buffer.from('ISA'))
  const store = connect(t, { ...keys, endpoint: server.endpoint })
  t.match(await store.list({ prefix: 'AS2/' as Prefix }, patience()), { objects: [{ key: 'AS2/order.edi' }] })
  t.same(
    server.requests.list.map((it) => it.status),
    [403, 200],
  )
})

t.test('a refusal tells the bucket’s time as well', async (t) => {
  const server = await startS3Server({ ...keys, clock: clockOf(() => Date.now() + 3 * 60_000) })
  t.teardown(() => server.close())
  server.intercept = () => ({ status: 403, code: 'AccessDenied' })
  const bucketClock = new BucketClock(systemClock)
  const store = connect(t, { ...keys, endpoint: server.endpoint }, { bucketClock })
  await t.rejects(store.list({ prefix: 'AS2/' as Prefix }, patience()), { code: 'EACCES' })
  t.ok(Math.abs((bucketClock.now() ?? 0) - Date.now() - 3 * 60_000) < 60_000, 'three minutes ahead')
})
