/** Which proxy the environment names for a server. NO_PROXY is read as the AWS CLI reads it: a name stands for all below it, too. */
import { BlockList, isIP } from 'node:net'

export interface Server {
  readonly isSecure: boolean
  /** A name or an address, without brackets. */
  readonly host: string
  readonly port: number
}

export interface Proxy {
  readonly url: URL
  /** For sentences: without user and password. */
  readonly name: string
}

/** A variable that names no proxy that can be used. Its value is never shown: there may be a password in it. */
export class UnusableProxy extends Error {
  override readonly name = 'UnusableProxy'
}

export class Proxies {
  readonly #env: Readonly<NodeJS.ProcessEnv>
  readonly #known = new Map<string, Proxy>()

  constructor(env: Readonly<NodeJS.ProcessEnv>) {
    this.#env = env
  }

  /** Whether there is one for anything at all. */
  get areNamed(): boolean {
    return ['https_proxy', 'http_proxy', 'all_proxy'].some((it) => this.#variable(it) !== undefined)
  }

  /** @throws UnusableProxy */
  for(server: Server): Proxy | undefined {
    const named = this.#variable(server.isSecure ? 'https_proxy' : 'http_proxy') ?? this.#variable('all_proxy')
    if (!named || isExcepted(server, this.#variable('no_proxy')?.value ?? '')) return undefined
    const known = this.#known.get(named.value) ?? proxyOf(named)
    this.#known.set(named.value, known)
    return known
  }

  /** In small letters it counts before the one in capitals, and an empty one takes that back. */
  #variable(lower: string): Named | undefined {
    const variable = this.#env[lower] === undefined ? lower.toUpperCase() : lower
    const value = this.#env[variable]?.trim() ?? ''
    return value === '' ? undefined : { variable, value }
  }
}

interface Named {
  readonly variable: string
  readonly value: string
}

/** Without `http://` it is meant all the same, and for a server with TLS as well. */
function proxyOf({ variable, value }: Named): Proxy {
  const text = value.includes('://') ? value : `http://${value.replace(/^\/\//, '')}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !areDecodable(url)) {
    throw new UnusableProxy(
      `${variable} is not the URL of a proxy; write http://user:password@host:port, with %40 for an @ in a password`,
    )
  }
  if (!/^https?:$/.test(url.protocol)) {
    const kind = url.protocol.slice(0, -1)
    throw new UnusableProxy(`${variable} names a proxy of the kind ${kind}; only http and https can be used`)
  }
  return { url, name: `${url.protocol}//${url.host} (${variable})` }
}

function areDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function isExcepted(server: Server, exceptions: string): boolean {
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((it) => it !== '' && matches(server, it))
}

/** @param exception `*`, `example.com`, `.example.com`, `example.com:9000`, `10.0.0.0/8`, `[::1]:9000` */
function matches({ host, port }: Server, exception: string): boolean {
  if (exception === '*') return true
  const [, inBrackets, plain = '', only] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(exception) ?? []
  // An IPv6 address may stand there without brackets.
  const named = inBrackets ?? (plain === '' ? exception : plain)
  if (only !== undefined && Number(only) !== port) return false
  if (isIP(host) !== 0) return isAddressWithin(host, named)
  const name = named.replace(/^\*?\.+/, '')
  const asked = host.toLowerCase().replace(/\.$/, '')
  return asked === name || asked.endsWith(`.${name}`)
}

function isAddressWithin(address: string, named: string): boolean {
  const [base = '', bits] = named.split('/')
  const [kind, kindOfBase] = [isIP(address), isIP(base)]
  if (kind !== kindOfBase) return false
  const type = kind === 6 ? 'ipv6' : 'ipv4'
  const length = bits === undefined ? (kind === 6 ? 128 : 32) : Number(bits)
  if (!/^\d{1,3}$/.test(bits ?? '0') || length > (kind === 6 ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(base, length, type)
  return list.check(address, type)
}
