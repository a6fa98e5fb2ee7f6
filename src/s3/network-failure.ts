/** A connection that did not come about, in words that say what to do: which proxy, which certificate, which name. */
import { codeOf } from '../errors.js'

export class NetworkFailure extends Error {
  override readonly name = 'NetworkFailure'
  /** Node's or OpenSSL's, or `ProxyRefusal`. */
  readonly code: string

  /** @param message completes 'as2fs could not <do something>: …' */
  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
  }
}

/** How a server was to be reached. */
export interface Way {
  /** `s3.example.com:9000` */
  readonly server: string
  readonly isSecure: boolean
  /** The proxy's name, where there is one. */
  readonly proxy: string | undefined
  /** What to do about a certificate that is not trusted. */
  readonly trust: string
}

const untrusted =
  /^(UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED|INVALID_CA|CERT_SIGNATURE_FAILURE|CERT_CHAIN_TOO_LONG|INVALID_PURPOSE|CERT_REJECTED)/
const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/** Whether it is for want of somebody who answers for the server. */
export function isUntrusted(error: unknown): boolean {
  return untrusted.test(codeOf(error) ?? '')
}

/** The same error, where there is no more to say of it. */
export function explained(error: unknown, way: Way): unknown {
  const code = codeOf(error)
  if (error instanceof NetworkFailure || code === undefined) return error
  const words = wordsFor(code, error as Error, way)
  return words === undefined ? error : new NetworkFailure(code, words, { cause: error })
}

function wordsFor(code: string, error: Error, { server, isSecure, proxy, trust }: Way): string | undefined {
  const through = proxy === undefined ? '' : ` that comes through the proxy ${proxy}`
  const opens = proxy === undefined ? '' : '; a proxy that opens TLS has one of its own'
  if (untrusted.test(code)) return `the certificate of ${server}${through} is not trusted (${code}${opens}): ${trust}`
  if (expired.has(code)) {
    return `the certificate of ${server}${through} is out of date, or this machine’s clock is wrong (${code})`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `the certificate of ${server}${through} is for another name (${code}): check --endpoint, or try --path-style`
  }
  if (isSecure && (code === 'EPROTO' || code.startsWith('ERR_SSL_'))) {
    // What a server says without TLS is no record of TLS.
    return `${server} does not speak TLS (${code}): write http:// and not https://, or give another port`
  }
  if (!isSecure && code.startsWith('HPE_')) {
    // A record of TLS is no answer.
    return `${server} does not speak HTTP (${code}): write https:// and not http://, or give another port`
  }
  if ((code === 'ENOTFOUND' || code === 'EAI_AGAIN') && 'hostname' in error) {
    return `the name ${String(error.hostname)} can’t be looked up (${code})`
  }
  return undefined
}
