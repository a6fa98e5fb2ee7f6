/** Commands and the daemon talk through a socket in the state directory. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FsError } from '../../src/errors.js'
import { ControlClient } from '../../src/control/client.js'
import { startControlServer, type ControlHandlers } from '../../src/control/server.js'
import type { StatusReport } from '../../src/control/reports.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { row } from '../helpers/send-row.js'

const rows = [
  row({ id: '1', path: 'a.edi' }),
  row({ id: '2', path: 'b.edi' }),
  row({ id: '3', path: 'b.edi', partner: 'HOOLI' }),
]

/** Handlers that note what they were asked. */
function handlers(asked: string[], others: Partial<ControlHandlers> = {}): ControlHandlers {
  const note = async (text: string): Promise<undefined> => void asked.push(text)
  return {
    status: async () => ({ pid: 7, state: 'ok' }) as StatusReport,
    queue: async () => ({ generatedAt: 1, rows }),
    info: async (path) => ({ path, kind: 'file', size: 1, mtime: 2 }),
    deliveries: async () => ({ generatedAt: 1, left: 0, rows: [], missing: [] }),
    retry: (id) => note(`retry ${id}`),
    cancel: (id) => note(`cancel ${id}`),
    release: (id) => note(`release ${id}`),
    fresh: {
      report: async () => ({ rows: [] }),
      reset: async (partner) => {
        await note(`reset ${partner ?? 'all'}`)
        return { rows: [] }
      },
      takeAll: async (partner) => {
        await note(`take all of ${partner ?? 'all'}`)
        return { rows: [] }
      },
    },
    unmount: async (drain) => {
      await note(`unmount ${drain ?? 'as configured'}`)
      return { remaining: rows.slice(0, 1) }
    },
    events: () => note('events'),
    ...others,
  }
}

async function start(t: Test, directory: string, given: ControlHandlers): Promise<ControlClient> {
  const server = await startControlServer(directory, given, silentLogger())
  t.teardown(() => server.close())
  return new ControlClient(directory)
}

/** For sockets that are named here without the care of the room: a path of at most 107 bytes. */
async function shortDirectory(t: Test): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-test-'))
  t.teardown(() => rm(directory, { recursive: true }))
  return directory
}

t.test('questions are answered', async (t) => {
  const asked: string[] = []
  const client = await start(t, t.testdir(), handlers(asked))
  t.match(await client.status(), { pid: 7, state: 'ok' })
  t.same(
    (await client.queue()).rows.map((it) => it.id),
    ['1', '2', '3'],
  )
  t.match(await client.info('/ACME/ö & ü?.edi'), { path: '/ACME/ö & ü?.edi' })
  t.same((await client.unmount(5_000)).remaining.length, 1)
  await client.unmount(undefined)
  t.same(asked, ['unmount 5000', 'unmount as configured'])
})

t.test('new/ of one partner, or of all, is asked for', async (t) => {
  const asked: string[] = []
  const client = await start(t, t.testdir(), handlers(asked))
  t.same(await client.new(), { rows: [] })
  await client.changeNew('reset', undefined)
  await client.changeNew('take-all', 'ACME/ö ü')
  t.same(asked, ['reset all', 'take all of ACME/ö ü'])
})

t.test('a file of the queue is named by id, name or path', async (t) => {
  const asked: string[] = []
  const client = await start(t, t.testdir(), handlers(asked))
  await client.change('retry', 'a.edi')
  await client.change('cancel', 'ACME/HOOLI/b.edi')
  await client.change('release', '/ACME/GLOBEX/send/b.edi')
  await client.change('retry', '3')
  t.same(asked, ['retry 1', 'cancel 3', 'release 2', 'retry 3'])
  await t.rejects(client.change('retry', 'b.edi'), {
    message: "There are 2 files named 'b.edi': say which (ACME/GLOBEX/b.edi, ACME/HOOLI/b.edi).",
  })
  await t.rejects(client.change('retry', 'c.edi'), {
    name: 'UsageError',
    message: "There is no file 'c.edi' in the queue.",
  })
})

t.test('the daemon’s sentences arrive, its accidents stay inside', async (t) => {
  const others = {
    unmount: () => Promise.reject(new FsError('EBUSY', '/mnt/as2 is in use by vi (process 7).')),
    info: () => Promise.reject(new TypeError('x is not a function')),
  }
  const client = await start(t, t.testdir(), handlers([], others))
  await t.rejects(client.unmount(0), { name: 'UsageError', message: '/mnt/as2 is in use by vi (process 7).' })
  await t.rejects(client.info('/x'), { message: 'Something went wrong inside the daemon: see its log.' })
})

t.test('the socket is its owner’s alone, and gone afterwards', async (t) => {
  const directory = t.testdir()
  const server = await startControlServer(directory, handlers([]), silentLogger())
  t.equal((await stat(join(directory, 'control.sock'))).mode & 0o777, 0o600)
  await server.close()
  await t.rejects(stat(join(directory, 'control.sock')), { code: 'ENOENT' })
  await t.rejects(new ControlClient(directory).status(), { name: 'NoAnswerError' })
})

t.test('a path too long for a socket is no obstacle', async (t) => {
  const directory = join(t.testdir(), 'x'.repeat(120), 'y'.repeat(120))
  await mkdir(directory, { recursive: true })
  const client = await start(t, directory, handlers([]))
  t.match(await client.status(), { pid: 7 })
})

t.test('what a dead daemon left is replaced', async (t) => {
  const directory = t.testdir()
  await writeFile(join(directory, 'control.sock'), '')
  const client = await start(t, directory, handlers([]))
  t.match(await client.status(), { pid: 7 })
})

t.test('a daemon that does not answer is not waited for', async (t) => {
  const directory = await shortDirectory(t)
  const server = createServer(() => undefined).listen(join(directory, 'control.sock'))
  await once(server, 'listening')
  t.teardown(() => server.close())
  await t.rejects(new ControlClient(directory, 50).status(), { name: 'NoAnswerError' })
})

t.test('requests that make no sense are refused', async (t) => {
  const directory = await shortDirectory(t)
  await start(t, directory, handlers([]))
  const status = (method: string, path: string, body = ''): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const socketPath = join(directory, 'control.sock')
      const sent = request({ socketPath, method, path, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  t.equal(await status('GET', '/nothing'), 404)
  t.equal(await status('POST', '/queue/retry', '{'), 400)
  t.equal(await status('POST', '/queue/retry', '{}'), 400)
  t.equal(await status('POST', '/queue/retry', JSON.stringify({ name: 'x'.repeat(70_000) })), 400)
})
