/** Which requests are answered: nothing that writes, nothing that another site's page has a browser ask. Pure, but for the token. */
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { HttpAddress } from './address.js'
import type { Headers } from './reply.js'
import type { Token } from './token.js'

export interface Refusal {
  readonly status: number
  /** One sentence. */
  readonly why: string
  readonly headers?: Headers
}

export interface GateOptions {
  readonly address: HttpAddress
  /** Undefined: whoever reaches it is let in. */
  readonly token: Token | undefined
}

export class Gate {
  readonly #options: GateOptions

  constructor(options: GateOptions) {
    this.#options = options
  }

  /** @returns undefined: it may be answered */
  async refusal(request: IncomingMessage): Promise<Refusal | undefined> {
    const { method = '', headers } = request
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, why: 'Nothing can be changed here: only GET and HEAD.', headers: { allow: 'GET, HEAD' } }
    }
    if (hasBody(request)) return { status: 413, why: 'A request has no content here.' }
    const { token } = this.#options
    // An attacker's name that is made to lead here (DNS rebinding) brings the attacker's page, but no token.
    if (!token && !this.#isOurs(headers.host)) {
      const why = `This server is not called ${headers.host ?? 'nothing'}: ask by its address, or by the name that --http has.`
      return { status: 403, why }
    }
    if (isForeign(request)) return { status: 403, why: 'Pages of other sites may not ask here.' }
    if (!token || (await token.accepts(headers.authorization))) return undefined
    return { status: 401, why: 'The token of --http-token-file is asked for.', headers: challenge }
  }

  /** An address can't be made to lead elsewhere, nor can localhost. */
  #isOurs(host = ''): boolean {
    const [, bracketed, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(host) ?? []
    const name = (bracketed ?? plain).toLowerCase()
    if (name === 'localhost' || isIP(name) !== 0) return true
    const { address } = this.#options
    return address.kind === 'tcp' && name === address.host.toLowerCase()
  }
}

/** For programs, and for browsers, which ask people: one header each, as browsers make nothing of two in one. */
const challenge = { 'www-authenticate': ['Bearer', 'Basic realm="as2fs (the token is the password)", charset="UTF-8"'] }

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Whether another site's page has sent it; to come here from one by a link is all right. */
function isForeign({ headers, url = '' }: IncomingMessage): boolean {
  const { origin, host = '' } = headers
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) return true
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return false
  const isLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
  return !(isLink && url.split('?', 1)[0] === '/')
}
