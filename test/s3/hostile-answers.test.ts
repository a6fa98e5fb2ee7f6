/** Every kind of request, and everything that may come in S3's place: none of it is believed, and all of it passes. */
import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { startS3Server } from '../../src/demo/s3/server.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { StoreError } from '../../src/s3/store-error.js'
import type { Store } from '../../src/s3/store.js'
import type { Key, Milliseconds, Prefix } from '../../src/units.js'
import { startFaultProxy } from '../helpers/fault-proxy.js'
import type { Fault } from '../helpers/faults.js'
import { hostileAnswers, type HostileAnswer } from '../helpers/hostile-answers.js'
import { credentials } from '../helpers/mounted.js'
import { streamOf } from './contract/subject.js'

const bucket = 'mftg-test'
const content = Buffer.from("UNB+UNOC:3+'".repeat(300))
const digest = createHash('md5').update(content).digest('hex')
const patience: Milliseconds = 1_500
/** Requests under way at a time, and stores for them: each has 64 connections. */
const atOnce = 128
const stores = 4

async function hostile(t: Test) {
  const server = await startS3Server({ ...credentials, bucket })
  const proxy = await startFaultProxy(server.endpoint)
  const keys = { accessKeyId: credentials.accessKey, secretAccessKey: credentials.secretKey }
  const all = Array.from({ length: stores }, () =>
    createSdkStore({
      ...{ bucket, region: 'us-east-1', pathStyle: true, patience, endpoint: proxy.endpoint },
      credentials: { get: async () => keys, refused: () => undefined },
    }),
  )
  t.teardown(async () => {
    for (const store of all) store.close()
    await proxy.close()
    await server.close()
  })
  return { server, proxy, all }
}

type World = Awaited<ReturnType<typeof hostile>>

interface Request {
  readonly operation: string
  /** Makes what the request needs, below a prefix. @returns what a rule goes by, and the request */
  readonly prepare: (world: World, prefix: string) => { readonly about: string; readonly send: Send }
}
/** @returns whether the answer is right */
type Send = (store: Store, signal: AbortSignal) => Promise<boolean>

const put = (key: Key): Parameters<Store['put']>[0] => ({
  ...{ key, size: content.length, onlyIfAbsent: true, body: () => streamOf(content) },
  md5: async () => createHash('md5').update(content).digest('base64'),
})

const requests: readonly Request[] = [
  {
    operation: 'ListObjectsV2',
    prepare: ({ server }, prefix) => {
      server.put(`${prefix}a`, content)
      server.put(`${prefix}b`, content)
      const send: Send = async (store, signal) => {
        const { objects, next } = await store.list({ prefix: prefix as Prefix }, signal)
        return objects.map((it) => it.key).join() === `${prefix}a,${prefix}b` && next === undefined
      }
      return { about: prefix, send }
    },
  },
  {
    operation: 'GetObject',
    prepare: ({ server }, prefix) => {
      server.put(`${prefix}whole`, content)
      const key = `${prefix}whole` as Key
      const send: Send = async (store, signal) =>
        content.equals(await store.get({ key, etag: digest, into: Buffer.alloc(content.length) }, signal))
      return { about: key, send }
    },
  },
  {
    operation: 'GetObject',
    prepare: ({ server }, prefix) => {
      server.put(`${prefix}listed`, content)
      const key = `${prefix}listed` as Key
      const send: Send = async (store, signal) =>
        content.equals(await store.get({ key, etag: digest, size: content.length }, signal))
      return { about: key, send }
    },
  },
  {
    operation: 'GetObject',
    prepare: ({ server }, prefix) => {
      server.put(`${prefix}part`, content)
      const key = `${prefix}part` as Key
      const range = { start: 100, end: 300 }
      const send: Send = async (store, signal) =>
        content.subarray(100, 300).equals(await store.get({ key, etag: digest, range }, signal))
      return { about: key, send }
    },
  },
  {
    operation: 'HeadObject',
    prepare: ({ server }, prefix) => {
      server.put(`${prefix}head`, content)
      const key = `${prefix}head` as Key
      const send: Send = async (store, signal) => (await store.head(key, signal))?.size === content.length
      return { about: key, send }
    },
  },
  {
    operation: 'PutObject',
    prepare: ({ server }, prefix) => {
      const key = `${prefix}put` as Key
      const send: Send = async (store, signal) => {
        const { etag } = await store.put(put(key), signal)
        return etag === digest && server.get(key)?.equals(content) === true
      }
      return { about: key, send }
    },
  },
  {
    operation: 'CreateMultipartUpload',
    prepare: ({ server }, prefix) => {
      const key = `${prefix}create` as Key
      const send: Send = async (store, signal) => {
        const id = await store.createMultipart(key, signal)
        return server.uploads.list().some((it) => it.id === id && it.key === key)
      }
      return { about: key, send }
    },
  },
  {
    operation: 'UploadPart',
    prepare: ({ server }, prefix) => {
      const key = `${prefix}part` as Key
      const id = server.uploads.create(key)
      const { size, body, md5: sum } = put(key)
      const send: Send = async (store, signal) => {
        const part = { number: 1, size, body, ...(sum ? { md5: sum } : {}) }
        return (await store.uploadPart(key, id, part, signal)).etag === digest
      }
      return { about: key, send }
    },
  },
  {
    operation: 'CompleteMultipartUpload',
    prepare: ({ server }, prefix) => {
      const key = `${prefix}complete` as Key
      const id = server.uploads.create(key)
      const etag = server.uploads.add(id, 1, content)
      const send: Send = async (store, signal) => {
        const result = await store.completeMultipart(key, id, [{ number: 1, etag }], true, signal)
        return /^[0-9a-f]{32}-1$/.test(result.etag) && server.get(key)?.equals(content) === true
      }
      return { about: key, send }
    },
  },
  {
    operation: 'AbortMultipartUpload',
    prepare: ({ server }, prefix) => {
      const key = `${prefix}abort` as Key
      const id = server.uploads.create(key)
      const send: Send = async (store, signal) => {
        await store.abortMultipart(key, id, signal)
        return !server.uploads.list().some((it) => it.id === id)
      }
      return { about: key, send }
    },
  },
]

interface Cell {
  readonly name: string
  readonly about: string
  readonly send: Send
}

function cellOf(world: World, { operation, prepare }: Request, { name, fault }: HostileAnswer, at: string): Cell {
  const { about, send } = prepare(world, `AS2/${at}/`)
  world.proxy.add({ operation, key: about, fault })
  return { name: `${operation}: ${name}`, about, send }
}

/** The answer to a HEAD has no word of why: a 403 of S3's own is its no. */
function isTold({ operation }: Request, fault: Fault): boolean {
  return operation !== 'HeadObject' || !('status' in fault && fault.status === 403)
}

t.test('no answer but S3’s own is believed, and what it says passes', async (t) => {
  const world = await hostile(t)
  const cells = requests.flatMap((request, row) =>
    hostileAnswers
      .filter(({ fault }) => isTold(request, fault))
      .map((answer, column) => cellOf(world, request, answer, `${row}-${column}`)),
  )
  const wrong: string[] = []
  const waiting = [...cells.entries()]
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [number, { name, send }] = next
      const store = world.all[number % stores]!
      const outcome = await send(store, AbortSignal.timeout(patience)).catch((error: unknown) => error)
      const isFine = outcome === true || (outcome instanceof StoreError && outcome.failure === 'transient')
      if (!isFine) wrong.push(`${name}: ${String(outcome)}`)
    }
  }
  const before = process.memoryUsage().rss
  await Promise.all(Array.from({ length: atOnce }, work))
  t.same(wrong, [])
  const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20)
  t.ok(grown < 700, `${grown} MiB more, with the server and the proxy in this process`)

  await world.proxy.heal()
  for (const { name, send } of cells.filter((it) => /^(List|Get|Head)/.test(it.name))) {
    t.ok(await send(world.all[0]!, AbortSignal.timeout(10_000)), `${name}, over`)
  }
})

t.test('what has no end is taken in no greater part than there may be', async (t) => {
  const endless = hostileAnswers.filter(
    ({ fault }) => 'page' in fault && fault.page.endless && !fault.page.rate && !fault.carriedOut,
  )
  t.ok(endless.length >= 4)
  const measured = requests.map(async (request) => {
    const world = await hostile(t)
    for (const [column, answer] of endless.entries()) {
      const { name, send } = cellOf(world, request, answer, `endless-${column}`)
      const before = { sent: world.proxy.sent, requests: world.proxy.requests.length }
      await send(world.all[0]!, AbortSignal.timeout(patience)).catch(() => undefined)
      const tries = world.proxy.requests.length - before.requests
      // What is on its way when the connection ends is not taken.
      const taken = (world.proxy.sent - before.sent) / tries / 2 ** 20
      t.ok(taken < 24, `${name}: ${taken.toFixed(1)} MiB a try, ${tries} tries`)
    }
  })
  await Promise.all(measured)
})
