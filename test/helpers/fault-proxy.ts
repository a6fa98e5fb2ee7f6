/**
 * A proxy between a mount and an S3 server, both on loopback, that does to requests what its rules say. Requests are passed
 * on as they were signed, the Host header too.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { operationOf } from '../../src/demo/s3/operations.js'
import { errorXml, S3Error } from '../../src/demo/s3/s3-error.js'
import type { Bytes } from '../../src/units.js'
import { FaultRules, type Fault, type Page, type RawAnswer, type Rule } from './faults.js'

/** One request that came, and what was done to it. */
export interface ProxiedRequest {
  readonly operation: string
  readonly key: string
  readonly fault: Fault | undefined
  /** The client, as it calls itself. */
  readonly agent: string
}

export class FaultProxy {
  /** Every request so far, in order. */
  readonly requests: ProxiedRequest[] = []
  readonly #target: URL
  readonly #rules: FaultRules
  readonly #agent = new Agent({ keepAlive: true })
  readonly #sockets = new Set<Socket>()
  readonly #silent = new WeakSet<Socket>()
  #server: Server | undefined
  #port = 0
  #sent: Bytes = 0

  constructor(target: string, seed: number) {
    this.#target = new URL(target)
    this.#rules = new FaultRules(seed)
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** How many connections clients have at the moment. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Bytes that clients were sent so far. */
  get sent(): Bytes {
    return this.#sent + [...this.#sockets].reduce((sum, it) => sum + it.bytesWritten, 0)
  }

  /** @returns this, for one line in tests */
  add(...rules: readonly Rule[]): this {
    for (const rule of rules) this.#rules.add(rule)
    return this
  }

  /** All rules are forgotten, and connections are accepted again. What stalls goes on stalling, as on a real network. */
  async heal(): Promise<void> {
    this.#rules.clear()
    if (!this.#server) await this.start()
  }

  /** Ends all connections and refuses new ones, until it heals. */
  async refuseConnections(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    this.resetConnections()
    await closed
  }

  /** Nothing is answered any more over the connections that there are; others are as ever. So it is when an address goes to another machine. */
  silenceConnections(): void {
    for (const socket of this.#sockets) this.#silent.add(socket)
  }

  /** RST on all connections, those that stall too. */
  resetConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async start(): Promise<void> {
    const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
      // What goes wrong on the way to the server is a reset for the client.
      this.#handle(request, response).catch(() => request.socket.resetAndDestroy())
    })
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        if (this.#sockets.delete(socket)) this.#sent += socket.bytesWritten
      })
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async close(): Promise<void> {
    await this.refuseConnections()
    this.#agent.destroy()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { name: operation, key, query } = operationOf(request, (request.url ?? '').split(/[/?]/)[1] ?? '')
    const about = operation === 'ListObjectsV2' ? (query.get('prefix') ?? '') : key
    const fault = this.#rules.faultFor(operation, about, request.headers)
    this.requests.push({ operation, key: about, fault, agent: request.headers['user-agent'] ?? '' })
    if ((fault && 'stall' in fault) || this.#silent.has(request.socket)) return
    if (fault && 'reset' in fault && fault.reset === 'request') return void request.socket.resetAndDestroy()
    if (fault && ('status' in fault || 'page' in fault || 'raw' in fault)) {
      if (fault.carriedOut === true) await buffer(await this.#forward(request, response, undefined))
      request.resume()
      if ('raw' in fault) await pourRaw(request.socket, fault.raw)
      else if ('page' in fault) await showPage(request, response, fault.page)
      else refuse(request, response, fault)
      return
    }
    if (fault && 'delay' in fault) await delay(fault.delay)
    await pass(await this.#forward(request, response, fault), response, fault)
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): Promise<IncomingMessage> {
    const { hostname, port } = this.#target
    const { method, url: path, rawHeaders: headers } = request
    const outgoing = send({ hostname, port, method, path, headers, agent: this.#agent })
    // For a client that gave up nobody waits.
    response.once('close', () => {
      if (!response.writableFinished) outgoing.destroy()
    })
    const answered = once(outgoing, 'response')
    if (fault && 'cutUploadAfter' in fault) cutUpload(request, outgoing, fault.cutUploadAfter)
    else if (fault && 'corruptUpload' in fault) corruptUpload(request, outgoing, fault.corruptUpload)
    else request.pipe(outgoing)
    const [answer] = (await answered) as [IncomingMessage]
    return answer
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code }: { status: number; code: string },
): void {
  const requestId = randomBytes(8).toString('hex').toUpperCase()
  const error = new S3Error(status, code, 'A fault that a test asked for.')
  response.writeHead(status, { 'x-amz-request-id': requestId, 'content-type': 'application/xml' })
  response.end(request.method === 'HEAD' ? undefined : errorXml(error, requestId))
}

async function showPage(request: IncomingMessage, response: ServerResponse, page: Page): Promise<void> {
  const { status, headers = {}, body = '', framing, endless, rate } = page
  const isWithoutBody = request.method === 'HEAD' || status === 204 || status === 304
  const isMeasured = framing === undefined && endless === undefined && !isWithoutBody
  if (framing === 'close') response.useChunkedEncodingByDefault = false
  response.writeHead(status, { ...headers, ...(isMeasured ? { 'content-length': Buffer.byteLength(body) } : {}) })
  if (isWithoutBody) return void response.end()
  response.flushHeaders()
  await pour(body, response, rate)
  const more = endless?.repeat(Math.ceil((rate ?? 65_536) / endless.length))
  // One that waits behind another on its connection is never told that this was closed.
  const isOver = (): boolean => response.destroyed || request.socket.destroyed
  while (more !== undefined && !isOver()) await pour(more, response, rate)
  response.end()
}

async function pourRaw(socket: Socket, { first = '', endless, every }: RawAnswer): Promise<void> {
  socket.write(first)
  while (!socket.destroyed) {
    socket.write(endless)
    await delay(every ?? 1)
  }
}

/** At the pace at which the client reads, or slower. */
async function pour(text: string, response: ServerResponse, rate: Bytes | undefined): Promise<void> {
  if (rate !== undefined) return trickle(Buffer.from(text), response, rate)
  if (response.write(text) || response.destroyed) return
  const either = new AbortController()
  const { signal } = either
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  either.abort()
}

function corruptUpload(request: IncomingMessage, outgoing: ClientRequest, at: Bytes): void {
  let passed = 0
  request.on('data', (chunk: Buffer) => {
    const index = at - passed
    if (index >= 0 && index < chunk.length) chunk[index] = (chunk[index] ?? 0) ^ 0xff
    passed += chunk.length
    outgoing.write(chunk)
  })
  request.on('end', () => outgoing.end())
}

function cutUpload(request: IncomingMessage, outgoing: ClientRequest, after: Bytes): void {
  let left = after
  request.on('data', (chunk: Buffer) => {
    outgoing.write(chunk.subarray(0, left))
    left -= Math.min(left, chunk.length)
    if (left === 0) request.socket.resetAndDestroy()
  })
}

async function pass(answer: IncomingMessage, response: ServerResponse, fault: Fault | undefined): Promise<void> {
  const status = answer.statusCode ?? 500
  if (!fault || 'delay' in fault || 'corruptUpload' in fault) {
    response.writeHead(status, answer.rawHeaders)
    answer.pipe(response)
    return
  }
  const body = await buffer(answer)
  if ('framing' in fault) {
    passUnmeasured(answer, body, response, fault.framing)
    return
  }
  if ('loseAnswer' in fault) {
    if (fault.loseAnswer === 'reset') response.socket?.resetAndDestroy()
    return
  }
  if ('corrupt' in fault) {
    const at = fault.corrupt < 0 ? body.length + fault.corrupt : fault.corrupt
    body[at] = (body[at] ?? 0) ^ 0xff
  }
  const length = 'shortenTo' in fault ? Math.min(fault.shortenTo, body.length) : body.length
  // The answer to a HEAD has the length of a body that does not come.
  response.writeHead(status, body.length === 0 ? answer.rawHeaders : withLength(answer.rawHeaders, length))
  response.flushHeaders()
  if ('reset' in fault) setImmediate(() => response.socket?.resetAndDestroy())
  else if ('cutAfter' in fault) response.write(body.subarray(0, fault.cutAfter), () => response.socket?.destroy())
  else if ('stallAfter' in fault) response.write(body.subarray(0, fault.stallAfter))
  else if ('trickle' in fault) {
    await trickle(body, response, fault.trickle)
    response.end()
  } else response.end(body.subarray(0, length))
}

function passUnmeasured(
  { statusCode = 500, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  framing: 'chunked' | 'close',
): void {
  if (framing === 'close') response.useChunkedEncodingByDefault = false
  const end = framing === 'close' ? { connection: 'close' } : {}
  const unmeasured = Object.entries(headers).filter(([name]) => name !== 'content-length')
  response.writeHead(statusCode, { ...Object.fromEntries(unmeasured), ...end })
  if (body.length === 0) response.flushHeaders()
  else response.write(body)
  response.end()
}

async function trickle(body: Buffer, response: ServerResponse, rate: Bytes): Promise<void> {
  const step = Math.ceil(rate / 20)
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    response.write(body.subarray(at, at + step))
    await delay(50)
  }
}

function withLength(rawHeaders: readonly string[], length: Bytes): string[] {
  return rawHeaders.map((it, i) =>
    rawHeaders[i - 1]?.toLowerCase() === 'content-length' && i % 2 === 1 ? String(length) : it,
  )
}

/** A proxy that answers. @param seed of the chance in its rules */
export async function startFaultProxy(target: string, seed = 1): Promise<FaultProxy> {
  const proxy = new FaultProxy(target, seed)
  await proxy.start()
  return proxy
}
