/** Where a mount keeps what must outlive it. */
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeStateDirectory, openStateDirectory, stateDirectoryPath } from '../../src/state/state-directory.js'
import type { Prefix } from '../../src/units.js'

const options = {
  bucket: 'Mftg_Test',
  endpoint: undefined,
  prefix: 'AS2/' as Prefix,
  mountpoint: '/mnt/as2',
  stateDir: undefined,
}
const home = { HOME: '/home/edi' }

t.test('root has it in /var/lib, others below XDG_STATE_HOME', async (t) => {
  t.match(stateDirectoryPath(options, { uid: 0, env: home }), /^\/var\/lib\/as2fs\/mftg-test-[0-9a-f]{8}$/)
  t.match(stateDirectoryPath(options, { uid: 1000, env: home }), /^\/home\/edi\/\.local\/state\/as2fs\/mftg-test-/)
  const env = { ...home, XDG_STATE_HOME: '/srv/state' }
  t.match(stateDirectoryPath(options, { uid: 1000, env }), /^\/srv\/state\/as2fs\/mftg-test-/)
  const relative = { ...home, XDG_STATE_HOME: 'state' }
  t.match(stateDirectoryPath(options, { uid: 1000, env: relative }), /^\/home\/edi\/\.local/)
})

t.test('each bucket, endpoint and prefix has its own', async (t) => {
  const paths = [
    options,
    { ...options, bucket: 'mftg-test' },
    { ...options, endpoint: 'http://minio:9000' },
    { ...options, prefix: 'EU/' as Prefix },
  ].map((it) => stateDirectoryPath(it, { uid: 0, env: {} }))
  t.equal(new Set(paths).size, paths.length)
})

t.test('it is its owner’s alone', async (t) => {
  const stateDir = join(t.testdir(), 'a', 'b')
  const state = await openStateDirectory({ ...options, stateDir })
  t.equal(state.path, stateDir)
  t.equal((await stat(stateDir)).mode & 0o777, 0o700)
  await state.release()
  await chmod(stateDir, 0o755)
  await (await openStateDirectory({ ...options, stateDir })).release()
  t.equal((await stat(stateDir)).mode & 0o777, 0o700)
})

t.test('the second mount is told who has it', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  const first = await openStateDirectory({ ...options, stateDir })
  await t.rejects(openStateDirectory({ ...options, stateDir, mountpoint: '/mnt/other' }), {
    name: 'UsageError',
    message: `The bucket Mftg_Test is mounted at /mnt/as2 by process ${process.pid}: unmount it, or give another --state-dir.`,
  })
  await first.release()
  await t.resolves(openStateDirectory({ ...options, stateDir, mountpoint: '/mnt/other' }))
})

t.test('one bucket’s queue is never sent to another', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  await makeStateDirectory({ ...options, stateDir })
  await mkdir(join(stateDir, 'spool'))
  await t.rejects(makeStateDirectory({ ...options, bucket: 'other', stateDir }), {
    message: /belongs to another bucket/,
  })
  await t.resolves(makeStateDirectory({ ...options, endpoint: 'https://other-name', stateDir }))
})

t.test('a directory made for a mount that never came about may be used for another', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  await makeStateDirectory({ ...options, bucket: 'mistyped', stateDir })
  await writeFile(join(stateDir, 'as2fs.log'), 'there is no such bucket')
  await t.resolves(makeStateDirectory({ ...options, stateDir }))
  await mkdir(join(stateDir, 'spool'))
  await t.rejects(makeStateDirectory({ ...options, bucket: 'mistyped', stateDir }), { message: /another bucket/ })
})

t.test('a directory with other things in it is left as it is', async (t) => {
  const stateDir = t.testdir({ 'letter.txt': 'dear' })
  await chmod(stateDir, 0o755)
  await t.rejects(makeStateDirectory({ ...options, stateDir }), { message: /has other things in it/ })
  t.equal((await stat(stateDir)).mode & 0o777, 0o755)
})

t.test('one that can’t be written is said', async (t) => {
  const directory = t.testdir()
  await writeFile(join(directory, 'file'), '')
  await mkdir(join(directory, 'x'))
  await t.rejects(makeStateDirectory({ ...options, stateDir: join(directory, 'file', 'state') }), {
    message: /can't be written \(ENOTDIR\): give another with --state-dir\.$/,
  })
  await t.rejects(makeStateDirectory({ ...options, stateDir: '/proc/as2fs/state' }), {
    message: /can't be written \(ENOENT\): give another with --state-dir\.$/,
  })
})

t.test('one below /proc is refused at once', async (t) => {
  await t.rejects(makeStateDirectory({ ...options, stateDir: '/proc/as2fs-test/state' }), {
    message: /can't be written \(ENOENT\)/,
  })
})
