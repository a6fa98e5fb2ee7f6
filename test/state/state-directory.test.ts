/** Where a mount keeps what must outlive it. */
import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stateDirectoryPath } from '../../src/state/places.js'
import { makeStateDirectory, openStateDirectory } from '../../src/state/state-directory.js'
import { formatLine } from '../../src/journal/lines.js'
import type { Prefix } from '../../src/units.js'
import { nobody, withoutRoot } from '../helpers/nobody.js'

const options = {
  bucket: 'Mftg_Test',
  endpoint: undefined,
  endpointFrom: undefined as string | undefined,
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
    { ...options, endpoint: 'http://minio:9000', endpointFrom: '--endpoint' },
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
})

t.test('a directory made for a mount that never came about may be used for another', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  await makeStateDirectory({ ...options, bucket: 'mistyped', stateDir })
  await writeFile(join(stateDir, 'as2fs.log'), 'there is no such bucket')
  await (await openStateDirectory({ ...options, stateDir })).release()
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

/** One in which a file waits to be sent. */
async function withQueue(t: Test, endpoint: string | undefined): Promise<string> {
  const stateDir = join(t.testdir(), 'state')
  await (await openStateDirectory({ ...options, endpoint, stateDir })).release()
  await mkdir(join(stateDir, 'spool', 'data'), { recursive: true, mode: 0o700 })
  const message = {
    id: 'a',
    station: 'ACME',
    partner: 'GLOBEX',
    path: 'a.edi',
    state: 'queued',
    size: 1,
    mtime: 0,
    tries: 0,
  }
  await writeFile(join(stateDir, 'spool', 'data', 'a'), 'x')
  await writeFile(join(stateDir, 'spool', 'journal'), formatLine({ messages: [message] }))
  return stateDir
}

t.test('what waits for one server is never sent to another', async (t) => {
  const stateDir = await withQueue(t, 'http://minio:9000')
  const other = { ...options, endpoint: 'http://minio2:9000', stateDir }
  await t.rejects(openStateDirectory(other), {
    name: 'UsageError',
    message: /belongs to the bucket at http:\/\/minio:9000, and 1 file waits in it.*"endpoint" in .*mount\.json/,
  })
  const again = await openStateDirectory({ ...other, endpoint: 'http://minio:9000' })
  await again.release()
  // As the sentence says, where the server has only got another name.
  const marker = join(stateDir, 'mount.json')
  await writeFile(marker, (await readFile(marker, 'utf8')).replace('minio:', 'minio2:'))
  await (await openStateDirectory(other)).release()
})

t.test('where nothing waits, another server may follow, and must be found anew', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  const first = await openStateDirectory({ ...options, endpoint: 'http://minio:9000', stateDir })
  t.notOk(first.isBucketKnown)
  await first.bucketFound()
  await first.release()
  await mkdir(join(stateDir, 'spool', 'data'), { recursive: true, mode: 0o700 })
  const again = await openStateDirectory({ ...options, endpoint: 'http://minio:9000', stateDir })
  t.ok(again.isBucketKnown)
  await again.release()
  const other = await openStateDirectory({ ...options, stateDir })
  t.notOk(other.isBucketKnown)
  await other.release()
})

t.test('one of the version before is taken over, with the server of this mount', async (t) => {
  const stateDir = await withQueue(t, undefined)
  const marker = join(stateDir, 'mount.json')
  await writeFile(marker, JSON.stringify({ bucket: options.bucket, prefix: options.prefix }))
  const state = await openStateDirectory({ ...options, endpoint: 'http://minio:9000', stateDir })
  t.ok(state.isBucketKnown, 'that version made a spool only in a bucket that it had found')
  await state.release()
  t.match(JSON.parse(await readFile(marker, 'utf8')), { endpoint: 'http://minio:9000', found: true })
  await t.rejects(openStateDirectory({ ...options, stateDir }), { message: /1 file waits/ })
})

t.test('one of a newer version is left alone', async (t) => {
  const stateDir = join(t.testdir(), 'state')
  await makeStateDirectory({ ...options, stateDir })
  await writeFile(join(stateDir, 'mount.json'), JSON.stringify({ format: 99, bucket: options.bucket, prefix: 'AS2/' }))
  await t.rejects(openStateDirectory({ ...options, stateDir }), { message: /made by a newer version/ })
})

t.test('one that another user could have filled is refused', async (t) => {
  const stateDir = await withQueue(t, undefined)
  await t.test('as all could write to it', async (t) => {
    await chmod(stateDir, 0o777)
    await t.rejects(makeStateDirectory({ ...options, stateDir }), {
      message: /^The state directory can't be trusted: Others could write to .*state \(mode 0777\): .* chmod 700/,
    })
    t.equal((await stat(stateDir)).mode & 0o777, 0o777)
    await chmod(stateDir, 0o700)
    await t.resolves(makeStateDirectory({ ...options, stateDir }))
  })
  await t.test('as its spool is a link', async (t) => {
    const elsewhere = join(t.testdir(), 'linked')
    await makeStateDirectory({ ...options, stateDir: elsewhere })
    await symlink(join(stateDir, 'spool'), join(elsewhere, 'spool'))
    await t.rejects(makeStateDirectory({ ...options, stateDir: elsewhere }), { message: /spool is a link/ })
  })
  await t.test('as its marker is a link', async (t) => {
    const directory = t.testdir({ state: {}, other: '{}' })
    await symlink(join(directory, 'other'), join(directory, 'state', 'mount.json'))
    await t.rejects(makeStateDirectory({ ...options, stateDir: join(directory, 'state') }), { message: /is a link/ })
  })
  await t.test('as it is another’s', { skip: withoutRoot() }, async (t) => {
    await chown(stateDir, nobody.uid, nobody.gid)
    await t.rejects(makeStateDirectory({ ...options, stateDir }), {
      message: /belongs to another user \(65534; this is 0\)/,
    })
    await chown(stateDir, 0, 0)
  })
  await t.test('but one that is empty is made ours alone', async (t) => {
    const empty = join(t.testdir({ empty: {} }), 'empty')
    await chmod(empty, 0o777)
    await makeStateDirectory({ ...options, stateDir: empty })
    t.equal((await stat(empty)).mode & 0o777, 0o700)
  })
})
