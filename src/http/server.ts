/** The HTTP server: what lets in, answers, and keeps slow and many clients from costing anybody else anything. */
import { setMaxListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { AnswersUnderWay } from '../answers-under-way.js'
import { inTime } from '../patience.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { isLocal, type HttpAddress } from './address.js'
import { Gate } from './gate.js'
import { Listener } from './listener.js'
import { pageFiles } from './page-files.js'
import { refusalOf, refuse } from './reply.js'
import { Routes, type HttpSources } from './routes.js'
import { readToken, type Token } from './token.js'
import { SetupError } from '../errors.js'

export interface HttpServerOptions {
  readonly address: HttpAddress
  readonly tokenFile: string | undefined
  readonly sources: HttpSources
  readonly clock: Clock
  readonly log: Logger
  /** Of the page; its own by default. */
  readonly pageFolder?: string
  readonly tryAgainAfter?: Milliseconds
}

const mostConnections = 64
const largestHeaders = 8 * 1024
const headersWithin: Milliseconds = 10_000
const idleFor: Milliseconds = 5_000
/** Nothing moves in either direction: longer than an answer may take to be made. */
const silentFor: Milliseconds = 150_000
const closeWithin: Milliseconds = 1_000
/** Somebody who guesses is not to fill the log. */
const warnEvery: Milliseconds = 60_000

export class HttpServer {
  readonly #server: Server
  readonly #gate: Gate
  readonly #token: Token | undefined
  readonly #routes: Routes
  readonly #listener: Listener
  readonly #ending = new AbortController()
  readonly #underWay = new AnswersUnderWay()
  readonly #clock: Clock
  readonly #log: Logger
  #warnedAt: Milliseconds = -Infinity
  /** The answer that each connection was given last. */
  readonly #last = new WeakMap<Socket, ServerResponse>()

  private constructor(
    options: HttpServerOptions,
    token: Token | undefined,
    page: Awaited<ReturnType<typeof pageFiles>>,
  ) {
    const { address, sources, clock, log, tryAgainAfter } = options
    setMaxListeners(0, this.#ending.signal)
    this.#clock = clock
    this.#log = log
    this.#token = token
    this.#gate = new Gate({ address, token })
    this.#routes = new Routes({ sources, page, clock, ending: this.#ending.signal })
    const limits = { maxHeaderSize: largestHeaders, headersTimeout: headersWithin, requestTimeout: headersWithin }
    const more = { keepAliveTimeout: idleFor, connectionsCheckingInterval: idleFor }
    this.#server = createServer({ ...limits, ...more }, (request, response) => void this.#answer(request, response))
    this.#server.maxConnections = mostConnections
    this.#server.maxHeadersCount = 100
    this.#server.setTimeout(silentFor)
    // An attempt to listen that fails is told by the listener; nothing else of it may end the process.
    this.#server.on('error', () => undefined)
    const isGuarded = token !== undefined
    this.#listener = new Listener({
      server: this.#server,
      address,
      isGuarded,
      log,
      ...(tryAgainAfter && { tryAgainAfter }),
    })
  }

  /**
   * Listens, or goes on trying: a port that is taken holds nothing up.
   * @throws SetupError if others could reach it without a token, or the token's file can't be used
   */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const { address, tokenFile, pageFolder } = options
    if (tokenFile === undefined && !isLocal(address)) {
      throw new SetupError('--http at an address that others can reach needs --http-token-file.')
    }
    const token = tokenFile === undefined ? undefined : await readToken(tokenFile)
    const server = new HttpServer(options, token, await pageFiles(pageFolder))
    await server.#listener.start()
    return server
  }

  /** Where it listens, for people; undefined while it does not. */
  get at(): string | undefined {
    return this.#listener.at
  }

  /** One sentence each: why it does not listen, or lets nobody in. */
  get problems(): readonly string[] {
    return [this.#listener.problem, this.#token?.problem].filter((it) => it !== undefined)
  }

  /** Gives the address back; who is being answered is waited for, but not for long. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#listener.stop()
    await inTime(this.#underWay.over(), closeWithin)
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Never throws. */
  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Of a connection that breaks, nobody else is to hear.
    response.on('error', () => undefined)
    const { socket } = request
    // Who does not wait for an answer before he asks again could ask without end.
    if (this.#last.get(socket)?.writableEnded === false) return void socket.destroy()
    if (this.#ending.signal.aborted) return void socket.destroy()
    this.#last.set(socket, response)
    this.#underWay.begun(response)
    try {
      const refusal = await this.#gate.refusal(request)
      if (refusal) {
        if (refusal.status === 401 && request.headers.authorization !== undefined) this.#warn(request)
        refuse(request, response, refusal.status, refusal.why, refusal.headers)
      } else await this.#routes.answer(request, response)
    } catch (error) {
      this.#failed(request, response, error)
    }
  }

  #failed(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const expected = refusalOf(error)
    // What the query was is nobody's business.
    const path = request.url?.split('?', 1)[0]
    if (!expected) this.#log.error({ err: error, path }, 'A request over HTTP failed.')
    if (response.headersSent) return void response.destroy()
    const { status, why } = expected ?? { status: 500, why: 'Something went wrong inside the daemon: see its log.' }
    refuse(request, response, status, why, status === 503 ? { 'retry-after': '5' } : {})
  }

  #warn({ socket }: IncomingMessage): void {
    const now = this.#clock.monotonic()
    if (now - this.#warnedAt < warnEvery) return
    this.#warnedAt = now
    this.#log.warn({ from: socket.remoteAddress }, 'Somebody asks over HTTP with a wrong token.')
  }
}
