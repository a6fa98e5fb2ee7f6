/** The way to the server: its name, a connection, TLS, and who answers. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, isIP } from 'node:net'
import { promisify } from 'node:util'
import { codeOf, UsageError } from '../errors.js'
import { contact, type Contact } from '../s3/first-contact.js'
import type { Network } from '../s3/network.js'
import type { Proxy } from '../s3/proxies.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { StoreError } from '../s3/store-error.js'
import { clockFound } from './clock.js'
import { failure, ok, shared, warning, type Check, type Finding } from './check.js'

/** What is asked, and by which way. */
export interface Destination {
  readonly url: URL
  /** `--endpoint`, a variable, or `AWS`. */
  readonly from: string
  /** The proxy that is asked in its place, and for people. */
  readonly proxy: Proxy | undefined
}

const hopLimit: Milliseconds = 4_000
const soon: Milliseconds = 14 * 86_400_000

/**
 * @param destination is made once, by whoever asks first
 * @param now this machine's time
 */
export function networkChecks(
  destination: () => Promise<Destination>,
  network: Network,
  now: () => EpochMs,
): readonly Check[] {
  const group = 'network'
  const there = shared(destination)
  const addresses = shared(async (signal) => lookedUp(await there(signal), signal))
  const answer = shared(async (signal) => {
    const found = await asked(await there(signal), network, signal)
    return { found, at: now() }
  })
  return [
    { name: 'endpoint', group, run: async (signal) => ok(told(await there(signal))) },
    {
      name: 'name',
      group,
      needs: ['endpoint'],
      limit: hopLimit,
      run: async (signal) => nameFound(await there(signal), await addresses(signal)),
    },
    {
      name: 'connection',
      group,
      needs: ['name'],
      limit: hopLimit,
      run: async (signal) => connectionFound(await there(signal), await addresses(signal), signal),
    },
    {
      name: 'server',
      group,
      needs: ['connection'],
      limit: 2 * hopLimit,
      run: async (signal) => serverFound(await there(signal), (await answer(signal)).found),
    },
    {
      name: 'clock',
      group,
      needs: ['server'],
      run: async (signal) => {
        const { found, at } = await answer(signal)
        return clockFound(typeof found === 'string' ? undefined : found.date, at)
      },
    },
  ]
}

function told({ url, from, proxy }: Destination): string {
  const through = proxy === undefined ? '' : `, by the proxy ${proxy.name}`
  return `${url.origin} (${from})${through}`
}

/** Whom the first packet goes to. */
function hopOf({ url, proxy }: Destination): URL {
  return proxy?.url ?? url
}

async function nameFound(there: Destination, addresses: readonly string[]): Promise<Finding> {
  return ok(`${hopOf(there).hostname} is ${addresses.join(', ')}`)
}

async function connectionFound(
  there: Destination,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Finding> {
  const { protocol, port } = hopOf(there)
  const number = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)
  const begin = performance.now()
  try {
    await Promise.any(addresses.map((it) => connected(it, number, signal)))
    return ok(`port ${number} takes connections (${Math.round(performance.now() - begin)} ms)`)
  } catch (error) {
    const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
    return failure(noConnection(there, number, signal.aborted ? 'ETIMEDOUT' : codeOf(first)))
  }
}

function noConnection(there: Destination, port: number, code = 'unknown error'): string {
  const { proxy, url } = there
  const who = proxy ? `The proxy ${proxy.name}` : url.hostname
  switch (code) {
    case 'ECONNREFUSED':
      return `${who} takes no connections on port ${port} (${code}): check ${toCheck(there)}, and that it runs.`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `There is no way to ${who} (${code}): see with ip route, or name a proxy with HTTPS_PROXY.`
    case 'ETIMEDOUT':
      return `${who} does not answer on port ${port} (${code}), as if a firewall dropped what is sent there: check ${toCheck(there)}.`
    default:
      return `${who} can't be reached on port ${port} (${code}).`
  }
}

async function connected(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port, signal })
  try {
    await once(socket, 'connect', { signal })
  } finally {
    socket.on('error', () => undefined).destroy()
  }
}

/** @returns what is wrong with the way there, in one sentence, if no answer came by it */
async function asked(there: Destination, network: Network, signal: AbortSignal): Promise<Contact | string> {
  const { url } = there
  try {
    return await contact(url, network, signal)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.code === 'ETIMEDOUT') {
      return `${url.origin} takes connections and says nothing: check ${toCheck(there)}, and whether the server hangs.`
    }
    return `${url.origin} does not answer as it should: ${error.reason ?? error.message}.`
  }
}

function serverFound(there: Destination, found: Contact | string): readonly Finding[] {
  if (typeof found === 'string') return [failure(found)]
  const { url } = there
  if (!found.isS3) {
    // Whether it is all the same, the keys will tell.
    return [
      warning(
        `Who answers at ${url.origin} does not say that it is S3 (HTTP ${found.status}); if it is a proxy, a filter, a login or a web server, check ${toCheck(there)}.`,
      ),
    ]
  }
  return [answered(url, found), ...certificateFound(url, found)]
}

/** What may be wrong where somebody else is there than is meant. */
function toCheck({ from, proxy }: Destination): string {
  if (proxy) return `the proxy ${proxy.name}`
  return from === 'AWS' ? 'what is in between: a firewall, or a proxy that HTTPS_PROXY should name' : from
}

function answered({ protocol }: URL, { took }: Contact): Finding {
  const how = protocol === 'https:' ? 'TLS is trusted' : 'no TLS'
  return ok(`it is S3, the first byte comes after ${Math.round(took)} ms (${how})`)
}

function certificateFound({ host }: URL, { certificateUntil: until }: Contact): readonly Finding[] {
  if (until === undefined || until - Date.now() > soon) return []
  return [
    warning(
      `The certificate of ${host} ends on ${new Date(until).toISOString().slice(0, 10)}: who runs that server must renew it.`,
    ),
  ]
}

/** In a process of its own: a name server that is silent would keep this one from ending. */
async function lookedUp(there: Destination, signal: AbortSignal): Promise<readonly string[]> {
  const host = hopOf(there).hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0) return [host]
  const script =
    'require("dns").lookup(process.argv[1],{all:true},(e,a)=>console.log(e?e.code:a.map((it)=>it.address).join(" ")))'
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, host], {
    signal,
    killSignal: 'SIGKILL',
  })
  const found = stdout.trim().split(' ')
  if (found.every((it) => isIP(it) !== 0)) return found
  throw new UsageError(noName(there, host, stdout.trim()))
}

function noName({ proxy, from }: Destination, host: string, code: string): string {
  if (code === 'EAI_AGAIN') {
    return `The name ${host} can't be looked up, as no name server answers (${code}): see /etc/resolv.conf and the network.`
  }
  const named = proxy ? `the proxy ${proxy.name}` : from
  const what = named === 'AWS' ? '--region, and whether names of AWS can be looked up in this network' : named
  return `There is no server called ${host} (${code}): check ${what}.`
}
