/** One holder at a time, whoever died before. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { liveLock, takeLock } from '../../src/state/lock.js'

const mount = { mountpoint: '/mnt/as2', bucket: 'bucket' }
/** Its pid may be taken; its start never was. */
const dead = { pid: process.pid, startTime: '1', mountpoint: '/mnt/old', bucket: 'bucket' }

async function lock(directory: string): Promise<'mine' | number> {
  const taken = await takeLock(directory, mount)
  return 'lock' in taken ? 'mine' : taken.holder.pid
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

t.test('the file says pid, start, mountpoint and bucket', async (t) => {
  const directory = t.testdir()
  await lock(directory)
  const record = JSON.parse(await readFile(join(directory, 'lock'), 'utf8')) as Record<string, unknown>
  t.match(record, { pid: process.pid, startTime: /^\d+$/, ...mount })
})

t.test('a pid that came again is not the holder', async (t) => {
  const directory = t.testdir({ lock: JSON.stringify(dead) })
  t.equal(await liveLock(directory), undefined)
  t.equal(await lock(directory), 'mine')
  t.same(await readdir(directory), ['lock'], 'nothing is left of the takeover')
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
    t.same(await readdir(directory), ['lock'])
  }
})

t.test('one who died while taking over is succeeded in turn', async (t) => {
  const directory = t.testdir({ lock: JSON.stringify(dead) })
  const successor = { ...dead, startTime: '2' }
  await writeFile(join(directory, `lock.after-${dead.pid}-1`), JSON.stringify(successor))
  const taken = await Promise.all(Array.from({ length: 4 }, () => lock(directory)))
  t.equal(taken.filter((it) => it === 'mine').length, 1)
  t.same(await readdir(directory), ['lock'])
})
