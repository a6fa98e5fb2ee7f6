/** What the service manager is told, and when. */
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Look } from '../../src/fuse/look-by-process.js'
import { takeManager } from '../../src/service/manager.js'
import { NotifySocket } from '../../src/service/notify-socket.js'
import { Service, type Served } from '../../src/service/service.js'
import { silentLogger, type Logger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const well: Look = { code: 0, wasStarted: true, stdout: '', stderr: '' }

t.test('the manager is known by variables, which no child is to have', (t) => {
  const env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: '@s', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7', HOME: '/' }
  t.same(takeManager({ ...env }, 7), { address: '@s', watchdog: 60_000 })
  t.same(takeManager({ ...env }, 8), { address: '@s', watchdog: undefined }, 'another process is watched')
  t.same(takeManager({ NOTIFY_SOCKET: '/s' }), { address: '/s', watchdog: undefined })
  t.equal(takeManager({ WATCHDOG_USEC: '1' }), undefined)
  takeManager(env, 7)
  t.same(env, { HOME: '/' })
  t.end()
})

t.test('a manager that reads slowly is told all, in order', async (t) => {
  const said: string[] = []
  let busy = 3
  const eagain = 11
  const send = (_: string, message: string) => (busy-- > 0 ? eagain : said.push(message) && 0)
  const socket = new NotifySocket({ address: '@s', send, log: silentLogger() })
  socket.tell('READY=1', 'STATUS=two\nlines')
  socket.tell('WATCHDOG=1')
  await socket.idle()
  t.same(said, ['READY=1\nSTATUS=two lines', 'WATCHDOG=1'])
})

t.test('one that is gone is logged once, and again when it was back', async (t) => {
  const errors = [111, 111, 0, 111]
  const warned: unknown[] = []
  const log = { ...silentLogger(), warn: (fields: unknown) => void warned.push(fields) } as unknown as Logger
  const socket = new NotifySocket({ address: '/s', send: () => errors.shift() ?? 0, log })
  for (let i = 0; i < 4; i += 1) socket.tell('WATCHDOG=1')
  await socket.idle()
  t.same(warned, Array(2).fill({ address: '/s', problem: 'ECONNREFUSED' }))
})

t.test('where the binding was not compiled, systemd-notify tells it in our name', async (t) => {
  const folder = t.testdir({ 'systemd-notify': '#!/bin/sh\nprintf "<%s>" "$NOTIFY_SOCKET" "$@" >>"${0%/*}/said"\n' })
  await chmod(join(folder, 'systemd-notify'), 0o755)
  const warned: unknown[] = []
  const log = { ...silentLogger(), warn: (fields: unknown) => void warned.push(fields) } as unknown as Logger
  const { PATH: before } = process.env
  t.teardown(() => (process.env.PATH = before))
  process.env.PATH = `${folder}:${before ?? ''}`
  const socket = new NotifySocket({ address: '/s', send: undefined, log })
  socket.tell('READY=1', 'STATUS=is well')
  await socket.idle()
  t.equal(await readFile(join(folder, 'said'), 'utf8'), `</s><--pid=${process.pid}><READY=1><STATUS=is well>`)
  t.same(warned, [])
  process.env.PATH = join(folder, 'none')
  socket.tell('WATCHDOG=1')
  await socket.idle()
  t.match(warned, [{ problem: /not compiled, and there is no systemd-notify/ }])
})

/** A service whose mount is played. */
function played(t: Test, watchdog: number | undefined) {
  const said: string[] = []
  const now: { look: () => Promise<Look>; waiting: number } = { look: () => Promise.resolve(well), waiting: 0 }
  let end: (drain: number) => void = () => undefined
  const ending = new Promise<number>((resolve) => (end = resolve))
  const served: Served = { health: () => ({ state: 'ok', reasons: [] }), waiting: () => now.waiting, ending }
  const service = new Service({
    socket: { tell: (...lines) => void said.push(...lines), idle: () => Promise.resolve() },
    ...{ mountpoint: '/mnt', watchdog, log: silentLogger() },
    look: () => now.look(),
    describe: (_, waiting) => `${waiting} wait`,
  })
  t.teardown(() => service.close())
  return { said, now, service, served, end: (drain: number) => end(drain) }
}

t.test('it is ready when the mount answers, and not before', async (t) => {
  const { said, now, service, served } = played(t, undefined)
  let looks = 0
  now.look = () => Promise.resolve({ ...well, code: ++looks < 3 ? undefined : 0 })
  service.mounted(served)
  await until('it to be ready', () => said.length > 0)
  t.same(said, ['READY=1', 'STATUS=0 wait'])
  t.equal(looks, 3)
})

t.test('it lives as long as the mount answers, or nobody can look', async (t) => {
  const { said, now, service, served } = played(t, 40)
  service.mounted(served)
  await until('a sign of life', () => said.length > 3)
  t.same(said.splice(0).slice(0, 4), ['READY=1', 'WATCHDOG=1', 'STATUS=0 wait', 'WATCHDOG=1'])
  now.waiting = 2
  await until('what waits', () => said.includes('STATUS=2 wait'))
  let looks = 0
  now.look = () => {
    looks += 1
    return Promise.resolve({ ...well, code: 1 })
  }
  await until('a look that fails', () => looks > 0)
  said.length = 0
  await until('another', () => looks > 1)
  t.same(said, [], 'no sign of life')
  now.look = () => Promise.reject(new Error('EMFILE'))
  await until('a sign of life', () => said.includes('WATCHDOG=1'))
  now.look = () => Promise.resolve({ ...well, code: undefined, wasStarted: false })
  said.length = 0
  await until('a sign of life', () => said.includes('WATCHDOG=1'))
})

t.test('it asks for as much time as its drain takes, and says no more then', async (t) => {
  const { said, now, service, served, end } = played(t, 20)
  now.waiting = 2
  service.mounted(served)
  await until('it to be ready', () => said.includes('READY=1'))
  end(30_000)
  await until('its end', () => said.includes('STOPPING=1'))
  t.same(said.slice(said.indexOf('STOPPING=1')), [
    'STOPPING=1',
    'STATUS=Unmounting: 2 files wait, and are uploaded for up to 30 s.',
    'EXTEND_TIMEOUT_USEC=75000000',
  ])
})

t.test('one that is to end before it is mounted says so, once', async (t) => {
  const { said, service, served } = played(t, 20)
  service.ending(30_000)
  const all = ['STOPPING=1', 'STATUS=Stopping: it was not mounted yet.', 'EXTEND_TIMEOUT_USEC=75000000']
  t.same(said, all)
  service.ending(30_000)
  service.mounted(served)
  await service.close()
  t.same(said, all)
})
