/** A daemon that lost its lock knows it within a second, and for good. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { takeLock, type Lock } from '../../src/state/lock.js'
import { LockWatch } from '../../src/state/lock-watch.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const log = silentLogger()
const mount = { mountpoint: '/mnt/as2', bucket: 'bucket' }

async function taken(directory: string): Promise<Lock> {
  const found = await takeLock(directory, mount)
  if ('holder' in found) throw new Error('somebody has it')
  return found.lock
}

t.test('one that another took is lost, and stays so when it is free again', async (t) => {
  const directory = t.testdir()
  const first = await taken(directory)
  let time = 0
  const watch = new LockWatch({ directory, isMine: () => first.isMine(), clock: { monotonic: () => time }, log })
  t.teardown(() => watch.close())
  await watch.check()
  await rm(join(directory, 'lock'))
  const second = await taken(directory)
  time = 1000
  await t.rejects(watch.check(), { code: 'EIO', message: /is not this daemon's any more.*unmount, and mount again/ })
  t.ok(watch.lost.aborted)
  await second.release()
  await t.rejects(watch.check(), { code: 'EIO' })
})

t.test('without anybody asking it is known, too', async (t) => {
  const directory = t.testdir()
  const lock = await taken(directory)
  const watch = new LockWatch({ directory, isMine: () => lock.isMine(), clock: performanceClock, log })
  t.teardown(() => watch.close())
  await rm(join(directory, 'lock'))
  await until('the loss', () => watch.lost.aborted)
})

t.test('it is looked at once a second, however many ask, and what can’t be told is no loss', async (t) => {
  let time = 0
  let looks = 0
  let isBlind = false
  const isMine = async (): Promise<boolean> => {
    looks += 1
    if (isBlind) throw new Error('too many open files')
    return true
  }
  const watch = new LockWatch({ directory: '/state', isMine, clock: { monotonic: () => time }, log })
  t.teardown(() => watch.close())
  await Promise.all(Array.from({ length: 20 }, () => watch.check()))
  t.equal(looks, 1)
  time = 1000
  isBlind = true
  await t.rejects(watch.check(), { message: 'too many open files' })
  t.notOk(watch.lost.aborted)
  isBlind = false
  await watch.check()
})

const performanceClock = { monotonic: () => performance.now() }
