/** Servers and proxies on this machine, for tests of the ways to a server. All are gone with the test. */
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer as createHttpServer, request as httpRequest, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Test } from 'tap'
import { sh } from './run.js'

const page =
  '<ListBucketResult><Name>b</Name><Prefix>AS2/</Prefix><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'
/** What an S3 without an object answers to a LIST. */
export const emptyBucket: RequestListener = (_request, response) =>
  void response.writeHead(200, { 'content-type': 'application/xml' }).end(page)

export async function listening(t: Test, server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** @returns files of a key and of its certificate, which nobody has signed */
export async function certificate(
  t: Test,
  { name = 'localhost', more = '' } = {},
): Promise<{ readonly key: string; readonly ca: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'as2fs-ca-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const [key, ca] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
  await sh(
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${key} -out ${ca} -days 2 -subj /CN=${name} -addext subjectAltName=DNS:${name} ${more}`,
  )
  return { key, ca }
}

/** An S3 server with a certificate that nobody knows. */
export async function secureServer(
  t: Test,
  options: Parameters<typeof certificate>[1] = {},
): Promise<{ readonly endpoint: string; readonly ca: string }> {
  const { key, ca } = await certificate(t, options)
  const server = createHttpsServer({ key: await readFile(key), cert: await readFile(ca) }, emptyBucket)
  return { endpoint: `https://localhost:${await listening(t, server)}`, ca }
}

export interface PlayedProxy {
  readonly url: string
  /** The hosts, or URLs, that it was asked for. */
  readonly asked: string[]
  /** Whose connections it has now. */
  readonly sockets: Set<Duplex>
}

/** What a proxy says to a CONNECT instead of making the connection; empty: it says nothing, undefined: it makes it. */
type Says = (authorization: string | undefined) => string | undefined

export async function startProxy(t: Test, says: Says = () => undefined): Promise<PlayedProxy> {
  const asked: string[] = []
  const sockets = new Set<Duplex>()
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? '')
    const answer = says(request.headers['proxy-authorization'])
    if (answer !== undefined) return void response.writeHead(Number(answer.split(' ')[1])).end('<html>no</html>')
    const onward = httpRequest(request.url ?? '', { headers: request.headers, method: request.method }, (it) => {
      response.writeHead(it.statusCode ?? 500, it.headers)
      it.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('connect', (request, socket: Duplex) => {
    asked.push(request.url ?? '')
    socket.on('error', () => undefined)
    const answer = says(request.headers['proxy-authorization'])
    if (answer === '') return void socket.resume().on('end', () => socket.destroy())
    if (answer !== undefined) return void socket.end(answer)
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1])
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const it of [socket, onward])
      it.on('error', () => undefined).on('close', () => [socket, onward].map((all) => all.destroy()))
  })
  const port = await listening(t, server)
  t.teardown(() => [...sockets].map((it) => it.destroy()))
  return { url: `http://127.0.0.1:${port}`, asked, sockets }
}
