/** The S3 server of the benchmark, in a process of its own; its parent talks to it by messages. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../../../src/units.js'
import type { Sizes } from '../sizes.js'
import { BenchBucket } from './bucket.js'
import { objectAt, objectsOf } from './fill.js'
import { Listings } from './listing.js'
import { Requests, targetOf, type Operation } from './requests.js'
import { receiptAt } from './receipts.js'
import { bucketName, bucketOf, objectsIn, partnerAt, type World } from './worlds.js'

export type Counts = Partial<Record<Operation, number>>

export interface Ports {
  readonly plain: number
  readonly secure: number
}

/** What the parent may ask for. */
export interface ServerCalls {
  /** @param key and certificate: paths */
  start(key: string, certificate: string, sizes?: Sizes): Promise<Ports>
  /** A bucket of its own, and its end. */
  make(world: World): void
  unmake(world: World): void
  /** Before every answer from now on. */
  delay(time: Milliseconds): void
  /** Requests so far, by the access key that signed them. */
  counts(accessKey: string): Counts
  /** A message arrives. */
  put(bucket: string, key: string, size: number): void
  /** A receipt of the first partner arrives. @param n for which of its messages */
  receive(bucket: string, n: number): void
  /** What was uploaded below a prefix, empty objects apart. */
  uploaded(bucket: string, prefix: string): { objects: number; bytes: number }
  remove(bucket: string, prefix: string): void
}

export interface Call {
  readonly id: number
  readonly name: keyof ServerCalls
  readonly args: readonly unknown[]
}

export interface Reply {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

interface Kept {
  readonly bucket: BenchBucket
  readonly requests: Requests
}

const buckets = new Map<string, Kept>()
const counts = new Map<string, Counts>()
let wait: Milliseconds = 0

const limits = { keepAliveTimeout: 120_000, requestTimeout: 0 }

const answer: RequestListener = (request, response) => {
  const target = targetOf(request)
  const [, accessKey = ''] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
  const own = counts.get(accessKey) ?? {}
  own[target.operation] = (own[target.operation] ?? 0) + 1
  counts.set(accessKey, own)
  // By which clients know S3's own answers.
  response.setHeader('x-amz-request-id', randomUUID())
  kept(target.bucket)
    .requests.handle(target, request, response, wait === 0 ? Promise.resolve() : delay(wait))
    // A client that went away in the middle is no news.
    .catch(() => response.destroy())
}

const calls: ServerCalls = {
  async start(key, certificate, sizes) {
    if (sizes) kept(bucketName).bucket.fill(objectsOf(sizes))
    const trust = { key: readFileSync(key), cert: readFileSync(certificate) }
    return {
      plain: await portOf(createServer(limits, answer)),
      secure: await portOf(createSecureServer({ ...limits, ...trust }, answer)),
    }
  },
  make: (world) => kept(bucketOf(world)).bucket.fill(objectsIn(world)),
  unmake: (world) => void buckets.delete(bucketOf(world)),
  delay: (time) => void (wait = time),
  counts: (accessKey) => counts.get(accessKey) ?? {},
  put: (bucket, key, size) => kept(bucket).bucket.put(objectAt(key, size, new Date())),
  receive: (bucket, n) => kept(bucket).bucket.put(receiptAt(partnerAt(0), n)),
  uploaded(name, prefix) {
    const found = kept(name)
      .bucket.below(prefix)
      .filter((it) => it.size > 0)
    return { objects: found.length, bytes: found.reduce((sum, it) => sum + it.size, 0) }
  },
  remove(name, prefix) {
    const { bucket } = kept(name)
    for (const { key } of bucket.below(prefix)) bucket.delete(key)
  },
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** What was not made is empty. */
function kept(name: string): Kept {
  const known = buckets.get(name)
  if (known) return known
  const bucket = new BenchBucket()
  const made = { bucket, requests: new Requests(bucket, new Listings(bucket)) }
  buckets.set(name, made)
  return made
}

process.on('message', (call: Call) => {
  const table = calls as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>
  Promise.resolve()
    .then(() => table[call.name]?.(...call.args))
    .then(
      (result) => reply({ id: call.id, result }),
      (error: unknown) => reply({ id: call.id, error: String(error) }),
    )
})
// With the parent gone nobody needs it; a Ctrl-C is the parent's to handle.
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => undefined)

function reply(message: Reply): void {
  process.send?.(message)
}
