/** The control socket at its end: whoever was answered gets all of it. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startControlServer, type ControlHandlers } from '../../src/control/server.js'
import { socketName } from '../../src/control/socket.js'
import { inTime, late } from '../../src/patience.js'
import { silentLogger } from '../../src/telemetry/log.js'

/** More than a socket holds. */
const rows = Array.from({ length: 20_000 }, (_, n) => ({ id: `${n}`, path: 'x'.repeat(100) }))

t.test('an answer that is being read when the server closes is whole, and nobody is answered after that', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-control-'))
  t.teardown(() => rm(directory, { recursive: true }))
  const handlers = { unmount: async () => ({ remaining: rows }) } as unknown as ControlHandlers
  const server = await startControlServer(directory, handlers, silentLogger())
  const path = join(directory, socketName)
  const client = connect(path)
  client.write('POST /unmount HTTP/1.0\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}')
  await once(client, 'readable')
  const closing = server.close()
  const other = connect(path)
  other.end('GET /status HTTP/1.1\r\nhost: x\r\n\r\n')
  t.equal((await other.toArray()).length, 0)
  t.equal(await inTime(closing, 100), late, 'who reads slowly is waited for')
  const text = Buffer.concat((await client.toArray()) as Buffer[]).toString()
  const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) as { readonly remaining: unknown[] }
  t.equal(body.remaining.length, rows.length)
  await closing
})
