/** Where the HTTP server listens, and who can reach that. Pure. */
import { isIP } from 'node:net'

export type HttpAddress =
  | {
      readonly kind: 'tcp'
      /** A name, or an address without the brackets of IPv6. */
      readonly host: string
      /** 0: any that is free. */
      readonly port: number
    }
  | {
      readonly kind: 'socket'
      /** Absolute. */
      readonly path: string
    }

/** Whether only this machine can reach it. A name may mean anything, but for the one that every system has. */
export function isLocal(address: HttpAddress): boolean {
  return address.kind === 'socket' || address.host === 'localhost' || isLoopback(address.host)
}

export function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.')) || /^::ffff:127\.[\d.]+$/i.test(host)
}

/** As people read it, and a browser takes it. */
export function shownAddress(address: HttpAddress): string {
  if (address.kind === 'socket') return `unix:${address.path}`
  const { host, port } = address
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}/`
}
