/** The proxy that other tests trust: each fault is what it says, and what passes is as it was signed. */
import { S3Client, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { createServer, request } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import { type Fault, FaultRules } from './faults.js'
import { hostileAnswers } from './hostile-answers.js'
import { credentials } from './mounted.js'
import { until } from './until.js'

const bucket = 'mftg-test'
const content = Buffer.from('0123456789')

async function behindProxy(t: Test, fault?: Fault) {
  const server = await startS3Server({ ...credentials, bucket })
  const proxy = await startFaultProxy(server.endpoint)
  const client = new S3Client({
    ...{ endpoint: proxy.endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 },
    credentials: { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey },
  })
  t.teardown(async () => {
    client.destroy()
    await proxy.close()
    await server.close()
  })
  server.put('AS2/a b.edi', content)
  if (fault) proxy.add({ fault })
  const get = () => client.send(new GetObjectCommand({ Bucket: bucket, Key: 'AS2/a b.edi' }))
  const put = (body: Buffer) => client.send(new PutObjectCommand({ Bucket: bucket, Key: 'AS2/send/x', Body: body }))
  return { server, proxy, client, get, put }
}

interface Outcome {
  status: number
  text: string
  length: string
  error: string | undefined
}

/** One GET without a signature: what comes, byte by byte, until the end or silence. */
function raw(proxy: FaultProxy): Promise<Outcome> {
  return new Promise((resolve) => {
    const outcome: Outcome = { status: 0, text: '', length: '', error: undefined }
    const fail = (error: Error) => {
      outcome.error = error.message
      resolve(outcome)
    }
    request(`${proxy.endpoint}/${bucket}/AS2/raw`, (answer) => {
      outcome.status = answer.statusCode ?? 0
      outcome.length = answer.headers['content-length'] ?? ''
      answer.setEncoding('latin1').on('data', (chunk: string) => (outcome.text += chunk))
      answer.on('error', fail).on('end', () => resolve(outcome))
    })
      .on('error', fail)
      .setTimeout(500, () => fail(new Error('silence')))
      .end()
  })
}

t.test('without rules requests pass as they were signed', async (t) => {
  const { get, put, client, proxy, server } = await behindProxy(t)
  const { Body } = await get()
  t.equal(await Body?.transformToString(), content.toString())
  await put(Buffer.alloc(3_000_000, 'x'))
  t.equal(server.get('AS2/send/x')?.length, 3_000_000)
  await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'AS2/' }))
  t.match(proxy.requests, [
    { operation: 'GetObject', key: 'AS2/a b.edi' },
    { operation: 'PutObject', key: 'AS2/send/x' },
    { operation: 'ListObjectsV2', key: 'AS2/' },
  ])
})

t.test('faults', async (t) => {
  const cases: [string, Fault, Partial<Outcome>][] = [
    ['stall', { stall: true }, { status: 0, text: '', error: 'silence' }],
    ['reset of the request', { reset: 'request' }, { status: 0, text: '', error: 'read ECONNRESET' }],
    ['reset after the head', { reset: 'head' }, { status: 200, text: '', error: 'aborted' }],
    ['cut', { cutAfter: 4 }, { status: 200, text: '0123', error: 'aborted', length: '10' }],
    ['shorten', { shortenTo: 4 }, { status: 200, text: '0123', length: '4' }],
    ['silence within', { stallAfter: 4 }, { status: 200, text: '0123', error: 'silence', length: '10' }],
    ['corrupt', { corrupt: 1 }, { status: 200, text: '0\xce23456789' }],
    ['corrupt near the end', { corrupt: -1 }, { status: 200, text: '012345678\xc6' }],
    ['lost answer', { loseAnswer: 'reset' }, { status: 0, text: '', error: 'read ECONNRESET' }],
    ['lost answer, silence', { loseAnswer: 'stall' }, { status: 0, text: '', error: 'silence' }],
    ['trickle', { trickle: 100 }, { status: 200, text: '0123456789' }],
    ['delay', { delay: 20 }, { status: 200, text: '0123456789' }],
    ['chunked', { framing: 'chunked' }, { status: 200, text: '0123456789', length: '' }],
    ['ended by the connection', { framing: 'close' }, { status: 200, text: '0123456789', length: '' }],
    ['a page', { page: { status: 407, body: 'sign in' } }, { status: 407, text: 'sign in', length: '7' }],
    ['no page', { page: { status: 204 } }, { status: 204, text: '', length: '' }],
    ['a page in chunks', { page: { status: 200, body: 'x', framing: 'chunked' } }, { text: 'x', length: '' }],
    ['a page that ends', { page: { status: 200, body: 'x', framing: 'close' } }, { text: 'x', length: '' }],
  ]
  // No signatures here, so that what comes can be seen as it is.
  const plain = createServer((_, response) => response.writeHead(200, { 'content-length': 10 }).end(content))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const { port } = plain.address() as AddressInfo
  for (const [name, fault, expected] of cases) {
    const proxy = await startFaultProxy(`http://127.0.0.1:${port}`)
    const outcome = await raw(proxy.add({ fault }))
    t.match(outcome, expected, name)
    t.equal(outcome.error, expected.error, name)
    await proxy.close()
  }
  plain.close()
})

t.test('an error is one that the SDK reads', async (t) => {
  const { get } = await behindProxy(t, { status: 503, code: 'SlowDown' })
  await t.rejects(get(), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } })
})

t.test('a lost answer: the object is in the bucket, and the client does not know', async (t) => {
  const { put, server } = await behindProxy(t, { loseAnswer: 'reset' })
  await t.rejects(put(content))
  t.equal(server.get('AS2/send/x')?.toString(), content.toString())
})

t.test('another’s answer, though the request was carried out', async (t) => {
  const { put, server } = await behindProxy(t, { page: { status: 200, body: 'hello' }, carriedOut: true })
  t.equal((await put(content)).ETag, undefined)
  t.equal(server.get('AS2/send/x')?.toString(), content.toString())
})

t.test('a page without end goes on until the client has enough', async (t) => {
  const { proxy } = await behindProxy(t, { page: { status: 200, body: 'begin', endless: 'more' } })
  const bytes = await new Promise<number>((resolve) => {
    request(`${proxy.endpoint}/${bucket}/x`, (answer) => {
      let heard = 0
      answer.on('data', (chunk: Buffer) => {
        heard += chunk.length
        if (heard > 5_000_000) answer.destroy()
      })
      answer.on('error', () => undefined).on('close', () => resolve(heard))
    }).end()
  })
  t.ok(bytes > 5_000_000)
  await until('the end of the connection', () => proxy.connections === 0)
})

t.test('hostile answers have names of their own', async (t) => {
  const names = hostileAnswers.map((it) => it.name)
  t.same([...new Set(names)], names)
})

t.test('a cut upload never becomes an object', async (t) => {
  const { put, server, proxy } = await behindProxy(t, { cutUploadAfter: 100_000 })
  await t.rejects(put(Buffer.alloc(3_000_000, 'x')))
  await proxy.heal()
  await put(content)
  t.equal(server.requests.list.filter((it) => it.operation === 'PutObject' && it.status === 200).length, 1)
})

t.test('refused connections heal on the same port', async (t) => {
  const { get, proxy } = await behindProxy(t)
  await get()
  await proxy.refuseConnections()
  await t.rejects(get(), { code: 'ECONNREFUSED' })
  t.equal(proxy.connections, 0)
  await proxy.heal()
  t.equal(await (await get()).Body?.transformToString(), content.toString())
})

t.test('whoever gives up a stalled request frees its connection', async (t) => {
  const { client, proxy } = await behindProxy(t, { stall: true })
  const list = client.send(new ListObjectsV2Command({ Bucket: bucket }), { abortSignal: AbortSignal.timeout(200) })
  await t.rejects(list)
  await until('the end of the connection', () => proxy.connections === 0)
})

t.test('rules', async (t) => {
  const slow: Fault = { delay: 1 }
  const rules = (...all: Parameters<FaultRules['add']>[0][]) => {
    const them = new FaultRules(7)
    for (const it of all) them.add(it)
    return them
  }
  await t.test('choose by operation and key', async (t) => {
    const them = rules({ operation: ['PutObject', 'UploadPart'], key: /\.edi$/, fault: slow })
    t.equal(them.faultFor('PutObject', 'a.edi'), slow)
    t.equal(them.faultFor('UploadPart', 'a.edi'), slow)
    t.equal(them.faultFor('PutObject', 'a.xml'), undefined)
    t.equal(them.faultFor('GetObject', 'a.edi'), undefined)
    t.equal(rules({ key: 'a', fault: slow }).faultFor('GetObject', 'ab'), undefined)
  })
  await t.test('choose by header', async (t) => {
    const them = rules({ header: 'if-none-match', fault: slow })
    t.equal(them.faultFor('PutObject', 'a'), undefined)
    t.equal(them.faultFor('PutObject', 'a', { 'if-none-match': '*' }), slow)
  })
  await t.test('come to an end', async (t) => {
    const them = rules({ times: 2, fault: slow })
    t.same(
      [1, 2, 3].map(() => them.faultFor('GetObject', 'a') !== undefined),
      [true, true, false],
    )
  })
  await t.test('let a request through that was hit often enough in a row', async (t) => {
    const them = rules({ inARow: 2, fault: slow })
    const isHit = (range: string) => them.faultFor('GetObject', 'a', { range }) !== undefined
    t.same(
      ['1', '1', '2', '1', '1'].map((range) => isHit(range)),
      [true, true, true, false, true],
    )
  })
  await t.test('hit by chance, the same with the same seed', async (t) => {
    const hits = () => {
      const them = rules({ probability: 0.3, fault: slow })
      return Array.from({ length: 1000 }, () => them.faultFor('GetObject', 'a') !== undefined)
    }
    const share = hits().filter(Boolean).length / 1000
    t.ok(share > 0.25 && share < 0.35, `${share}`)
    t.same(hits(), hits())
  })
})

t.test('nothing goes on once it is closed, also of an answer that waited behind another', async (t) => {
  const plain = createServer((_, response) => response.end(content))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  const proxy = await startFaultProxy(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`)
  proxy.add(
    { key: 'first', fault: { stall: true } },
    { key: 'second', fault: { page: { status: 200, endless: 'x', rate: 200 } } },
  )
  const socket = connect(Number(new URL(proxy.endpoint).port), '127.0.0.1').on('error', () => undefined)
  for (const key of ['first', 'second']) socket.write(`GET /bucket/${key} HTTP/1.1\r\nhost: x\r\n\r\n`)
  await until('both requests', () => proxy.requests.length === 2)
  await proxy.close()
  plain.close()
  await until('the end of all timers', () => !process.getActiveResourcesInfo().includes('Timeout'), 10_000)
  t.pass('none is left')
})
