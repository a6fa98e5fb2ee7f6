/** What a server can't do is found out by what it refuses, and left out from then on; the content goes with its checksum. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { Lacks } from '../../src/s3/lacks.js'
import { S3Refusal } from '../../src/s3/s3-refusal.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import type { Store } from '../../src/s3/store.js'
import type { Key, Prefix } from '../../src/units.js'
import { startFaultProxy } from '../helpers/fault-proxy.js'
import { credentials } from '../helpers/mounted.js'
import { bytesOf, failureOf, patience, streamOf } from './contract/subject.js'

const bucket = 'mftg-test'
const content = bytesOf(10_000)
const md5 = async () => createHash('md5').update(content).digest('base64')
const key = 'AS2/send/A/B/x.edi' as Key

async function behindProxy(t: Test) {
  const server = await startS3Server({ ...credentials, bucket })
  const proxy = await startFaultProxy(server.endpoint)
  const store = storeOf(proxy.endpoint)
  t.teardown(async () => {
    store.close()
    await proxy.close()
    await server.close()
  })
  const put = (at = key, sum = md5) =>
    store.put(
      { key: at, size: content.length, body: () => streamOf(content), md5: sum, onlyIfAbsent: true },
      patience(),
    )
  return { server, proxy, store, put }
}

function storeOf(endpoint: string): Store {
  const keys = { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey }
  return createSdkStore({
    ...{ bucket, region: 'us-east-1', pathStyle: true, patience: 5_000, endpoint },
    credentials: { get: async () => keys, refused: () => undefined },
  })
}

t.test('a server that refuses If-None-Match', async (t) => {
  const { server, proxy, store, put } = await behindProxy(t)
  proxy.add({ header: 'if-none-match', fault: { status: 501, code: 'NotImplemented' } })
  t.same(await failureOf(put()), ['EIO', 'unsupported'])
  t.same([...store.lacks], ['if-none-match'])
  await put()
  t.ok(server.get(key)?.equals(content))
  const large = 'AS2/send/A/B/large' as Key
  const id = await store.createMultipart(large, patience())
  const part = { number: 1, size: content.length, body: () => streamOf(content), md5 }
  const parts = [await store.uploadPart(large, id, part, patience())]
  await store.completeMultipart(large, id, parts, true, patience())
  t.ok(server.get(large)?.equals(content))
})

t.test('a server that refuses Content-MD5, without a word of what it refuses', async (t) => {
  const { server, proxy, store, put } = await behindProxy(t)
  proxy.add({ header: 'content-md5', fault: { status: 501, code: 'NotImplemented' } })
  t.same(await failureOf(put()), ['EIO', 'unsupported'])
  t.same(await failureOf(put()), ['EIO', 'unsupported'])
  t.same([...store.lacks], ['content-md5'], 'it was not the other one')
  await put()
  t.same(await failureOf(put()), ['EEXIST', 'condition'], 'and the other one holds')
  t.ok(server.get(key)?.equals(content))
})

t.test('a server that refuses both', async (t) => {
  const { proxy, store, put } = await behindProxy(t)
  for (const header of ['if-none-match', 'content-md5']) {
    proxy.add({ header, fault: { status: 501, code: 'NotImplemented' } })
  }
  for (let tries = 0; tries < 3; tries += 1) t.same(await failureOf(put()), ['EIO', 'unsupported'])
  await put()
  t.same([...store.lacks].sort(), ['content-md5', 'if-none-match'])
})

t.test('a part is sent again without its MD5 at once', async (t) => {
  const { proxy, store } = await behindProxy(t)
  proxy.add({ header: 'content-md5', fault: { status: 400, code: 'InvalidDigest' } })
  const id = await store.createMultipart(key, patience())
  const part = { number: 1, size: content.length, body: () => streamOf(content), md5 }
  t.match(await store.uploadPart(key, id, part, patience()), { number: 1 })
  t.same([...store.lacks], ['content-md5'])
})

t.test('a page with 501, and refusals of something else, say nothing of what a server can do', async (t) => {
  const { proxy, store, put } = await behindProxy(t)
  proxy.add({ times: 1, fault: { page: { status: 501, body: 'If-None-Match is not implemented' } } })
  t.same(await failureOf(put()), ['EIO', 'transient'])
  proxy.add({ times: 1, fault: { status: 400, code: 'InvalidArgument' } })
  t.same(await failureOf(put()), ['EIO', 'permanent'])
  t.same([...store.lacks], [])
})

t.test('what a refusal names', async (t) => {
  const refusal = (code: string, said: Record<string, string> = {}) =>
    new S3Refusal({ statusCode: 400, headers: {} }, new Map(Object.entries({ Code: code, ...said })))
  const both = ['if-none-match', 'content-md5'] as const
  const told = (it: S3Refusal) => new Lacks().refused(it, both)
  t.equal(told(refusal('NotImplemented', { Header: 'Content-MD5' })), 'content-md5')
  t.equal(told(refusal('NotImplemented', { Header: 'x-amz-acl' })), undefined)
  t.equal(told(refusal('InvalidArgument', { Message: 'Invalid value of If-None-Match' })), 'if-none-match')
  t.equal(told(refusal('InvalidRequest', { Message: 'Nothing works' })), undefined)
  t.equal(told(refusal('InvalidDigest')), 'content-md5')
  t.equal(told(refusal('BadDigest')), undefined)
  t.equal(told(refusal('AccessDenied', { Message: 'If-None-Match' })), undefined)
  t.equal(new Lacks().refused(refusal('NotImplemented'), []), undefined)
})

t.test('content that is changed on its way is refused, and sent again', async (t) => {
  const { server, proxy, put } = await behindProxy(t)
  proxy.add({ operation: 'PutObject', times: 1, fault: { corruptUpload: 5_000 } })
  t.same(await failureOf(put()), ['EIO', 'transient'])
  t.equal(server.get(key), undefined)
  await put()
  t.ok(server.get(key)?.equals(content))
})

t.test('keys are taken as they are from a server that does not encode them', async (t) => {
  const keys = ['AS2/100%2B.edi', 'AS2/a b.edi', 'AS2/a+b.edi']
  const contents = keys.map(
    (it) => `<Contents><Key>${it}</Key><LastModified>2026-03-03T09:30:00Z</LastModified><Size>1</Size></Contents>`,
  )
  const page = `<ListBucketResult><Prefix>AS2/</Prefix><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`
  const server = createServer((_, response) => response.end(page))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const store = storeOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => {
    store.close()
    server.close()
  })
  const { objects } = await store.list({ prefix: 'AS2/' as Prefix }, patience())
  t.same(
    objects.map((it) => it.key),
    keys,
  )
  t.same([...store.lacks], ['encoding-type'])
})
