/** An HTTP server for a test, with a daemon behind it that is played, and requests as no browser would make them. */
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { StatusReport } from '../../src/control/reports.js'
import { HttpServer, type HttpServerOptions } from '../../src/http/server.js'
import type { HttpSources } from '../../src/http/routes.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'

const nothing = { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 }

/** A mount at which nothing happens. */
export const quietSources: HttpSources = {
  status: () => ({ version: '1.2.3', state: 'ok', problems: [], send: nothing }) as unknown as StatusReport,
  health: () => ({ state: 'ok', reasons: [] }),
  metrics: { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('as2fs_up 1\n') },
  queue: () => ({ generatedAt: 1, counts: nothing, rows: [] }),
  deliveries: () =>
    Promise.resolve({
      ...{ generatedAt: 1, left: 0, rows: [], next: undefined, missing: [] },
      counts: { pending: 0, overdue: 0, delivered: 0, warned: 0, refused: 0 },
    }),
  arrivals: () => Promise.resolve({ generatedAt: 1, count: 0, rows: [], missing: [] }),
  events: (_beginning, _lines, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
}

export const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

export interface Served {
  readonly server: HttpServer
  readonly port: number
}

export async function serve(t: Test, options: Partial<HttpServerOptions> = {}): Promise<Served> {
  const { sources = quietSources, ...more } = options
  const server = await HttpServer.start({
    ...{ address: anyPort, tokenFile: undefined, sources, clock: systemClock, log: silentLogger(), ...more },
  })
  t.teardown(() => server.close())
  return { server, port: Number(/:(\d+)\/$/.exec(server.at ?? '')?.[1] ?? 0) }
}

/** Sends some bytes, and waits for all that comes until the other side ends it. */
export function exchange(where: number | string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open(where)
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(text)
  })
}

/** A connection that says nothing by itself. */
export function open(where: number | string): Socket {
  return typeof where === 'string' ? connect(where) : connect(where, '127.0.0.1')
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Headers are sent as they are given: Host too, which is `localhost` by default. */
export async function ask(where: number | string, { method = 'GET', path = '/api/status', headers = {} }: Asked = {}) {
  const sent = { Host: 'localhost', Connection: 'close', ...headers }
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
  return answerIn(await exchange(where, `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`))
}

export function answerIn(text: string): Answer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const pairs = lines.map((it) => [it.slice(0, it.indexOf(':')).toLowerCase(), it.slice(it.indexOf(':') + 2)] as const)
  return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(pairs), body: rest.join('\r\n\r\n') }
}
