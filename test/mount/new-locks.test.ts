/** Lock and marker files in new/, and what programs do to a file there to see whether it is finished. */
import {
  access,
  chmod,
  chown,
  constants,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { outcome } from '../helpers/filesystem-world.js'
import { first, inNew, mountReceived, names, newPath, received, second } from '../helpers/new-mounted.js'
import { run } from '../helpers/run.js'

const mebibyte = 1024 * 1024

t.test(
  'a lock file is made once (O_EXCL), written, read back, overwritten, removed: seen at once, and never sent',
  async (t) => {
    const mounted = await mountReceived(t)
    const lock = newPath(mounted, `${first}.lock`)
    const made = await open(lock, 'wx')
    await made.writeFile('12345')
    t.equal(await readFile(lock, 'utf8'), '12345')
    await made.close()
    t.equal(await outcome(open(lock, 'wx')), 'EEXIST')
    await writeFile(lock, '67')
    t.equal(await readFile(lock, 'utf8'), '67')
    t.equal((await stat(lock)).size, 2)
    await mounted.kill('SIGKILL')
    await mounted.mount()
    t.equal(await readFile(lock, 'utf8'), '67', 'kept over a crash')
    await unlink(lock)
    await t.rejects(stat(lock), { code: 'ENOENT' })
    t.same(await inNew(mounted), names)
    t.same(await readdir(join(mounted.stateDirectory, 'new/made')), [])
    t.same(mounted.puts(), [])
  },
)

t.test('lock files may be linked to one another: who makes the second name has the lock', async (t) => {
  const mounted = await mountReceived(t)
  const [mine, lock] = [newPath(mounted, 'mine.77'), newPath(mounted, 'lock')]
  await writeFile(mine, '77')
  await link(mine, lock)
  t.equal((await stat(mine)).nlink, 2)
  t.equal((await stat(lock)).nlink, 2)
  t.equal(await outcome(link(mine, lock)), 'EEXIST')
  await writeFile(mine, '78')
  t.equal(await readFile(lock, 'utf8'), '78')
  await unlink(mine)
  t.equal((await stat(lock)).nlink, 1)
  t.equal(await readFile(lock, 'utf8'), '78')
  await unlink(lock)
  t.equal(await outcome(link(newPath(mounted, first), lock)), 'EPERM', 'a received file has one name')
  t.equal(await outcome(symlink('x', lock)), 'EPERM')
})

t.test('a lock file that is removed while it is open can be read and written still', async (t) => {
  const mounted = await mountReceived(t)
  const file = await open(newPath(mounted, 'x.lck'), 'w+')
  await unlink(newPath(mounted, 'x.lck'))
  await file.write('here')
  t.equal((await file.stat()).size, 4)
  t.equal((await file.read(Buffer.alloc(9), 0, 9, 0)).buffer.subarray(0, 4).toString(), 'here')
  await file.close()
  t.same(await inNew(mounted), names)
})

t.test('at most 1 MiB of each and 16 MiB of all: ENOSPC', async (t) => {
  const mounted = await mountReceived(t)
  const path = (name: string) => newPath(mounted, name)
  t.equal(await outcome(writeFile(path('large'), Buffer.alloc(mebibyte + 1))), 'ENOSPC')
  t.equal(await outcome(truncate(path('large'), mebibyte + 1)), 'ENOSPC')
  await unlink(path('large'))
  for (let i = 0; i < 16; i += 1) await writeFile(path(`${i}`), Buffer.alloc(mebibyte))
  t.equal(await outcome(writeFile(path('16'), 'x')), 'ENOSPC')
  await unlink(path('3'))
  await writeFile(path('16'), 'x')
  t.equal(await readFile(path('16'), 'utf8'), 'x')
})

t.test('a received file may be opened for writing and appending; writing to it is EROFS', async (t) => {
  const mounted = await mountReceived(t)
  const path = newPath(mounted, first)
  for (const flags of [
    constants.O_RDWR,
    constants.O_WRONLY | constants.O_APPEND,
    constants.O_RDWR | constants.O_CREAT,
  ]) {
    const file = await open(path, flags)
    t.equal(await outcome(file.write('x')), 'EROFS')
    t.equal(await outcome(file.truncate(1)), 'EROFS')
    await file.close()
  }
  t.equal(await outcome(truncate(path, 0)), 'EROFS')
  t.equal(await outcome(open(path, 'w')), 'EROFS')
  t.equal(await outcome(open(path, 'wx')), 'EEXIST')
  t.equal(await readFile(path, 'utf8'), 'content of order_1.edi')
  t.same(await inNew(mounted), names)
  t.ok(mounted.server.requests.list.every((it) => /^(List|Get|Head)/.test(it.operation)))
})

const locking = `
import fcntl, os, sys
a, b = os.open(sys.argv[1], os.O_RDWR), os.open(sys.argv[1], os.O_RDWR)
fcntl.flock(a, fcntl.LOCK_EX | fcntl.LOCK_NB)
try: fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB); print('flock twice')
except BlockingIOError: print('flock refused')
fcntl.lockf(a, fcntl.LOCK_EX | fcntl.LOCK_NB)
child = os.fork()
if child == 0:
    try: fcntl.lockf(b, fcntl.LOCK_EX | fcntl.LOCK_NB); os._exit(0)
    except (BlockingIOError, PermissionError): os._exit(7)
print('fcntl refused' if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 else 'fcntl twice')
`

t.test('it can be locked, with flock and fcntl: a second one is refused', async (t) => {
  const mounted = await mountReceived(t)
  const { stdout, stderr } = await run('python3', ['-c', locking, newPath(mounted, first)])
  t.equal(stdout, 'flock refused\nfcntl refused\n', stderr)
})

const mapping = `
import mmap, os, sys
file = os.open(sys.argv[1], os.O_RDWR)
print(os.read(file, 7).decode())
try:
    view = mmap.mmap(file, 0)
    view[0] = 88
    view.flush()
except OSError:
    print('refused')
`

t.test('what is written to a mapping of a received file is seen by nobody', async (t) => {
  const mounted = await mountReceived(t)
  const path = newPath(mounted, first)
  const { stdout, stderr } = await run('python3', ['-c', mapping, path])
  t.equal(stdout, 'content\nrefused\n', stderr)
  t.equal(await readFile(path, 'utf8'), 'content of order_1.edi')
})

t.test('chmod is remembered, chown and utimens succeed; a read-only one can’t be written', async (t) => {
  const mounted = await mountReceived(t)
  const path = newPath(mounted, first)
  const { mtimeMs } = await stat(path)
  await chmod(path, 0o444)
  await chown(path, process.getuid?.() ?? 0, 1)
  await utimes(path, 5, 5)
  const isSo = async () => {
    t.equal((await stat(path)).mode & 0o777, 0o444)
    t.equal((await stat(path)).mtimeMs, mtimeMs, 'its time stays that of its arrival')
    t.equal(await outcome(access(path, constants.W_OK)), 'EACCES')
    t.equal(await outcome(open(path, 'r+')), 'EACCES')
    t.equal((await stat(newPath(mounted, second))).mode & 0o777, 0o644)
  }
  await isSo()
  await mounted.kill('SIGKILL')
  await mounted.mount()
  await isSo()
  await writeFile(newPath(mounted, 'x'), '')
  await utimes(newPath(mounted, 'x'), 5, 5)
  await chmod(newPath(mounted, 'x'), 0o600)
  t.match(await stat(newPath(mounted, 'x')), { mtimeMs: 5_000, mode: 0o100600 })
})

t.test('modes are less the umask', async (t) => {
  const mounted = await mountReceived(t, { flags: ['--umask', '027'] })
  await mkdir(newPath(mounted, 'made'))
  for (const [path, mode] of [
    ['', 0o750],
    ['made', 0o750],
    [first, 0o640],
  ] as const) {
    t.equal((await stat(newPath(mounted, path))).mode & 0o777, mode)
  }
})

t.test('where something else was made by the name of a file that arrives, that has another', async (t) => {
  const mounted = await mountReceived(t, { objects: {}, flags: ['--station', 'ACME/GLOBEX'] })
  await writeFile(newPath(mounted, first), 'a marker')
  for (const [key, content] of Object.entries(received)) mounted.server.put(key, Buffer.from(content))
  const found = await inNew(mounted)
  t.equal(found.length, 4)
  t.equal(await readFile(newPath(mounted, first), 'utf8'), 'a marker')
  const other = found.find((it) => /_1~[0-9a-f]{16}\.edi$/.test(it)) ?? ''
  t.equal(await readFile(newPath(mounted, other), 'utf8'), 'content of order_1.edi')
  await unlink(newPath(mounted, other))
  await unlink(newPath(mounted, first))
  t.same(await inNew(mounted), names.slice(1))
})
