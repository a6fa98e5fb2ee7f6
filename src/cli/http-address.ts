/** `--http`: a text → where to listen. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import type { HttpAddress } from '../http/address.js'
import { ParseError, readable } from './parse.js'

/** What `struct sockaddr_un` has room for, less the zero at its end. */
const longestSocket = 107

/** `127.0.0.1:9123`, `[::1]:9123`, `localhost:9123`, `unix:/run/as2fs/http.sock`, `/run/as2fs/http.sock`. */
export function httpAddress(text: string, base: string): HttpAddress {
  if (text === 'unix:') throw new ParseError('unix: needs a path; write unix:/run/as2fs/http.sock.')
  if (text.startsWith('unix:') || text.startsWith('/'))
    return socketAt(readable(resolve(base, text.replace(/^unix:/, ''))))
  const [, bracketed, name, digits = ''] = /^(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text) ?? []
  const host = bracketed ?? name
  const port = Number(digits)
  const isAddress = bracketed === undefined ? /^[\w.-]+$/.test(host ?? '') : isIP(bracketed) === 6
  if (host === undefined || !isAddress || port > 65_535) {
    throw new ParseError(`'${text}' is no place to listen; write 127.0.0.1:9123 or unix:/run/as2fs/http.sock.`)
  }
  return { kind: 'tcp', host, port }
}

function socketAt(path: string): HttpAddress {
  if (Buffer.byteLength(path) > longestSocket) {
    throw new ParseError(`the path of a socket has ${longestSocket} bytes at most, and '${path}' has more.`)
  }
  return { kind: 'socket', path }
}
