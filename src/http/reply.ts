/** How answers look: what each tells the browser of itself, whatever is in it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { FsError, UsageError } from '../errors.js'

/** Scripts and styles are the page's own files; nothing is taken from elsewhere, nothing is in a frame, nothing is sent anywhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const always = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** A header may come several times. */
export type Headers = Readonly<Record<string, string | string[]>>

export interface Reply {
  readonly status?: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Headers
}

export const jsonType = 'application/json; charset=utf-8'

/** Sends all of it; of a HEAD the headers only. */
export function send(response: ServerResponse, { status = 200, type, body, headers }: Reply): void {
  const length = String(Buffer.byteLength(body))
  response.writeHead(status, { ...always, 'content-type': type, 'content-length': length, ...headers })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** The headers of an answer that goes on. */
export function begin(response: ServerResponse, type: string): void {
  response.writeHead(200, { ...always, 'content-type': type })
}

/** One sentence: for programs in JSON, for people as it is. */
export function refuse(
  { url = '' }: IncomingMessage,
  response: ServerResponse,
  status: number,
  why: string,
  headers?: Headers,
): void {
  const isForPrograms = url.startsWith('/api/')
  const body = isForPrograms ? JSON.stringify({ error: why }) : `${why}\n`
  // Who was refused may have more to say, which nobody reads.
  const closing = { connection: 'close', ...headers }
  send(response, { status, type: isForPrograms ? jsonType : 'text/plain; charset=utf-8', body, headers: closing })
}

/** @returns undefined for what nobody expected */
export function refusalOf(error: unknown): { readonly status: number; readonly why: string } | undefined {
  if (error instanceof UsageError) return { status: 400, why: error.message }
  if (!(error instanceof FsError)) return undefined
  const status = error.code === 'ENOENT' ? 404 : error.code === 'EINVAL' ? 400 : 503
  return { status, why: error.message }
}
