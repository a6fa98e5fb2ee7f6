/** One holder at a time, whoever died before. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { listenAs } from '../../src/state/holder-socket.js'
import { liveLock, takeLock } from '../../src/state/lock.js'
import type { LockRecord } from '../../src/state/lock-record.js'
import { until } from '../helpers/until.js'

const mount = { mountpoint: '/mnt/as2', bucket: 'bucket' }
/** Its pid may be taken; its start never was. */
const dead = { pid: process.pid, startTime: '1', mountpoint: '/mnt/old', bucket: 'bucket' }

async function lock(directory: string): Promise<'mine' | number> {
  const taken = await takeLock(directory, mount)
  return 'lock' in taken ? 'mine' : taken.holder.pid
}

/** What is there, the holders' sockets without the part of their names that is theirs alone. */
async function names(directory: string): Promise<string[]> {
  return (await readdir(directory)).map((it) => it.replace(/held-[0-9a-f]+$/, 'held')).sort()
}

/** `elsewhere` has a PID, network and mount namespace of its own, as a container has. */
type Place = 'here' | 'elsewhere'

/** Takes the lock in a process of its own, which then waits for its end. */
async function holder(
  t: Test,
  directory: string,
  place: Place,
): Promise<{ child: ChildProcess; got: 'mine' | number }> {
  const module = new URL('../../src/state/lock.js', import.meta.url).href
  const script =
    `const { takeLock } = await import('${module}');` +
    `const taken = await takeLock(process.argv[1], ${JSON.stringify(mount)});` +
    `console.log('lock' in taken ? 'mine' : taken.holder.pid); setInterval(() => taken, 1e6)`
  const node = [process.execPath, '--input-type=module', '-e', script, directory]
  const launcher = place === 'here' ? [] : ['unshare', '--pid', '--net', '--fork', '--kill-child', '--mount-proc']
  const [command = '', ...args] = [...launcher, ...node]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface(child.stdout)) return { child, got: line === 'mine' ? 'mine' : Number(line) }
  throw new Error('it ended without an answer')
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** Of one elsewhere: what dies first is the process that made its namespace. */
async function killedElsewhere(child: ChildProcess, directory: string): Promise<void> {
  await killed(child)
  await until('the end of its namespace', async () => (await liveLock(directory)) === undefined)
}

async function recordIn(directory: string): Promise<LockRecord> {
  return JSON.parse(await readFile(join(directory, 'lock'), 'utf8')) as LockRecord
}

t.test('the second is told who has it, and may have it afterwards', async (t) => {
  const directory = t.testdir()
  const first = await takeLock(directory, mount)
  t.ok('lock' in first)
  t.match(await takeLock(directory, mount), { holder: { pid: process.pid, ...mount } })
  t.match(await liveLock(directory), { pid: process.pid, ...mount })
  if ('lock' in first) await first.lock.release()
  t.equal(await liveLock(directory), undefined)
  t.equal(await lock(directory), 'mine')
})

t.test('the file says pid, start, mountpoint and bucket, and by what it is known whether that one lives', async (t) => {
  const directory = t.testdir()
  await lock(directory)
  const record = JSON.parse(await readFile(join(directory, 'lock'), 'utf8')) as Record<string, unknown>
  t.match(record, {
    pid: process.pid,
    startTime: /^\d+$/,
    ...mount,
    socket: /^lock\.held-/,
    boot: /-/,
    pidNamespace: /^pid:/,
  })
})

t.test('a pid that came again is not the holder', async (t) => {
  const directory = t.testdir({ lock: JSON.stringify(dead) })
  t.equal(await liveLock(directory), undefined)
  t.equal(await lock(directory), 'mine')
  t.same(await names(directory), ['lock', 'lock.held'], 'nothing is left of the takeover')
})

t.test('a process that ended is not the holder', async (t) => {
  const child = spawn('sleep', ['60'])
  const startTime = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')[19]!
  const directory = t.testdir({ lock: JSON.stringify({ ...dead, pid: child.pid, startTime }) })
  t.equal(await lock(directory), child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  t.equal(await lock(directory), 'mine')
})

t.test('a lock that makes no sense holds nobody off', async (t) => {
  for (const text of ['', '{', 'null', '{"pid":"x"}', '[]']) {
    t.equal(await lock(t.testdir({ lock: text })), 'mine', text)
  }
})

t.test('of many who take over at once, one has it', async (t) => {
  for (let round = 0; round < 20; round++) {
    const directory = t.testdir({ lock: JSON.stringify(dead) })
    const taken = await Promise.all(Array.from({ length: 8 }, () => lock(directory)))
    t.equal(taken.filter((it) => it === 'mine').length, 1)
    t.same(await names(directory), ['lock', 'lock.held'])
  }
})

t.test('one who died while taking over is succeeded in turn', async (t) => {
  const directory = t.testdir({ lock: JSON.stringify(dead) })
  const successor = { ...dead, startTime: '2' }
  await writeFile(join(directory, `lock.after-${dead.pid}-1`), JSON.stringify(successor))
  const taken = await Promise.all(Array.from({ length: 4 }, () => lock(directory)))
  t.equal(taken.filter((it) => it === 'mine').length, 1)
  t.same(await names(directory), ['lock', 'lock.held'])
})

t.test('who released it has left nothing', async (t) => {
  const directory = t.testdir()
  const taken = await takeLock(directory, mount)
  if ('lock' in taken) await taken.lock.release()
  t.same(await readdir(directory), [])
})

const needsRoot = process.geteuid?.() !== 0 && 'only root may make a PID namespace'

t.test('a holder in another PID namespace holds it, whatever its pid means here', { skip: needsRoot }, async (t) => {
  const directory = t.testdir()
  const { child, got } = await holder(t, directory, 'elsewhere')
  t.equal(got, 'mine')
  t.equal(await lock(directory), 1)
  t.match(await liveLock(directory), { pid: 1, ...mount })
  t.equal((await holder(t, directory, 'elsewhere')).got, 1, 'for one in a third')
  await killedElsewhere(child, directory)
  t.equal(await lock(directory), 'mine', 'once it is dead')
  t.equal((await holder(t, directory, 'elsewhere')).got, process.pid)
})

t.test('a holder that is stopped holds it, until it is killed', async (t) => {
  const directory = t.testdir()
  const { child } = await holder(t, directory, 'here')
  child.kill('SIGSTOP')
  for (let i = 0; i < 20; i++) t.equal(await lock(directory), child.pid)
  await killed(child)
  t.equal(await lock(directory), 'mine')
})

t.test('of processes in several namespaces that take over at once, one has it', { skip: needsRoot }, async (t) => {
  const directory = t.testdir()
  await killedElsewhere((await holder(t, directory, 'elsewhere')).child, directory)
  const places: Place[] = ['here', 'elsewhere', 'elsewhere', 'here', 'elsewhere']
  const taken = await Promise.all(places.map((it) => holder(t, directory, it)))
  t.equal(taken.filter((it) => it.got === 'mine').length, 1)
  t.same(await names(directory), ['lock', 'lock.held'])
})

t.test('a path too long for a socket is none too long for a lock', async (t) => {
  const long = 'x'.repeat(120)
  const directory = join(t.testdir({ [long]: {} }), long)
  t.equal(await lock(directory), 'mine')
  t.equal(await lock(directory), process.pid)
})

t.test('without its socket a holder is known by its pid, where that means something', async (t) => {
  const directory = t.testdir()
  await lock(directory)
  const record = await recordIn(directory)
  await rm(join(directory, record.socket ?? ''))
  t.equal(await lock(directory), process.pid)
  t.equal(record.pidNamespace, await readlink('/proc/self/ns/pid'))
  const put = (change: Partial<LockRecord>) =>
    writeFile(join(directory, 'lock'), JSON.stringify({ ...record, ...change }))
  await put({ pidNamespace: 'pid:[1]', startTime: '1' })
  t.equal(await lock(directory), process.pid, 'in another namespace nobody knows: it may live')
  await put({ boot: 'another' })
  t.equal(await lock(directory), 'mine', 'nobody lives since before the boot')
})

t.test('one that is not its own any more is not given back', async (t) => {
  const directory = t.testdir()
  const first = await takeLock(directory, mount)
  if (!('lock' in first)) throw new Error('it is free')
  t.equal(await first.lock.isMine(), true)
  await rm(join(directory, 'lock'))
  t.equal(await first.lock.isMine(), false)
  t.equal(await lock(directory), 'mine')
  await first.lock.release()
  t.equal(await lock(directory), process.pid)
})

t.test('where there are no sockets, a sentence says so', async (t) => {
  await t.rejects(listenAs('/dev/pts', 'lock.held-1'), {
    message: /can't hold a socket .*--state-dir on a local disk/,
  })
})
