/** Which requests the HTTP server answers, and how; whatever they are, it goes on. */
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { answerIn, anyPort, ask, exchange, open, quietSources, serve, type Asked } from '../helpers/http-server.js'
import { until } from '../helpers/until.js'
import { FsError } from '../../src/errors.js'

const token = 'correct-horse-battery-staple'
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

t.test('what is asked for on this machine is answered, and nothing of it is kept or shown by others', async (t) => {
  const { port } = await serve(t)
  for (const host of ['localhost', 'LOCALHOST:9123', '127.0.0.1', `127.0.0.1:${port}`, '[::1]:9123', '10.1.2.3']) {
    const { status, headers, body } = await ask(port, { headers: { Host: host } })
    t.equal(status, 200, host)
    t.match(JSON.parse(body), { version: '1.2.3' })
    t.match(headers, {
      'content-type': /^application\/json/,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self';/,
    })
    t.notMatch(Object.keys(headers).join(), /access-control|server|x-powered-by/)
  }
  const { status, headers, body } = await ask(port, { method: 'HEAD' })
  t.match({ status, body }, { status: 200, body: '' })
  t.ok(Number(headers['content-length']) > 10)
})

const refused: readonly (readonly [what: string, asked: Asked, status: number])[] = [
  ['a name that was made to lead here', { headers: { Host: 'evil.example' } }, 403],
  ['the same with a port', { headers: { Host: 'evil.example:9123' } }, 403],
  ['a name that begins as an address does', { headers: { Host: '127.0.0.1.evil.example' } }, 403],
  ['a name that only looks like an address', { headers: { Host: '0x7f000001' } }, 403],
  ['no name at all', { headers: { Host: '' } }, 403],
  ['another site’s script', { headers: { Origin: 'https://evil.example' } }, 403],
  ['a page of nowhere', { headers: { Origin: 'null' } }, 403],
  ['another site’s picture', { headers: { 'Sec-Fetch-Site': 'cross-site' } }, 403],
  ['another port’s script', { headers: { 'Sec-Fetch-Site': 'same-site' } }, 403],
  [
    'a link of another site to the API',
    { headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' } },
    403,
  ],
  [
    'a frame of another site',
    {
      path: '/',
      headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
    },
    403,
  ],
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'].map(
    (method) => [method, { method }, 405] as const,
  ),
  ['content', { headers: { 'Content-Length': '5' } }, 413],
  ['content without a length', { headers: { 'Transfer-Encoding': 'chunked' } }, 413],
  ['what there is not', { path: '/nothing' }, 404],
  ['a way out of the page’s folder', { path: '/../../../../etc/passwd' }, 404],
  ['the same, escaped', { path: '/..%2f..%2f..%2fetc%2fpasswd' }, 404],
  ['no URL', { path: '//' }, 400],
  ['another server’s URL', { path: '//evil.example/healthz' }, 400],
  ['the same as a whole', { path: 'http://evil.example/healthz' }, 400],
  ['what a browser would take for a slash', { path: '/\\healthz' }, 400],
  ['a parameter of what takes none', { path: '/healthz?x=1' }, 400],
  ['a parameter of figures', { path: '/metrics?x' }, 400],
  ['a parameter that nobody knows', { path: '/api/deliveries?stat=refused' }, 400],
  ['a parameter twice', { path: '/api/deliveries?limit=1&limit=2' }, 400],
  ['a state that there is not', { path: '/api/deliveries?state=lost' }, 400],
  ['a time that is none', { path: '/api/deliveries?since=yesterday' }, 400],
  ['more than there may be', { path: '/api/deliveries?limit=100000' }, 400],
  ['a partner without a station', { path: '/api/deliveries?partner=GLOBEX' }, 400],
  ['a cursor of elsewhere', { path: '/api/events', headers: { 'Last-Event-ID': 'x y z' } }, 400],
]

t.test('what another site has a browser ask, what would write, and what makes no sense is refused', async (t) => {
  const { port } = await serve(t)
  for (const [what, asked, expected] of refused) {
    const { status, headers, body } = await ask(port, asked)
    t.equal(status, expected, what)
    t.match(headers, { 'x-content-type-options': 'nosniff', 'content-security-policy': /default-src 'none'/ }, what)
    t.notMatch(Object.keys(headers).join(), /access-control/, what)
    t.notMatch(body, /\n +at /, `${what}: no trace`)
  }
  t.equal((await ask(port, { method: 'POST' })).headers.allow, 'GET, HEAD')
  t.equal((await ask(port)).status, 200, 'it goes on')
})

t.test('who does not wait for an answer before he asks again is not answered any more', async (t) => {
  const { port } = await serve(t)
  const one = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const answers = await exchange(port, one.repeat(50))
  t.ok((answers.match(/^HTTP\/1\.1 200/gm) ?? []).length <= 1, 'one at most')
  t.equal((await ask(port)).status, 200, 'others are')
})

t.test('who comes by a link of another site sees the page', async (t) => {
  const folder = t.testdir({ 'index.html': '<h1>here</h1>' })
  const { port } = await serve(t, { pageFolder: folder })
  const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
  t.match(await ask(port, { path: '/', headers }), { status: 200, body: '<h1>here</h1>' })
})

t.test('bytes that are no HTTP, and too many of them, end their connection only', async (t) => {
  const { port } = await serve(t)
  t.equal(answerIn(await exchange(port, '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n')).status, 400, 'TLS')
  t.equal(answerIn(await exchange(port, 'GET /api/status HTTP/1.1\r\n\r\n')).status, 400, 'no Host')
  const long = `GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`
  t.equal(answerIn(await exchange(port, long)).status, 431)
  const two = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'
  t.equal(answerIn(await exchange(port, two)).status, 400, 'two lengths')
  t.equal((await ask(port)).status, 200)
})

t.test('connections that say nothing keep nobody out for long, and none from ending', async (t) => {
  const { server, port } = await serve(t)
  const sockets = Array.from({ length: 80 }, () => open(port))
  const ended = new Set<number>()
  for (const [i, socket] of sockets.entries()) socket.on('error', () => undefined).on('close', () => ended.add(i))
  await until('those beyond the limit to be let go', () => ended.size >= 16)
  for (const socket of sockets.slice(0, 8)) socket.destroy()
  await until('others to be answered', async () => (await ask(port).catch(() => undefined))?.status === 200)
  await server.close()
  await until('all to be ended', () => ended.size === sockets.length)
})

t.test('with a token only who knows it is let in, by whatever name he comes', async (t) => {
  const file = join(t.testdir({}), 'token')
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  const { port, server } = await serve(t, { tokenFile: file })
  const status = async (authorization?: string): Promise<number> => {
    const headers = { Host: 'as2.example.com', ...(authorization !== undefined && { Authorization: authorization }) }
    return (await ask(port, { headers })).status
  }
  t.equal(await status(`Bearer ${token}`), 200)
  t.equal(await status(`bearer ${token}`), 200)
  t.equal(await status(basic(`anybody:${token}`)), 200)
  t.equal(await status(basic(`:${token}`)), 200)
  const wrong = ['', 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, basic(token), basic(`${token}:`)]
  for (const it of [undefined, ...wrong, `Digest ${token}`, token]) t.equal(await status(it), 401, it ?? 'none')
  t.equal((await ask(port, { path: `/api/status?token=${token}` })).status, 401)
  const asked = (await ask(port)).headers['www-authenticate']
  t.match(asked, /^Basic realm="as2fs[^"]*", charset="UTF-8"$/)
  t.equal((await ask(port, { headers: { Authorization: `Bearer ${token}`, Origin: 'http://evil' } })).status, 403)

  await writeFile(file, 'another-token-of-the-same')
  t.equal(await status(`Bearer ${token}`), 401, 'one that was replaced')
  t.equal(await status('Bearer another-token-of-the-same'), 200)
  await rm(file)
  t.equal(await status('Bearer another-token-of-the-same'), 401)
  t.match(server.problems, [/^The token file .* can't be read \(ENOENT\)/])
})

t.test('a token that can be guessed, or is none, is refused with a sentence', async (t) => {
  const file = join(t.testdir({}), 'token')
  const texts: readonly (readonly [string, RegExp])[] = [
    ['', /fewer than 16/],
    ['short', /fewer than 16/],
    ['two words, and more of it', /more in it than one word/],
    ['x'.repeat(2_000), /too long/],
  ]
  for (const [text, sentence] of texts) {
    await writeFile(file, text)
    await t.rejects(serve(t, { tokenFile: file }), { message: sentence })
  }
  await chmod(file, 0o600)
  await t.rejects(serve(t, { tokenFile: `${file}-none` }), { message: /can't be read \(ENOENT\)/ })
  const everywhere = { ...anyPort, host: '0.0.0.0' }
  await t.rejects(serve(t, { address: everywhere }), { message: /needs --http-token-file/ })
})

t.test('what the mount refuses is told as it says it; what nobody expected is told to nobody', async (t) => {
  const errors = [
    new FsError('ENOENT', 'There is no partner X.'),
    new FsError('EIO', 'S3 does not answer.'),
    new Error('secret'),
  ]
  const deliveries = () => Promise.reject(errors.shift() ?? new Error())
  const { port } = await serve(t, { sources: { ...quietSources, deliveries } })
  const path = (limit: number): Asked => ({ path: `/api/deliveries?limit=${limit}` })
  t.match(await ask(port, path(1)), { status: 404, body: '{"error":"There is no partner X."}' })
  t.match(await ask(port, path(2)), { status: 503, body: '{"error":"S3 does not answer."}' })
  t.match(await ask(port, path(3)), {
    status: 500,
    body: '{"error":"Something went wrong inside the daemon: see its log."}',
  })
})

t.test('the same is made once for all who ask at the same time, and no more than some at once', async (t) => {
  let made = 0
  let answer = (): void => undefined
  const waiting = new Promise<void>((resolve) => (answer = resolve))
  const deliveries = async () => {
    made += 1
    await waiting
    return quietSources.deliveries(
      { partner: undefined, states: undefined, since: 0, most: 1, after: null },
      new AbortController().signal,
    )
  }
  const { port } = await serve(t, { sources: { ...quietSources, deliveries } })
  const same = Array.from({ length: 10 }, () => ask(port, { path: '/api/deliveries' }))
  const others = [1, 2, 3].map((it) => ask(port, { path: `/api/deliveries?limit=${it}` }))
  await until('four to be made', () => made === 4)
  t.match(await ask(port, { path: '/api/deliveries?limit=9' }), { status: 503, headers: { 'retry-after': '5' } })
  answer()
  for (const it of await Promise.all([...same, ...others])) t.equal(it.status, 200)
  t.equal(made, 4)
})

t.test('a monitor is told whether the mount is well by the status alone, and figures as it reads them', async (t) => {
  let state: 'ok' | 'degraded' | 'stopping' = 'ok'
  const health = () => ({
    state,
    reasons: state === 'ok' ? [] : [{ reason: 'bucket' as const, sentence: 'S3 is silent.' }],
  })
  const { port } = await serve(t, { sources: { ...quietSources, health } })
  t.match(await ask(port, { path: '/healthz' }), { status: 200, body: '{"state":"ok","reasons":[]}' })
  for (state of ['degraded', 'stopping'] as const) {
    t.match(await ask(port, { path: '/healthz' }), { status: 503, body: /S3 is silent\./ })
    t.match(await ask(port, { path: '/healthz', method: 'HEAD' }), { status: 503, body: '' })
  }
  const { headers, body } = await ask(port, { path: '/metrics' })
  t.match({ headers, body }, { headers: { 'content-type': 'text/plain; version=0.0.4' }, body: 'as2fs_up 1\n' })
})
