/** Servers are reached as the AWS CLI reaches them: through the environment's proxy, with the certificates that are named. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { networkOf, type NetworkOptions } from '../../src/s3/network.js'
import { createSdkStore } from '../../src/s3/sdk-store.js'
import { SharedLookup } from '../../src/s3/shared-lookup.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Prefix } from '../../src/units.js'
import { certificate, emptyBucket, listening, secureServer, startProxy } from '../helpers/network-servers.js'
import { until } from '../helpers/until.js'

// Most of the time passes in waiting before the next try.
t.jobs = 8

type ListOptions = NetworkOptions & {
  readonly network?: ReturnType<typeof networkOf>
  readonly patience?: number
  readonly signal?: AbortSignal
}

/** One LIST, through a network of its own. */
async function list(t: Test, endpoint: string, options: ListOptions = {}): Promise<unknown> {
  const {
    network = networkOf({ env: {}, ...options }),
    patience = 20_000,
    signal = new AbortController().signal,
  } = options
  const credentials = { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined }
  const where = { bucket: 'b', endpoint, region: 'us-east-1', pathStyle: true, patience }
  const store = createSdkStore({ ...where, credentials, network })
  t.teardown(() => store.close())
  return store.list({ prefix: 'AS2/' as Prefix }, signal)
}

function caFile(path: string, from = '--ca-file'): Pick<NetworkOptions, 'caFile'> {
  return { caFile: { path, from } }
}

async function plainServer(t: Test): Promise<string> {
  return `http://127.0.0.1:${await listening(t, createHttpServer(emptyBucket))}`
}

t.test('a certificate is trusted that a file names, and no other; who named the file is said', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  await t.resolves(list(t, endpoint, caFile(ca)))
  await t.rejects(list(t, endpoint), {
    failure: 'transient',
    message:
      /the certificate of localhost:\d+ is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): name a file .* --ca-file or AWS_CA_BUNDLE\.$/,
  })
  const { ca: other } = await certificate(t)
  await t.rejects(list(t, endpoint, caFile(other, 'AWS_CA_BUNDLE')), {
    message: /is not trusted .*: who issued it is not in \/.*ca\.pem \(AWS_CA_BUNDLE\)\.$/,
  })
})

t.test('whom the system trusts is trusted, and whom Node is told to', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  await t.resolves(list(t, endpoint, { env: { SSL_CERT_FILE: ca } }))
  await t.resolves(list(t, endpoint, { env: { NODE_EXTRA_CA_CERTS: ca } }))
  await t.rejects(list(t, endpoint, { env: { SSL_CERT_FILE: '/nonexistent' } }), { message: /not trusted/ })
})

t.test('certificates that are mended are taken without mounting again', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const { ca: other } = await certificate(t)
  const file = join(t.testdir({}), 'ca.pem')
  await copyFile(other, file)
  const network = networkOf({ env: {}, ...caFile(file) })
  await t.rejects(list(t, endpoint, { network }), { message: /not trusted/ })
  await copyFile(ca, file)
  await until('the new file', () =>
    list(t, endpoint, { network }).then(
      () => true,
      () => undefined,
    ),
  )
  await writeFile(file, 'rubbish')
  await t.resolves(list(t, endpoint, { network }))
})

t.test('certificates that can’t be read are one sentence, that says who named them', async (t) => {
  t.throws(() => networkOf(caFile('/nonexistent/ca.pem', 'AWS_CA_BUNDLE')), {
    name: 'UsageError',
    message: "The certificates in /nonexistent/ca.pem (AWS_CA_BUNDLE) can't be read (ENOENT).",
  })
  const texts = { hello: 'hello', half: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' }
  const folder = t.testdir(texts)
  t.throws(() => networkOf(caFile(join(folder, 'hello'))), {
    message: /hello \(--ca-file\) has no certificate in PEM\.$/,
  })
  t.throws(() => networkOf(caFile(join(folder, 'half'))), { message: /half \(--ca-file\) can't be read \(ERR_/ })
})

t.test('a certificate of another name, one out of date, and the wrong protocol are told apart', async (t) => {
  const other = await secureServer(t, { name: 'other.example.com' })
  await t.rejects(list(t, other.endpoint, caFile(other.ca)), {
    message: /is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\): check --endpoint, or try --path-style/,
  })
  const old = await secureServer(t, { more: '-not_before 20200101000000Z -not_after 20210101000000Z' }).catch(
    () => undefined,
  )
  if (old)
    await t.rejects(list(t, old.endpoint, caFile(old.ca)), {
      message: /is out of date, or .*clock is wrong \(CERT_HAS_EXPIRED\)/,
    })
  const plain = (await plainServer(t)).replace('http:', 'https:')
  await t.rejects(list(t, plain), {
    failure: 'transient',
    message: /127\.0\.0\.1:\d+ does not speak TLS .*write http:\/\//,
  })
  const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 0x32])
  const tls = createTcpServer((socket) => socket.end(alert)).listen(0, '127.0.0.1')
  await once(tls, 'listening')
  t.teardown(() => tls.close())
  const { port } = tls.address() as AddressInfo
  await t.rejects(list(t, `http://127.0.0.1:${port}`), { message: /does not speak HTTP .*write https:\/\// })
})

t.test('HTTPS_PROXY is gone through, with the certificates that are trusted, and NO_PROXY around it', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const { url, asked } = await startProxy(t)
  const network = networkOf({ env: { HTTPS_PROXY: url }, ...caFile(ca) })
  await list(t, endpoint, { network })
  t.same(asked, [new URL(endpoint).host])
  t.equal(network.proxyOfS3, `${url} (HTTPS_PROXY)`)
  await list(t, endpoint, { env: { HTTPS_PROXY: url, NO_PROXY: 'localhost' }, ...caFile(ca) })
  t.equal(asked.length, 1)
  await t.rejects(list(t, endpoint, { env: { HTTPS_PROXY: url } }), {
    message: /that comes through the proxy .* is not trusted .*; a proxy that opens TLS has one of its own\)/,
  })
})

t.test('a connection through a proxy is used again', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const { url, asked } = await startProxy(t)
  const network = networkOf({ env: { HTTPS_PROXY: url }, ...caFile(ca) })
  const credentials = { get: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }), refused: () => undefined }
  const store = createSdkStore({
    bucket: 'b',
    endpoint,
    region: 'us-east-1',
    pathStyle: true,
    patience: 20_000,
    credentials,
    network,
  })
  t.teardown(() => store.close())
  for (let i = 0; i < 5; i += 1) await store.list({ prefix: 'AS2/' as Prefix }, new AbortController().signal)
  t.equal(asked.length, 1)
})

t.test('HTTP_PROXY is gone through to a server without TLS', async (t) => {
  const { url, asked } = await startProxy(t)
  await list(t, await plainServer(t), { env: { http_proxy: url } })
  t.match(asked, [/^http:\/\/127\.0\.0\.1:\d+\/b\//])
})

t.test('a proxy with TLS must be trusted, too', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const front = await certificate(t)
  const server = createHttpsServer({ key: await readFile(front.key), cert: await readFile(front.ca) })
  server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'))
  const env = { HTTPS_PROXY: `https://localhost:${await listening(t, server)}` }
  await t.rejects(list(t, endpoint, { env, ...caFile(ca) }), {
    message: /the proxy .* can’t be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  })
  await t.rejects(list(t, endpoint, { env, ...caFile(front.ca) }), {
    message: /does not let S3 be reached \(HTTP 403\)/,
  })
})

t.test('a user and a password in the proxy’s URL are given to it, and told to nobody', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const wanted = `Basic ${Buffer.from('us@er:s3cr3t').toString('base64')}`
  const { url } = await startProxy(t, (it) =>
    it === wanted ? undefined : 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
  )
  const with_ = (user: string): NodeJS.ProcessEnv => {
    const named = url.replace('//', `//${user}@`)
    return { HTTPS_PROXY: named, HTTP_PROXY: named }
  }
  await t.resolves(list(t, endpoint, { env: with_('us%40er:s3cr3t'), ...caFile(ca) }))
  await t.resolves(list(t, await plainServer(t), { env: with_('us%40er:s3cr3t') }))
  for (const server of [endpoint, await plainServer(t)]) {
    const error: unknown = await list(t, server, { env: with_('user:wr0ng'), ...caFile(ca) }).catch((it: unknown) => it)
    t.match(error, {
      failure: 'transient',
      s3Code: 'ProxyRefusal',
      message:
        /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS?_PROXY\) wants another user and password \(HTTP 407\): write them into its URL/,
    })
    const { stack, cause } = error as Error
    t.notMatch([String(stack), String((cause as Error).stack), JSON.stringify(cause)].join(), /wr0ng|dXNlcjp3cjBuZ/)
  }
})

t.test('what a proxy says instead of making a connection is never taken for S3’s answer', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const body = '<Error><Code>NoSuchBucket</Code></Error>'
  const { url } = await startProxy(
    t,
    () => `HTTP/1.1 404 Not Found\r\nx-amz-request-id: 1\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  await t.rejects(list(t, endpoint, { env: { HTTPS_PROXY: url }, ...caFile(ca) }), {
    failure: 'transient',
    message: /the proxy .* does not let S3 be reached \(HTTP 404\)/,
  })
})

t.test('a proxy that is not there is an outage, and named', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const env = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' }
  for (const server of [endpoint, await plainServer(t)]) {
    await t.rejects(list(t, server, { env, ...caFile(ca) }), {
      failure: 'transient',
      message: /the proxy http:\/\/127\.0\.0\.1:9 \(HTTPS?_PROXY\) can’t be reached \(ECONNREFUSED\)/,
    })
  }
  await t.rejects(list(t, endpoint, { env: { HTTPS_PROXY: 'socks5://user:s3cr3t@proxy:1080' }, ...caFile(ca) }), {
    failure: 'transient',
    message: /HTTPS_PROXY names a proxy of the kind socks5; only http and https can be used\.$/,
  })
})

t.test('a proxy that hangs is given up and named, and no connection to it stays', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  const { url, asked, sockets } = await startProxy(t, () => '')
  const controller = new AbortController()
  const { signal } = controller
  const listed = list(t, endpoint, { env: { HTTPS_PROXY: url }, ...caFile(ca), patience: 60_000, signal })
  listed.catch(() => undefined)
  await until('a second try', () => asked.length > 1)
  controller.abort()
  await t.rejects(listed, { failure: 'transient', message: /the proxy .* does not answer/ })
  await until('no connection', () => sockets.size === 0)
})

t.test('names of servers and proxies are looked up by the one look-up for all', async (t) => {
  const port = new URL(await plainServer(t)).port
  const secure = await secureServer(t)
  const asked: string[] = []
  const names = new SharedLookup(systemClock, async (name) => {
    asked.push(name)
    return [{ address: '127.0.0.1', family: 4 }]
  })
  await list(t, `http://s3.invalid:${port}`, { names })
  t.same(asked, ['s3.invalid'])
  const { url } = await startProxy(t)
  const proxy = url.replace('127.0.0.1', 'proxy.invalid')
  const env = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy }
  await list(t, `http://127.0.0.1:${port}`, { names, env })
  await list(t, secure.endpoint, { names, env, ...caFile(secure.ca) })
  t.same(asked, ['s3.invalid', 'proxy.invalid', 'proxy.invalid'])
})

t.test('a name that can’t be looked up is named', async (t) => {
  const names = new SharedLookup(systemClock, async (hostname) => {
    throw Object.assign(new Error('no'), { code: 'ENOTFOUND', hostname })
  })
  await t.rejects(list(t, 'http://s3.invalid', { names }), {
    message: /the name s3\.invalid can’t be looked up \(ENOTFOUND\)\.$/,
  })
})

t.test('an IPv6 endpoint is reached', async (t) => {
  const port = await listening(t, createHttpServer(emptyBucket), '::1')
  await t.resolves(list(t, `http://[::1]:${port}`))
  const { url, asked } = await startProxy(t)
  await list(t, `http://[::1]:${port}`, { env: { HTTP_PROXY: url } })
  t.match(asked, [/^http:\/\/\[::1\]:\d+\/b\//])
  await list(t, `http://[::1]:${port}`, { env: { HTTP_PROXY: url, NO_PROXY: '::1' } })
  t.equal(asked.length, 1)
})

/** A port of this machine on which connections are never made: those that nobody accepts fill its queue. */
const deadPort = `
import socket, sys
s = socket.socket(); s.bind(('127.0.0.2', int(sys.argv[1]))); s.listen(0)
held = []
for _ in range(4):
  c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname()); held.append(c)
print('dead', flush=True); sys.stdin.read()
`

t.test('of a name with a dead address the others are tried within moments', async (t) => {
  const port = Number(new URL(await plainServer(t)).port)
  const dead = spawn('python3', ['-c', deadPort, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => dead.kill('SIGKILL'))
  await once(dead.stdout, 'data')
  const names = new SharedLookup(systemClock, async () => [
    { address: '127.0.0.2', family: 4 },
    { address: '2001:db8::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ])
  await t.resolves(list(t, `http://s3.invalid:${port}`, { names, patience: 16_000 }))
})
