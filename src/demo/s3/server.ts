/** A small S3 server in memory, for the demo and the tests: real signatures, conditions and checksums, path-style. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../telemetry/clock.js'
import { systemClock } from '../../telemetry/clock.js'
import type { EpochMs } from '../../units.js'
import { readBody } from './body.js'
import { Bucket, type StoredObject } from './bucket.js'
import { answer, type Answer, type Operation, operationOf, type OperationName } from './operations.js'
import { MultipartUploads } from './multipart.js'
import { errorXml, S3Error } from './s3-error.js'
import { verifySignature, type Keys } from './sigv4.js'

export interface S3ServerOptions extends Keys {
  readonly bucket: string
  /** 0: a free one. */
  readonly port?: number
  readonly clock?: Clock
  /** Most entries of a page of a listing, whatever is asked for; 1,000. */
  readonly pageLimit?: number
}

/** One request, as it was answered. */
export interface RequestRecord {
  readonly operation: OperationName
  readonly key: string
  readonly status: number
}

/** What a test may do to a request instead of answering it. */
export type Fault =
  | { readonly status: number; readonly code: string }
  /** The connection is reset. `after`: the request is carried out first. */
  | { readonly reset: 'before' | 'after' }
  /** The answer is cut after so many bytes. */
  | { readonly cutAfter: number }
  /** The answer waits for this. */
  | { readonly hold: Promise<unknown> }

/** A new object, and how it came. */
export interface PutEvent {
  readonly key: string
  readonly size: number
  readonly etag: string
  readonly by: 'PutObject' | 'CopyObject' | 'CompleteMultipartUpload'
}

export class S3Server {
  readonly endpoint: string
  readonly requests: { list: RequestRecord[] } = { list: [] }
  /** Asked before each request is answered. */
  intercept:
    ((operation: OperationName, key: string, query: ReadonlyMap<string, string>) => Fault | undefined) | undefined
  /** Keys that are accepted; others from one moment to the next are a rotation. */
  keys: Keys
  readonly #bucket: Bucket
  /** Multipart uploads under way. */
  readonly uploads = new MultipartUploads()
  readonly #clock: Clock
  readonly #close: () => Promise<void>
  readonly #listeners = new Set<(event: PutEvent) => void>()

  constructor(endpoint: string, bucket: Bucket, clock: Clock, keys: Keys, close: () => Promise<void>) {
    this.endpoint = endpoint
    this.#bucket = bucket
    this.#clock = clock
    this.keys = keys
    this.#close = close
  }

  /** Puts an object without a request. */
  put(key: string, bytes: Uint8Array, options: { readonly mtime?: EpochMs } = {}): void {
    this.#bucket.put(key, Buffer.from(bytes), options.mtime ?? this.#clock.now())
  }

  get(key: string): Buffer | undefined {
    return this.#bucket.get(key)?.bytes
  }

  delete(key: string): void {
    this.#bucket.delete(key)
  }

  list(prefix: string): StoredObject[] {
    return [...this.#bucket.all()].filter((it) => it.key.startsWith(prefix))
  }

  /** Keys of multipart uploads whose parts are there still. */
  unfinishedUploads(): string[] {
    return this.uploads
      .list()
      .filter((it) => it.parts > 0)
      .map((it) => it.key)
  }

  /** Called for what comes by a request. @returns a function that ends it */
  onPut(listener: (event: PutEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  announce(event: PutEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Ends all connections. */
  close(): Promise<void> {
    return this.#close()
  }
}

export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const clock = options.clock ?? systemClock
  const bucket = new Bucket()
  const http = createServer((request, response) => {
    void handle(request, response)
  })
  http.listen(options.port ?? 0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const server = new S3Server(`http://127.0.0.1:${port}`, bucket, clock, options, async () => {
    const closed = once(http, 'close')
    http.close()
    http.closeAllConnections()
    await closed
  })
  return server

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomBytes(8).toString('hex').toUpperCase()
    const operation = operationOf(request, options.bucket)
    const fault = server.intercept?.(operation.name, operation.key, operation.query)
    if (fault && 'reset' in fault && fault.reset === 'before') return void request.socket.destroy()
    if (fault && 'hold' in fault) await fault.hold
    let result: Answer
    try {
      result = fault && 'code' in fault ? refuse(fault) : await carryOut(request, operation)
    } catch (error) {
      request.resume()
      const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error))
      result = { status: known.status, body: request.method === 'HEAD' ? '' : errorXml(known, requestId) }
    }
    server.requests.list.push({ operation: operation.name, key: operation.key, status: result.status })
    if (fault && 'reset' in fault) return void request.socket.destroy()
    send(response, request, result, requestId, fault && 'cutAfter' in fault ? fault.cutAfter : undefined)
  }

  async function carryOut(request: IncomingMessage, operation: Operation): Promise<Answer> {
    const signature = verifySignature(request, server.keys, clock.now())
    const body = await readBody(request, signature)
    const context = {
      bucket,
      uploads: server.uploads,
      body,
      headers: request.headers,
      now: clock.now(),
      pageLimit: options.pageLimit ?? 1000,
    }
    const result = answer(operation, context)
    if (result.put) server.announce(result.put)
    return result
  }

  function refuse(fault: { status: number; code: string }): never {
    throw new S3Error(fault.status, fault.code, 'A fault that a test asked for.')
  }

  function send(
    response: ServerResponse,
    request: IncomingMessage,
    result: Answer,
    requestId: string,
    cutAfter: number | undefined,
  ): void {
    const body = Buffer.from(result.body ?? '')
    response.writeHead(result.status, {
      date: new Date(clock.now()).toUTCString(),
      'x-amz-request-id': requestId,
      'content-type': typeof result.body === 'string' ? 'application/xml' : 'application/octet-stream',
      'content-length': request.method === 'HEAD' ? (result.length ?? 0) : body.length,
      ...result.headers,
    })
    if (cutAfter !== undefined) {
      response.write(body.subarray(0, cutAfter), () => request.socket.destroy())
      return
    }
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}
