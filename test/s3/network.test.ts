/** Servers are reached as the AWS CLI reaches them: through the environment's proxy, with the certificates that are named. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer as createHttpServer, request as httpRequest, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { networkOf } from '../../src/s3/network.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { SharedLookup } from '../../src/s3/shared-lookup.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Prefix } from '../../src/units.js'
import { sh } from '../helpers/run.js'

const page =
  '<ListBucketResult><Name>b</Name><Prefix>AS2/</Prefix><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>'
const { signal } = new AbortController()
const proxyVariables = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((it) => [it, it.toLowerCase()])

function withEnvironment(t: Test, env: Readonly<Record<string, string>>): void {
  const before = proxyVariables.map((name) => [name, process.env[name]] as const)
  for (const name of proxyVariables) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, env)
  t.teardown(() => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    }
  })
}

async function listening(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** An S3 server with a certificate that nobody knows. */
async function secureServer(t: Test): Promise<{ readonly endpoint: string; readonly ca: string }> {
  const folder = t.testdir({})
  const [key, ca] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
  await sh(
    `openssl req -x509 -newkey rsa:2048 -nodes -keyout ${key} -out ${ca} -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`,
  )
  const server = createHttpsServer({ key: await readFile(key), cert: await readFile(ca) }, (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/xml' }).end(page),
  )
  return { endpoint: `https://localhost:${await listening(t, server)}`, ca }
}

/** @returns where it is, and the hosts that it was asked for */
async function proxy(t: Test): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
  const server = createHttpServer((request, response) => {
    asked.push(request.url ?? '')
    const onward = httpRequest(request.url ?? '', { headers: request.headers, method: request.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  server.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1])
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const it of [socket, onward])
      it.on('error', () => undefined).on('close', () => [socket, onward].map((all) => all.destroy()))
  })
  return { url: `http://127.0.0.1:${await listening(t, server)}`, asked }
}

async function list(t: Test, endpoint: string, caFile?: string, network = networkOf(caFile)): Promise<unknown> {
  const credentials = { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined }
  const where = { bucket: 'b', endpoint, region: 'us-east-1', pathStyle: true, patience: 4_000 }
  const store = createSdkStore({ ...where, credentials, network })
  t.teardown(() => store.close())
  return store.list({ prefix: 'AS2/' as Prefix }, AbortSignal.any([signal, AbortSignal.timeout(10_000)]))
}

t.test('a certificate is trusted that --ca-file names, and no other', async (t) => {
  withEnvironment(t, {})
  const { endpoint, ca } = await secureServer(t)
  await t.resolves(list(t, endpoint, ca))
  await t.rejects(list(t, endpoint), { failure: 'transient', message: /certificate is not trusted \(.*--ca-file/ })
})

t.test('TLS where there is none, and none where there is, is said so', async (t) => {
  withEnvironment(t, {})
  const port = await listening(
    t,
    createHttpServer((_request, response) => response.end()),
  )
  await t.rejects(list(t, `https://127.0.0.1:${port}`), { message: /does not speak TLS there .*write http:\/\// })
  const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 0x32])
  const tls = createTcpServer((socket) => socket.end(alert)).listen(0, '127.0.0.1')
  await once(tls, 'listening')
  t.teardown(() => tls.close())
  const { port: other } = tls.address() as AddressInfo
  await t.rejects(list(t, `http://127.0.0.1:${other}`), { message: /does not speak HTTP .*write https:\/\// })
})

t.test('certificates that can’t be read are one sentence, which says by what they were named', async (t) => {
  t.throws(() => networkOf('/nonexistent/ca.pem', 'AWS_CA_BUNDLE'), { message: /\(AWS_CA_BUNDLE\) can't be read/ })
  t.throws(() => networkOf('/nonexistent/ca.pem'), { name: 'UsageError', message: /ca\.pem.*can't be read \(ENOENT\)/ })
  const file = join(t.testdir({ 'ca.pem': 'hello' }), 'ca.pem')
  t.throws(() => networkOf(file), { name: 'UsageError', message: /has no certificate in PEM/ })
})

t.test('HTTPS_PROXY is gone through, with the certificates that are trusted, and NO_PROXY around it', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const { url, asked } = await proxy(t)
  withEnvironment(t, { HTTPS_PROXY: url })
  await list(t, endpoint, ca)
  t.same(asked, [new URL(endpoint).host])
  process.env.NO_PROXY = 'localhost'
  await list(t, endpoint, ca)
  t.equal(asked.length, 1)
})

t.test('HTTP_PROXY is gone through to a server without TLS', async (t) => {
  const server = createHttpServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/xml' }).end(page),
  )
  const endpoint = `http://127.0.0.1:${await listening(t, server)}`
  const { url, asked } = await proxy(t)
  withEnvironment(t, { http_proxy: url })
  await list(t, endpoint)
  t.match(asked, [/^http:\/\/127\.0\.0\.1:\d+\/b\//])
})

t.test('a proxy that is not there is an outage', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  withEnvironment(t, { HTTPS_PROXY: 'http://127.0.0.1:9' })
  await t.rejects(list(t, endpoint, ca), { failure: 'transient', message: /ECONNREFUSED/ })
})

t.test('names of servers and proxies are looked up by the one look-up for all', async (t) => {
  withEnvironment(t, {})
  const server = createHttpServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'application/xml' }).end(page),
  )
  const port = await listening(t, server)
  const names: string[] = []
  const lookup = new SharedLookup(systemClock, async (name) => {
    names.push(name)
    return [{ address: '127.0.0.1', family: 4 }]
  })
  const network = { ca: undefined, names: lookup }
  await list(t, `http://s3.invalid:${port}`, undefined, network)
  t.same(names, ['s3.invalid'])
  const { url } = await proxy(t)
  process.env.HTTP_PROXY = url.replace('127.0.0.1', 'proxy.invalid')
  t.teardown(() => Reflect.deleteProperty(process.env, 'HTTP_PROXY'))
  await list(t, `http://127.0.0.1:${port}`, undefined, network)
  t.same(names, ['s3.invalid', 'proxy.invalid'])
})
