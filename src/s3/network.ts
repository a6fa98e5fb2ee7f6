/** How servers are reached: by way of which proxy, and whose certificates are trusted. As the AWS CLI does it. */
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Agent as AgentOfChoice, type AgentConnectOpts } from 'agent-base'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, type ClientRequest } from 'node:http'
import { Agent as HttpsAgent, type AgentOptions } from 'node:https'
import { createSecureContext } from 'node:tls'
import { getProxyForUrl } from 'proxy-from-env'
import { reasonOf, UsageError } from '../errors.js'
import { systemClock } from '../telemetry/clock.js'
import { SharedLookup } from './shared-lookup.js'

/** Certificates in PEM that are trusted instead of the system's (undefined: Node's), and how names are looked up. */
export interface Network {
  readonly ca: string | undefined
  readonly names: SharedLookup
}

/** Enough for reads, and for uploads, those that hang too; a bucket's limits are far above. */
export const maxSockets = 128
const connectionTimeout = 5_000
/** Where nobody else looks to it. */
const limits = { socketTimeout: 20_000, requestTimeout: 60_000, throwOnRequestTimeout: true }
/** Whoever sends has limits of his own. 0, for undefined is a default of the SDK's. */
const noLimits = { socketTimeout: 0, requestTimeout: 0 }

/**
 * @param named how the file was: `--ca-file`, `AWS_CA_BUNDLE`
 * @throws UsageError one sentence
 */
export function networkOf(caFile: string | undefined, named = '--ca-file'): Network {
  const ca = caFile === undefined ? undefined : certificatesIn(caFile, named)
  return { ca, names: new SharedLookup(systemClock) }
}

export function requestHandler({ ca, names }: Network, { isLimited = true } = {}): NodeHttpHandler {
  const plain = { keepAlive: true, maxSockets, lookup: names.lookup }
  const options = { ...plain, ...(ca === undefined ? {} : { ca }) }
  const http = new HttpAgent(plain)
  const https = new HttpsAgent(options)
  const isDirect = !hasProxy()
  return new NodeHttpHandler({
    connectionTimeout,
    socketAcquisitionWarningTimeout: 60_000,
    ...(isLimited ? limits : noLimits),
    httpAgent: isDirect ? http : new ProxyByHost(http, options, (proxy) => new HttpProxyAgent(proxy, options)),
    httpsAgent: isDirect ? https : new ProxyByHost(https, options, (proxy) => new HttpsProxyAgent(proxy, options)),
  })
}

/** The proxy of a server, if it has one: NO_PROXY is by host, and one client may ask several. */
class ProxyByHost extends AgentOfChoice {
  readonly #direct: HttpAgent
  readonly #make: (proxy: string) => HttpAgent
  readonly #agents = new Map<string, HttpAgent>()

  /** @param options go with each connection: the proxy's agent keeps its own for the way to the proxy */
  constructor(direct: HttpAgent, options: AgentOptions, make: (proxy: string) => HttpAgent) {
    super(options)
    this.#direct = direct
    this.#make = make
  }

  connect(_request: ClientRequest, { secureEndpoint, host, port }: AgentConnectOpts): HttpAgent {
    const proxy = getProxyForUrl(`${secureEndpoint ? 'https' : 'http'}://${host ?? ''}:${String(port)}`)
    if (proxy === '') return this.#direct
    const known = this.#agents.get(proxy)
    if (known) return known
    const agent = this.#make(proxy)
    this.#agents.set(proxy, agent)
    return agent
  }

  override destroy(): void {
    for (const it of [this.#direct, ...this.#agents.values()]) it.destroy()
    super.destroy()
  }
}

function hasProxy(): boolean {
  return ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].some((name) =>
    [name, name.toLowerCase()].some((it) => (process.env[it] ?? '') !== ''),
  )
}

function certificatesIn(file: string, named: string): string {
  try {
    const text = readFileSync(file, 'utf8')
    if (!text.includes('-----BEGIN CERTIFICATE-----'))
      throw new UsageError(`${file} (${named}) has no certificate in PEM.`)
    createSecureContext({ ca: text })
    return text
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = reasonOf(error)
    throw new UsageError(`The certificates in ${file} (${named}) can't be read (${code}).`)
  }
}
