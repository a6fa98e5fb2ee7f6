/** The S3 server of the benchmark, in a process of its own; its parent talks to it by messages. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Milliseconds } from '../../../src/units.js'
import type { Sizes } from '../options.js'
import { BenchBucket } from './bucket.js'
import { objectAt, objectsOf } from './fill.js'
import { Listings } from './listing.js'
import { Requests, targetOf, type Operation } from './requests.js'

export type Counts = Partial<Record<Operation, number>>

/** What the parent may ask for. */
export interface ServerCalls {
  /** @returns the port */
  start(sizes: Sizes): Promise<number>
  /** Before every answer from now on. */
  delay(time: Milliseconds): void
  /** Requests so far, by the access key that signed them. */
  counts(accessKey: string): Counts
  /** A message arrives. */
  put(key: string, size: number): void
  /** What was uploaded below a prefix, empty objects apart. */
  uploaded(prefix: string): { objects: number; bytes: number }
  remove(prefix: string): void
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

const bucket = new BenchBucket()
const requests = new Requests(bucket, new Listings(bucket))
const counts = new Map<string, Counts>()
let wait: Milliseconds = 0

const http = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
  const target = targetOf(request)
  const [, accessKey = ''] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '') ?? []
  const own = counts.get(accessKey) ?? {}
  own[target.operation] = (own[target.operation] ?? 0) + 1
  counts.set(accessKey, own)
  // By which clients know S3's own answers.
  response.setHeader('x-amz-request-id', randomUUID())
  requests
    .handle(target, request, response, wait === 0 ? Promise.resolve() : delay(wait))
    // A client that went away in the middle is no news.
    .catch(() => response.destroy())
})

const calls: ServerCalls = {
  async start(sizes) {
    bucket.fill(objectsOf(sizes))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return (http.address() as AddressInfo).port
  },
  delay: (time) => void (wait = time),
  counts: (accessKey) => counts.get(accessKey) ?? {},
  put: (key, size) => bucket.put(objectAt(key, size, new Date())),
  uploaded(prefix) {
    const found = bucket.below(prefix).filter((it) => it.size > 0)
    return { objects: found.length, bytes: found.reduce((sum, it) => sum + it.size, 0) }
  },
  remove(prefix) {
    for (const { key } of bucket.below(prefix)) bucket.delete(key)
  },
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
