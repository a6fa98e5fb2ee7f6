/** Where the HTTP server listens: what is in its way holds nothing up, and all is given back. */
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { anyPort, ask, serve } from '../helpers/http-server.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** Short enough for the path of a socket. */
async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'as2fs-h-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

t.test('a port that is taken is a problem, until it is free', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const port = (other.address() as { port: number }).port
  const { server } = await serve(t, { address: { ...anyPort, port }, tryAgainAfter: 50 })
  t.equal(server.at, undefined)
  t.match(server.problems, [
    `--http 127.0.0.1:${port} can't be listened at: another program listens there already: end that, or give another port.`,
  ])
  other.close()
  await until('it to listen', () => server.at === `http://127.0.0.1:${port}/`)
  t.same(server.problems, [])
  t.equal((await ask(port)).status, 200)
  await server.close()
  const next = createServer().listen(port, '127.0.0.1')
  await once(next, 'listening')
  next.close()
})

t.test('one that ends while its port is taken never listens', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const port = (other.address() as { port: number }).port
  const { server } = await serve(t, { address: { ...anyPort, port }, tryAgainAfter: 20 })
  await server.close()
  other.close()
  await once(other, 'close')
  const next = createServer().listen(port, '127.0.0.1')
  await once(next, 'listening')
  next.close()
  t.equal(server.at, undefined)
})

t.test('an address that is not this machine’s, and a name that nobody knows, are problems', async (t) => {
  const file = join(await folder(t), 'token')
  await writeFile(file, 'a-token-that-is-long-enough')
  const guarded = { tokenFile: file, tryAgainAfter: 50_000 }
  const elsewhere = await serve(t, { address: { ...anyPort, host: '192.0.2.1' }, ...guarded })
  t.match(elsewhere.server.problems, [/this machine does not have that address\. It is tried again every 50 s\.$/])
  const nowhere = await serve(t, { address: { ...anyPort, host: 'nowhere.invalid' }, ...guarded })
  t.match(nowhere.server.problems, [/nobody knows that name\.|being looked up\./])
})

t.test('a socket is its owner’s and its group’s, and is gone at the end', async (t) => {
  const path = join(await folder(t), 's')
  const { server } = await serve(t, { address: { kind: 'socket', path } })
  t.equal(server.at, `unix:${path}`)
  t.equal((await stat(path)).mode & 0o777, 0o660)
  t.equal((await ask(path)).status, 200)
  t.equal((await ask(path, { headers: { Host: 'evil.example' } })).status, 403)
  await server.close()
  await t.rejects(stat(path), { code: 'ENOENT' })
})

t.test('a socket that a killed daemon has left is taken away, and nothing else', async (t) => {
  const at = await folder(t)
  const path = join(at, 's')
  await run(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  t.ok((await stat(path)).isSocket())
  const { server } = await serve(t, { address: { kind: 'socket', path } })
  t.equal(server.at, `unix:${path}`)

  const second = await serve(t, { address: { kind: 'socket', path } })
  t.match(second.server.problems, [/another program listens there already/])
  await second.server.close()
  t.equal((await ask(path)).status, 200, 'the first one goes on')

  const file = join(at, 'file')
  await writeFile(file, 'mine')
  const third = await serve(t, { address: { kind: 'socket', path: file } })
  t.match(third.server.problems, [/it is there, and is no socket/])
  t.equal((await stat(file)).size, 4)
  const fourth = await serve(t, { address: { kind: 'socket', path: join(at, 'none/s') } })
  t.match(fourth.server.problems, [/there is no folder .*\/none\./])
})
