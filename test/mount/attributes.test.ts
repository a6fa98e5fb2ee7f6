/** Numbers, times and modes of files, as programs go by them. */
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { ControlClient } from '../../src/control/client.js'
import { mount, prepare } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const inbox = 'AS2/files/ACME/GLOBEX/inbox'
const objects = {
  [`${inbox}/1/order.edi`]: 'ISA*00*',
  [`${inbox}/1/other.edi`]: 'ISA*01*',
  [`${inbox}/2/order.edi`]: 'ISA*02*',
}
const flags = ['--station', 'ACME/GLOBEX', '--settle', '1h']

t.test(
  'inode numbers are different for all, the same in a listing and in stat, and the same after a remount',
  async (t) => {
    const mounted = await prepare(t, { objects, flags })
    await mounted.mount()
    await writeFile(mounted.path('ACME/GLOBEX/send/waits.edi'), 'x')
    const shown = () =>
      sh(`find ${mounted.mountpoint} -mindepth 1 -not -path '*/.as2fs/*' -printf '%i %P\n' | sort -k 2`)
    const before = await shown()
    const lines = before.trimEnd().split('\n')
    t.ok(lines.length > 15)
    t.equal(new Set(lines.map((line) => line.split(' ')[0])).size, lines.length)
    const listed = await sh(`python3 - ${mounted.mountpoint}`, {
      input: `
import os, sys
for folder, _, _ in os.walk(sys.argv[1]):
    last = 0
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.inode() <= last: print('not in order', entry.path, entry.inode())
            last = entry.inode()
        elif entry.inode() != os.lstat(entry.path).st_ino: print(entry.path, entry.inode(), os.lstat(entry.path).st_ino)
`,
    })
    t.equal(listed, '')
    t.equal(await mounted.kill('SIGTERM'), 0)
    await mounted.mount()
    t.equal(await shown(), before)
  },
)

t.test(
  'a file of send/ keeps its number when it is renamed, and another of its former name has one of its own',
  async (t) => {
    const mounted = await mount(t, { objects, flags })
    const send = mounted.path('ACME/GLOBEX/send')
    await writeFile(join(send, 'a.tmp'), 'one')
    const { ino } = await stat(join(send, 'a.tmp'), { bigint: true })
    await rename(join(send, 'a.tmp'), join(send, 'a.edi'))
    t.equal((await stat(join(send, 'a.edi'), { bigint: true })).ino, ino)
    await writeFile(join(send, 'a.tmp'), 'two')
    t.not((await stat(join(send, 'a.tmp'), { bigint: true })).ino, ino)
    await sh(`cp ${send}/a.tmp ${send}/a.edi`)
    t.equal(await readFile(join(send, 'a.edi'), 'utf8'), 'two')
  },
)

t.test('times are set in send/, each by itself, and before 1970 and after 2106 as well', async (t) => {
  const mounted = await mount(t, { objects, flags })
  const file = mounted.path('ACME/GLOBEX/send/a.edi')
  await writeFile(file, 'x')
  const early = ['1970-01-01T00:00:00Z', '1960-01-01T00:00:00Z', '1969-12-31T23:59:59.5Z']
  const times = ['2001-02-03T04:05:06Z', ...early, '2200-01-01T00:00:00Z']
  for (const time of times) {
    await sh(`touch -m -d ${time} ${file}`)
    t.equal((await stat(file)).mtimeMs, Date.parse(time), time)
    // Within a second the kernel need not ask.
    await until('the daemon to say so, too', async () => {
      const shown = await sh(`sleep 0.2; stat -c %Y ${file}`)
      return Number(shown) === Math.floor(Date.parse(time) / 1000)
    })
  }
  await sh(`touch -a -d 2011-01-01 ${file}`)
  t.equal((await stat(file)).mtimeMs, Date.parse('2200-01-01T00:00:00Z'), 'the other time alone')
  await sh(`touch ${file}`)
  t.ok(Math.abs((await stat(file)).mtimeMs - Date.now()) < 60_000, 'now')
  const handle = await open(file, 'r+')
  await handle.utimes(0, 86_400)
  await handle.close()
  t.equal((await stat(file)).mtimeMs, 86_400_000)
})

t.test('tar sets the times of what it unpacks', async (t) => {
  const mounted = await mount(t, { objects, flags })
  const directory = t.testdir({ 'a.edi': 'x' })
  await utimes(join(directory, 'a.edi'), 0, 1_000_000_000)
  await sh(
    `tar cf ${directory}/a.tar -C ${directory} a.edi && tar xf ${directory}/a.tar -C ${mounted.path('ACME/GLOBEX/send')}`,
  )
  t.equal((await stat(mounted.path('ACME/GLOBEX/send/a.edi'))).mtimeMs, 1_000_000_000_000)
})

t.test('no time of a view is set, whichever it is', async (t) => {
  const mounted = await mount(t, { objects, flags })
  for (const which of ['-m -d 2001-01-01', '-a -d 2001-01-01', '-d 2001-01-01', '']) {
    const outcome = await run('sh', ['-c', `touch ${which} ${mounted.path('ACME/GLOBEX/inbox/1/order.edi')}`])
    t.match(outcome, { code: 1, stderr: /Read-only file system/ }, which)
  }
})

t.test('sizes and names that can’t be are refused, and what is there stays', async (t) => {
  const mounted = await mount(t, { objects, flags })
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(join(send, 'a.edi'), 'whole')
  for (const size of ['4611686018427387904', '9223372036854775807', String(2 ** 53), String(2 ** 52), '100T']) {
    const { code, stderr } = await run('truncate', ['-s', size, join(send, 'a.edi')])
    t.equal(code, 1, size)
    t.match(stderr, /File too large/, size)
  }
  t.equal(await readFile(join(send, 'a.edi'), 'utf8'), 'whole')
  // Whoever tried has closed it, and the kernel says so when it gets round to it.
  await until('the file to be closed', async () => (await mounted.queue()).rows[0]?.state === 'queued')
  t.match((await mounted.queue()).rows, [{ path: 'a.edi', state: 'queued', size: 5 }])
  await truncate(join(send, 'a.edi'), 2)
  t.equal(await readFile(join(send, 'a.edi'), 'utf8'), 'wh')
  for (const name of ['x'.repeat(256), 'ü'.repeat(128), 'x'.repeat(1_000)]) {
    await t.rejects(stat(mounted.path('ACME/GLOBEX/inbox', name)), { code: 'ENAMETOOLONG' })
    await t.rejects(writeFile(join(send, name), ''), { code: 'ENAMETOOLONG' })
    await t.rejects(mkdir(join(send, name)), { code: 'ENAMETOOLONG' })
    await t.rejects(rename(join(send, 'a.edi'), join(send, name)), { code: 'ENAMETOOLONG' })
    await t.rejects(rm(join(send, name)), { code: 'ENAMETOOLONG' })
  }
})

t.test('test says as the modes do what may be run and written', async (t) => {
  const mounted = await mount(t, { objects, flags })
  await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'x')
  const may = (path: string): Promise<string> =>
    sh(`cd ${mounted.path('ACME/GLOBEX')}; for f in r w x; do test -$f ${path} && printf $f; done; true`)
  t.equal(await may('inbox'), 'rx')
  t.equal(await may('inbox/1/order.edi'), 'r')
  t.equal(await may('send'), 'rwx')
  t.equal(await may('send/a.edi'), 'rw')
  t.equal(await may('send/absent.edi'), '')
})

t.test('an object that was replaced by one of the same size and second is read anew, by all who open it', async (t) => {
  const second = Date.UTC(2026, 0, 15, 9, 30)
  const mounted = await prepare(t, { flags: ['--list-ttl', '300ms'] })
  mounted.server.put(`${inbox}/1/order.edi`, Buffer.from('old content'), { mtime: second })
  await mounted.mount()
  const file = mounted.path('ACME/GLOBEX/inbox/1/order.edi')
  t.equal(await readFile(file, 'utf8'), 'old content')
  const held = await open(file)
  t.equal(await held.readFile('utf8'), 'old content')
  mounted.server.put(`${inbox}/1/order.edi`, Buffer.from('new content'), { mtime: second })
  await until('the new content', async () => (await readFile(file, 'utf8')) === 'new content')
  // Long after the kernel has asked for size and time again.
  await until('some seconds to be over', async () => (await sh(`sleep 1; cat ${file}`)) === 'new content')
  t.equal(await readFile(file, 'utf8'), 'new content', 'while somebody has the old one open')
  await held.close()
  for (let n = 0; n < 3; n += 1) t.equal(await readFile(file, 'utf8'), 'new content', 'afterwards')
})

t.test('what did not change comes from the page cache', async (t) => {
  const mounted = await prepare(t, { flags: ['--list-ttl', '10m'] })
  mounted.server.put(`${inbox}/1/large.bin`, Buffer.alloc(8 * 1024 * 1024, 1))
  await mounted.mount()
  const file = mounted.path('ACME/GLOBEX/inbox/1/large.bin')
  const calls = async () => (await new ControlClient(mounted.stateDirectory).status()).calls?.calls ?? 0
  await readFile(file)
  await readdir(mounted.path('ACME/GLOBEX/inbox/1'))
  const before = await calls()
  await readFile(file)
  const after = await calls()
  // Read through the daemon it would be 64 and more.
  t.ok(after - before < 12, `${after - before} calls`)
})

t.test('df tells of the disk of the state directory', async (t) => {
  const mounted = await mount(t, { objects, flags })
  const [there, here] = await Promise.all(
    [mounted.mountpoint, mounted.stateDirectory].map((path) => sh(`stat -f -c '%S %b' ${path}`)),
  )
  t.equal(there, here)
})
