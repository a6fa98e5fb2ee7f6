/** What a doctor says of the way to the server, each with the fault that it is for. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { diagnose, examine, found, ownEnvironment, patient, type Diagnosis } from '../helpers/doctor.js'
import { listening, secureServer } from '../helpers/network-servers.js'

ownEnvironment()

async function against(t: Test, endpoint: string, ...flags: readonly string[]): Promise<Diagnosis> {
  const { args } = await patient(t)
  return examine([...args, '--endpoint', endpoint, ...flags])
}

/** A port on which what comes is dropped, as by a firewall: nobody takes from its queue, which is full. */
async function blackHole(t: Test): Promise<string> {
  const script = `
import socket, sys
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
held = []
for _ in range(4):
    c = socket.socket(); c.setblocking(False)
    try: c.connect(s.getsockname())
    except BlockingIOError: pass
    held.append(c)
print(s.getsockname()[1], flush=True)
sys.stdin.read()
`
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return `http://127.0.0.1:${line.toString().trim()}`
}

// Most wait.
t.jobs = 4

t.test('a port on which nobody listens', async (t) => {
  found(
    t,
    await against(t, 'http://127.0.0.1:9'),
    'connection',
    'failure',
    /takes no connections on port 9 \(ECONNREFUSED\)/,
  )
})

t.test('a name that there is not', async (t) => {
  const diagnosis = await against(t, 'http://no-such-host.invalid')
  found(
    t,
    diagnosis,
    'name',
    'failure',
    /no server called no-such-host.invalid|no-such-host.invalid can't be looked up/,
  )
})

t.test('a firewall that drops what is sent', async (t) => {
  const begin = performance.now()
  const diagnosis = await against(t, await blackHole(t))
  found(t, diagnosis, 'connection', 'failure', /does not answer on port \d+ \(ETIMEDOUT\), as if a firewall dropped/)
  t.equal(diagnosis.text('keys'), 'not looked at before this is well: connection')
  // 6 s, where nobody else wants the processor.
  t.ok(performance.now() - begin < 30_000)
})

t.test('a server that takes connections and says nothing', async (t) => {
  const server = createTcpServer(() => undefined).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const diagnosis = await against(t, `http://127.0.0.1:${port}`)
  found(t, diagnosis, 'server', 'failure', /takes connections and says nothing: check --endpoint, and whether/)
})

t.test('https:// to a server without TLS', async (t) => {
  const port = await listening(
    t,
    createHttpServer((_request, response) => response.end()),
  )
  found(
    t,
    await against(t, `https://127.0.0.1:${port}`),
    'server',
    'failure',
    /does not speak TLS \(EPROTO\): write http:\/\//,
  )
})

t.test('a certificate that nobody answers for, and one that --ca-file names', async (t) => {
  const { endpoint, ca } = await secureServer(t)
  found(
    t,
    await against(t, endpoint),
    'server',
    'failure',
    /certificate .* is not trusted .*--ca-file or AWS_CA_BUNDLE/,
  )
  const trusted = await against(t, endpoint, '--ca-file', ca)
  t.notMatch(trusted.text('server'), /not trusted|not looked at/)
})

t.test('a web server, a login, a filter', async (t) => {
  const html = '<html>Sign in</html>'
  const port = await listening(
    t,
    createHttpServer((_request, response) => response.setHeader('content-type', 'text/html').end(html)),
  )
  const diagnosis = await against(t, `http://127.0.0.1:${port}`)
  found(t, diagnosis, 'keys', 'failure', /somebody else: a proxy, a filter or a login \(HTTP 200, text\/html\)/)
  t.match(diagnosis.text('server'), /does not say that it is S3 \(HTTP 200\); if .* a login .*, check --endpoint/)
})

t.test('a proxy that is not there, and one that is none', async (t) => {
  const { args } = await patient(t)
  const env = { HTTP_PROXY: 'http://user:secret@127.0.0.1:9', NO_PROXY: '' }
  const [gone, none] = await Promise.all([
    diagnose(args, { env }),
    diagnose(args, { env: { ...env, HTTP_PROXY: 'socks5://127.0.0.1:9' } }),
  ])
  found(
    t,
    gone,
    'connection',
    'failure',
    /The proxy http:\/\/127.0.0.1:9 \(HTTP_PROXY\) takes no connections on port 9/,
  )
  t.match(gone.text('endpoint'), /by the proxy http:\/\/127.0.0.1:9 \(HTTP_PROXY\)/)
  t.notMatch(JSON.stringify(gone.report), 'secret')
  found(t, none, 'endpoint', 'failure', /names a proxy of the kind socks5; only http and https/)
})

t.test('the variable that named the server is the one to check', async (t) => {
  const { args } = await patient(t)
  const others = args.filter((it, at) => it !== '--endpoint' && args[at - 1] !== '--endpoint')
  const diagnosis = await diagnose(others, { env: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9' } })
  found(
    t,
    diagnosis,
    'connection',
    'failure',
    /takes no connections on port 9 .*check AWS_ENDPOINT_URL_S3, and that it runs/,
  )
})
