/** The ways to servers through a proxy: a tunnel where there is TLS, else the proxy is asked for the whole URL. */
import { Agent as AgentOfChoice, type AgentConnectOpts } from 'agent-base'
import { HttpProxyAgent } from 'http-proxy-agent'
import { once } from 'node:events'
import { request as requestByHttp, type Agent as HttpAgent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestByHttps, type AgentOptions } from 'node:https'
import { isIP, isIPv6, type LookupFunction, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectByTls, type ConnectionOptions } from 'node:tls'
import { codeOf } from '../errors.js'
import type { Milliseconds } from '../units.js'
import { NetworkFailure } from './network-failure.js'
import { UnusableProxy, type Proxies, type Proxy, type Server } from './proxies.js'
import type { Trust } from './trust.js'

/** Less than what a connection may take: who hangs is named. */
const tunnelWithin: Milliseconds = 4_500

/** What all ways have in common. */
export interface Ways {
  readonly proxies: Proxies
  readonly trust: Trust
  readonly lookup: LookupFunction
  /** Of every agent. */
  readonly options: AgentOptions
}

/** The proxy of a server, if it has one: NO_PROXY is by host, and one client may ask several. */
export class ProxyByHost extends AgentOfChoice {
  readonly #ways: Ways
  readonly #direct: HttpAgent
  readonly #agents = new Map<string, HttpAgent>()

  constructor(ways: Ways, direct: HttpAgent) {
    super(ways.options)
    this.#ways = ways
    this.#direct = direct
  }

  connect(_request: ClientRequest, options: AgentConnectOpts): HttpAgent {
    const proxy = proxyFor(this.#ways.proxies, serverOf(options))
    if (!proxy) return this.#direct
    const key = `${options.secureEndpoint ? 'tunnel' : 'plain'} ${proxy.url.href}`
    const known = this.#agents.get(key)
    if (known) return known
    const agent = options.secureEndpoint ? new TunnelAgent(this.#ways, proxy) : new PlainProxyAgent(this.#ways, proxy)
    this.#agents.set(key, agent)
    return agent
  }

  /** @see closeIdle */
  closeIdle(): void {
    for (const it of [this.#direct, ...this.#agents.values()]) closeIdle(it)
  }

  override destroy(): void {
    for (const it of [this.#direct, ...this.#agents.values()]) it.destroy()
    super.destroy()
  }
}

/** Ends the connections over which nothing is under way. */
export function closeIdle(agent: HttpAgent): void {
  if (agent instanceof ProxyByHost) agent.closeIdle()
  else for (const sockets of Object.values(agent.freeSockets)) sockets?.slice().forEach((it) => void it.destroy())
}

function serverOf({ host, port, secureEndpoint }: AgentConnectOpts): Server {
  return { isSecure: secureEndpoint, host: host ?? '', port }
}

function proxyFor(proxies: Proxies, server: Server): Proxy | undefined {
  try {
    return proxies.for(server)
  } catch (error) {
    throw error instanceof UnusableProxy ? new NetworkFailure('ProxyRefusal', error.message) : error
  }
}

/**
 * TLS to the server, within a connection that the proxy makes (CONNECT). What a proxy says instead of making one is never
 * taken for the server's answer.
 */
class TunnelAgent extends AgentOfChoice {
  readonly #ways: Ways
  readonly #proxy: Proxy

  constructor(ways: Ways, proxy: Proxy) {
    super(ways.options)
    this.#ways = ways
    this.#proxy = proxy
  }

  async connect(_request: ClientRequest, options: AgentConnectOpts): Promise<Duplex> {
    const { host = '', port } = options
    const socket = await this.#tunnelTo(`${isIPv6(host) ? `[${host}]` : host}:${port}`)
    const name = isIP(host) === 0 ? { servername: host } : {}
    return connectByTls({ ...options, ...name, socket, secureContext: this.#ways.trust.context } as ConnectionOptions)
  }

  async #tunnelTo(server: string): Promise<Socket> {
    const { trust, lookup, options } = this.#ways
    const { url, name } = this.#proxy
    const isSecure = url.protocol === 'https:'
    const asked = (isSecure ? requestByHttps : requestByHttp)({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isSecure ? 443 : 80) : url.port,
      method: 'CONNECT',
      path: server,
      headers: { host: server, 'proxy-connection': 'keep-alive', ...authorization(url) },
      ...options,
      agent: false,
      lookup,
      ...(isSecure ? { secureContext: trust.context, ALPNProtocols: ['http/1.1'] } : {}),
    })
    const giveUp = setTimeout(
      () => asked.destroy(new NetworkFailure('ETIMEDOUT', `the proxy ${name} does not answer`)),
      tunnelWithin,
    )
    try {
      asked.end()
      const [answer, socket] = (await once(asked, 'connect')) as [IncomingMessage, Socket]
      if (answer.statusCode !== 200) {
        socket.destroy()
        throw refusalOf(name, answer.statusCode ?? 0)
      }
      return socket
    } catch (cause) {
      throw unreachable(name, cause)
    } finally {
      clearTimeout(giveUp)
    }
  }
}

/** For servers without TLS. */
class PlainProxyAgent extends HttpProxyAgent<string> {
  readonly #name: string

  constructor({ options, trust, lookup }: Ways, { url, name }: Proxy) {
    const tls = url.protocol === 'https:' ? { secureContext: trust.context } : {}
    super(url.href, { ...options, ...tls, lookup })
    this.#name = name
  }

  override async connect(...args: Parameters<HttpProxyAgent<string>['connect']>): Promise<Socket> {
    try {
      return await super.connect(...args)
    } catch (cause) {
      throw unreachable(this.#name, cause)
    }
  }
}

/** In an answer of the server's own there is never a 407. */
export function refusalOf(proxy: string, status: number): NetworkFailure {
  const words =
    status === 407
      ? `the proxy ${proxy} wants another user and password (HTTP 407): write them into its URL, http://user:password@host:port`
      : `the proxy ${proxy} does not let S3 be reached (HTTP ${status})`
  return new NetworkFailure('ProxyRefusal', words)
}

function unreachable(proxy: string, cause: unknown): NetworkFailure {
  if (cause instanceof NetworkFailure) return cause
  const code = codeOf(cause) ?? 'ECONNRESET'
  return new NetworkFailure(code, `the proxy ${proxy} can’t be reached (${code})`, { cause })
}

function authorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {}
  const both = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(both).toString('base64')}` }
}
