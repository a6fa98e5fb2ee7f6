/** What every S3 server answers to those who have the wrong keys, the wrong bucket or the wrong time. */
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import type { Test } from 'tap'
import type { BucketClock } from '../../../src/s3/bucket-clock.js'
import { createSdkStore } from '../../../src/s3/sdk-store.js'
import type { Store } from '../../../src/s3/store.js'
import { bytesOf, failureOf, freshPrefix, keyOf, patience, put } from './subject.js'

export interface Server {
  readonly endpoint: string
  readonly bucket: string
  readonly accessKey: string
  readonly secretKey: string
}

const minute = 60_000

interface ConnectOptions {
  readonly isAws?: boolean
  readonly sdkReads?: boolean
  readonly bucketClock?: BucketClock
}

/**
 * A store as the daemon has it.
 * @param options.isAws the server is taken for AWS, so that the SDK keeps to its defaults: checksums of all that is put, in a
 * trailer where it is a stream
 * @param options.sdkReads objects are read with the SDK alone
 */
export function connect(
  t: Test,
  server: Server,
  { isAws = false, sdkReads = false, ...more }: ConnectOptions = {},
): Store {
  const { endpoint, bucket, accessKey, secretKey } = server
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey }
  const store = createSdkStore({
    bucket,
    endpoint,
    isAws,
    sdkReads,
    ...more,
    region: 'us-east-1',
    pathStyle: true,
    patience: 30_000,
    credentials: { get: async () => credentials, refused: () => undefined },
  })
  t.teardown(() => store.close())
  return store
}

export async function testServer(t: Test, server: Server): Promise<void> {
  const attempts = async (store: Store): Promise<unknown[]> => {
    const key = keyOf(freshPrefix(), 'order.edi')
    return Promise.all([
      failureOf(store.list({ prefix: freshPrefix() }, patience())),
      failureOf(store.get({ key }, patience())),
      failureOf(put(store, key, bytesOf(10))),
      failureOf(store.createMultipart(key, patience())),
    ])
  }
  await t.test('with a wrong secret every call fails for its credentials', async (t) => {
    const outcomes = await attempts(connect(t, { ...server, secretKey: 'not the one' }))
    for (const outcome of outcomes) t.same(outcome, ['EACCES', 'credentials'])
  })
  await t.test('with a key that nobody knows too', async (t) => {
    const outcomes = await attempts(connect(t, { ...server, accessKey: 'AKIANOBODY' }))
    for (const outcome of outcomes) t.same(outcome, ['EACCES', 'credentials'])
  })
  await t.test('without such a bucket every call fails for good', async (t) => {
    const outcomes = await attempts(connect(t, { ...server, bucket: 'no-such-bucket' }))
    for (const outcome of outcomes) t.same(outcome, ['EIO', 'permanent'])
  })
  await t.test('without a signature nothing is told', async (t) => {
    const { statusCode } = await plain(`${server.endpoint}/${server.bucket}?list-type=2`)
    t.equal(statusCode, 403)
  })
  await t.test('more than 15 minutes off by their clock, requests are refused for it', async (t) => {
    t.equal(await listedAt(server, 14 * minute), 'listed')
    t.equal(await listedAt(server, -14 * minute), 'listed')
    t.equal(await listedAt(server, 16 * minute), 'RequestTimeTooSkewed')
    t.equal(await listedAt(server, -16 * minute), 'RequestTimeTooSkewed')
  })
  await t.test('answers say when they were given, and which request they are to', async (t) => {
    const { headers } = await plain(`${server.endpoint}/${server.bucket}?list-type=2`)
    t.ok(Math.abs(Date.parse(headers.date ?? '') - Date.now()) < 60_000)
    t.ok(headers['x-amz-request-id'])
  })
}

async function plain(url: string): Promise<IncomingMessage> {
  const [answer] = (await once(request(url, { agent: false }).end(), 'response')) as [IncomingMessage]
  return answer.resume()
}

/** Lists with a clock that is off. @returns S3's code if it refuses */
async function listedAt({ endpoint, bucket, accessKey, secretKey }: Server, offset: number): Promise<string> {
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, systemClockOffset: offset },
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  })
  try {
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }))
    return 'listed'
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  } finally {
    client.destroy()
  }
}
