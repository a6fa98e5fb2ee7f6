/** How servers are reached: by way of which proxy, and whose certificates are trusted. As the AWS CLI does it. */
import type { HttpRequest } from '@smithy/core/protocols'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Readable } from 'node:stream'
import { systemClock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { explained, isUntrusted } from './network-failure.js'
import { Proxies, UnusableProxy, type Server } from './proxies.js'
import { closeIdle, ProxyByHost, refusalOf } from './proxy-agents.js'
import { SharedLookup } from './shared-lookup.js'
import { Trust, type CaFile } from './trust.js'

export interface Network {
  readonly proxies: Proxies
  readonly trust: Trust
  readonly names: SharedLookup
  /** By which proxy S3 was asked last, if by any, for people. */
  proxyOfS3: string | undefined
}

/** Enough for reads, and for uploads, those that hang too; a bucket's limits are far above. */
export const maxSockets = 128
const connectionTimeout = 5_000
/**
 * Of several addresses each is tried for so long: Node's 250 ms are less than the way to another continent and back takes, and
 * it does not wait for more than one at a time.
 */
export const autoSelectFamilyAttemptTimeout = 500
/** As long as servers keep them, as a rule, and no longer: one that is no more may leave a connection that nobody ends. */
const idleFor: Milliseconds = 15_000
/** Where nobody else looks to it. */
const limits = { socketTimeout: 20_000, requestTimeout: 60_000, throwOnRequestTimeout: true }
/** Whoever sends has limits of his own. 0, for undefined is a default of the SDK's. */
const noLimits = { socketTimeout: 0, requestTimeout: 0 }

export interface NetworkOptions {
  readonly caFile?: CaFile | undefined
  readonly env?: Readonly<NodeJS.ProcessEnv>
  readonly names?: SharedLookup
}

/** @throws UsageError one sentence for certificates that can't be read */
export function networkOf({
  caFile,
  env = process.env,
  names = new SharedLookup(systemClock),
}: NetworkOptions = {}): Network {
  return { proxies: new Proxies(env), trust: new Trust(caFile, env), names, proxyOfS3: undefined }
}

/** @param options.isS3 whoever asks has limits of time of his own */
export function requestHandler(network: Network, { isS3 = false } = {}): NodeHttpHandler {
  return new ExplainingHandler(network, isS3)
}

/** Has what goes wrong on the way to a server said in words. */
class ExplainingHandler extends NodeHttpHandler {
  readonly #network: Network
  readonly #isS3: boolean
  readonly #closeIdle: () => void

  constructor(network: Network, isS3: boolean) {
    const { proxies, trust, names } = network
    const { lookup } = names
    const options = { keepAlive: true, timeout: idleFor, maxSockets, lookup, autoSelectFamilyAttemptTimeout }
    const [http, https] = [new HttpAgent(options), new TrustingAgent(options, trust)]
    const ways = { proxies, trust, lookup, options }
    const [overHttp, overHttps] = proxies.areNamed
      ? [new ProxyByHost(ways, http), new ProxyByHost(ways, https)]
      : [http, https]
    super({
      connectionTimeout,
      socketAcquisitionWarningTimeout: 60_000,
      ...(isS3 ? noLimits : limits),
      httpAgent: overHttp,
      httpsAgent: overHttps,
    })
    this.#closeIdle = () => [overHttp, overHttps].forEach(closeIdle)
    this.#network = network
    this.#isS3 = isS3
  }

  override async handle(
    ...[request, options]: Parameters<NodeHttpHandler['handle']>
  ): ReturnType<NodeHttpHandler['handle']> {
    const server = serverOf(request)
    const proxy = this.#proxyFor(server)
    if (this.#isS3) this.#network.proxyOfS3 = proxy
    try {
      const result = await super.handle(request, options)
      const { response } = result
      if (response.statusCode !== 407 || proxy === undefined) return result
      ;(response.body as Readable).destroy()
      throw refusalOf(proxy, 407)
    } catch (error) {
      // The others that wait there may be as dead, and the next try would be lost over one of them.
      if (isSilence(options?.abortSignal)) this.#closeIdle()
      const { trust } = this.#network
      const { host, port, isSecure } = server
      const words = explained(error, { server: `${host}:${port}`, isSecure, proxy, trust: trust.advice })
      if (isUntrusted(error)) trust.renew()
      throw words
    }
  }

  #proxyFor(server: Server): string | undefined {
    try {
      return this.#network.proxies.for(server)?.name
    } catch (error) {
      // It is told by who would use it.
      if (error instanceof UnusableProxy) return undefined
      throw error
    }
  }
}

/** Takes the certificates that are trusted when it connects: most never have to be read. */
class TrustingAgent extends HttpsAgent {
  readonly #trust: Trust

  constructor(options: ConstructorParameters<typeof HttpsAgent>[0], trust: Trust) {
    super(options)
    this.#trust = trust
  }

  override createConnection(
    ...[options, done]: Parameters<HttpsAgent['createConnection']>
  ): ReturnType<HttpsAgent['createConnection']> {
    return super.createConnection(Object.assign(options, { secureContext: this.#trust.context }), done)
  }
}

/** Whether a request was ended because nothing was heard, and not by who waits for it. */
function isSilence(ended: unknown): boolean {
  return ended instanceof AbortSignal && ended.reason instanceof Error && ended.reason.name === 'TimeoutError'
}

/** Where the SDK sends a request. */
export function serverOf({ protocol, hostname, port }: Pick<HttpRequest, 'protocol' | 'hostname' | 'port'>): Server {
  const isSecure = protocol === 'https:'
  return { isSecure, host: hostname.replace(/^\[|\]$/g, ''), port: port ?? (isSecure ? 443 : 80) }
}
