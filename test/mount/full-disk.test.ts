/** The disk of the state directory is full, or the directory gone: what can't be kept is refused, the rest is untouched. */
import { mkdir, open, readdir, readFile, rm, stat, statfs, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, prepare, type Mounted } from '../helpers/mounted.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh, type Outcome } from '../helpers/run.js'
import { inState, sendRows } from '../helpers/send-state.js'

const skip = withoutRoot()
const key = (name: string) => `AS2/send/ACME/GLOBEX/${name}`

/** A mount whose state directory is on a disk of 8 MiB. */
async function onSmallDisk(t: Test, flags: readonly string[] = []): Promise<Mounted> {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', ...flags] })
  await mkdir(mounted.stateDirectory)
  await sh(`mount -t tmpfs -o size=8m,mode=700 tmpfs ${mounted.stateDirectory}`)
  t.teardown(() => run('umount', ['-l', mounted.stateDirectory]))
  await mounted.mount()
  return mounted
}

t.test('a file that is larger than the disk is refused, and never sent; later ones are', { skip }, async (t) => {
  const mounted = await onSmallDisk(t)
  const send = mounted.path('ACME/GLOBEX/send')
  await writeFile(join(send, 'before.edi'), 'before')
  await mounted.inBucket(key('before.edi'))
  await t.rejects(writeFile(join(send, 'large.dat'), Buffer.alloc(20_000_000, 'x')), { code: 'ENOSPC' })
  await inState(mounted, 'large.dat', 'failed')
  await t.rejects(writeFile(join(send, 'small.edi'), Buffer.alloc(200_000, 'x')), { code: 'ENOSPC' }, 'it is full')
  await t.test('what fills it can be removed, though the disk is full', async (t) => {
    await unlink(join(send, 'large.dat'))
    await t.rejects(stat(join(send, 'large.dat')), { code: 'ENOENT' })
  })
  await writeFile(join(send, 'after.edi'), 'after')
  t.equal((await mounted.inBucket(key('after.edi'))).toString(), 'after')
  await unlink(join(send, 'small.edi'))
  t.same(mounted.puts(), [key('before.edi'), key('after.edi')])
})

t.test('what could not be written can be removed at once, each time', { skip }, async (t) => {
  const mounted = await onSmallDisk(t, ['--settle', '1h'])
  const send = mounted.path('ACME/GLOBEX/send')
  await t.rejects(writeFile(join(send, 'large.dat'), Buffer.alloc(20_000_000, 'x')), { code: 'ENOSPC' })
  for (let i = 0; i < 30; i++) {
    const name = join(send, `${i}.edi`)
    await t.rejects(writeFile(name, Buffer.alloc(400_000, 'x')), { code: 'ENOSPC' })
    await unlink(name)
  }
  t.same(
    (await sendRows(mounted)).map((it) => it.path),
    ['large.dat'],
  )
})

t.test('what waits is sent though the disk is full, and that makes room', { skip }, async (t) => {
  const mounted = await onSmallDisk(t, ['--settle', '1h'])
  const send = mounted.path('ACME/GLOBEX/send')
  for (const name of ['1', '2', '3']) await writeFile(join(send, name), Buffer.alloc(2_000_000, name))
  await t.rejects(writeFile(join(send, 'large.dat'), Buffer.alloc(3_000_000, 'x')), { code: 'ENOSPC' })
  await mounted.kill('SIGTERM')
  t.same(mounted.puts().sort(), ['1', '2', '3'].map(key))
  await mounted.mount()
  t.match(await sendRows(mounted).then((rows) => rows.filter((it) => it.state !== 'submitted')), [
    { path: 'large.dat', state: 'failed' },
  ])
})

t.test('a daemon that starts on a full disk', { skip }, async (t) => {
  const mounted = await onSmallDisk(t, ['--settle', '1h'])
  const filling = join(mounted.stateDirectory, 'filling')
  for (const name of ['1', '2']) await writeFile(mounted.path('ACME/GLOBEX/send', name), Buffer.alloc(1_000_000, name))
  for (const name of ['1', '2']) await inState(mounted, name, 'queued')
  await mounted.kill('SIGKILL')
  t.match(await run('sh', ['-c', `cat /dev/zero >${filling}`]), { stderr: /No space left/ }, 'somebody else fills it')

  await t.test('says so in a sentence where there is no room for its lock, and leaves nothing behind', async (t) => {
    await t.rejects(mounted.mount(), /The disk of the state directory .* is full: make a little room there/)
    t.notOk((await readdir(mounted.stateDirectory)).some((name) => name.startsWith('lock.new')))
  })
  await t.test('needs no room for another journal: it sends what waits, and that makes room', async (t) => {
    await truncate(filling, (await stat(filling)).size - 65_536)
    await mounted.mount()
    await mounted.kill('SIGTERM')
    for (const name of ['1', '2']) t.equal((await mounted.inBucket(key(name))).length, 1_000_000)
    await mounted.mount(['--settle', '0s'])
    await writeFile(mounted.path('ACME/GLOBEX/send/next'), 'next')
    await mounted.inBucket(key('next'))
    t.same(mounted.puts().sort(), ['1', '2', 'next'].map(key))
  })
})

t.test(
  'a daemon that starts where no inodes are left: those of the dead one’s sockets will do',
  { skip },
  async (t) => {
    const mounted = await onSmallDisk(t, ['--settle', '1h'])
    const { stateDirectory } = mounted
    const send = mounted.path('ACME/GLOBEX/send')
    for (const name of ['1', '2']) {
      await writeFile(join(send, name), name)
      await inState(mounted, name, 'queued')
    }
    await mounted.kill('SIGKILL')
    const used = (await readdir(stateDirectory, { recursive: true })).length + 1
    await sh(`mount -o remount,nr_inodes=${used + 20} ${stateDirectory}`)
    const filling = join(stateDirectory, 'spool/filling')
    // tmpfs counts hard links, too: one more than other file systems need.
    const fill = async (): Promise<void> => {
      t.match(await run('sh', ['-c', `i=0; while : >"${filling}-$i"; do i=$((i+1)); done`]), {
        stderr: /No space left/,
      })
      t.equal((await statfs(stateDirectory)).ffree, 0)
      await unlink(`${filling}-0`)
    }
    const cancel = (name: string): Promise<Outcome> =>
      run(process.execPath, [as2fs, 'queue', '--state-dir', stateDirectory, 'cancel', name])
    await fill()
    t.same(await cancel('2'), { code: 0, stdout: '2 is cancelled.\n', stderr: '' })
    await fill()
    await writeFile(`${filling}-0`, '')
    const sentence = /The disk of the state directory .* has no inodes left: remove some files there/
    t.match(await cancel('1'), { code: 1, stderr: sentence })
    await t.rejects(mounted.mount(), sentence)
    await sh(`rm ${filling}-*`)
    await mounted.mount()
    await mounted.kill('SIGKILL')
    await fill()
    await mounted.mount()
    await mounted.kill('SIGTERM')
    t.same(mounted.puts(), [key('1')])
  },
)

t.test('a state directory that is deleted under the daemon: nothing is promised any more', { skip }, async (t) => {
  const mounted = await prepare(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  await mounted.mount()
  const send = mounted.path('ACME/GLOBEX/send')
  const file = await open(join(send, 'open.edi'), 'w')
  await file.write('half')
  await rm(join(mounted.stateDirectory, 'spool'), { recursive: true })
  await t.rejects(writeFile(join(send, 'new.edi'), 'new'), { code: 'EIO' })
  await t.rejects(
    file.sync().then(() => file.close()),
    { code: 'EIO' },
  )
  await file.close().catch(() => undefined)
  t.equal((await readFile(mounted.path('.as2fs/status.json'), 'utf8')).length > 0, true, 'the mount goes on')
  t.same(mounted.puts(), [])
})

t.test(
  'where a full disk has no room for what a start makes, it is a sentence, or does without: what waits is sent',
  { skip },
  async (t) => {
    const mounted = await onSmallDisk(t, ['--settle', '1h'])
    await writeFile(mounted.path('ACME/GLOBEX/send/1'), Buffer.alloc(1_000_000, '1'))
    await inState(mounted, '1', 'queued')
    await mounted.kill('SIGKILL')
    const { stateDirectory } = mounted
    // As an older version left it.
    for (const name of ['receipts', 'events']) await rm(join(stateDirectory, name), { recursive: true })
    const used = (await readdir(stateDirectory, { recursive: true })).length + 1
    let isMounted = false
    for (let spare = 1; !isMounted && spare < 12; spare += 2) {
      await sh(`mount -o remount,nr_inodes=${used + spare} ${stateDirectory}`)
      isMounted = await mounted.mount().then(
        () => true,
        (error: unknown) =>
          !/The disk of the state directory .* (is full: make a little room|has no inodes left)/.test(String(error)),
      )
    }
    t.ok((await mounted.status()).state, 'it mounts as soon as there is room for its lock and its sockets')
    await mounted.kill('SIGTERM')
    t.equal((await mounted.inBucket(key('1'))).length, 1_000_000)
  },
)

t.test('a start where the disk has turned read-only says so in a sentence', { skip }, async (t) => {
  const mounted = await onSmallDisk(t, ['--settle', '1h'])
  await writeFile(mounted.path('ACME/GLOBEX/send/order.edi'), 'ISA*00*')
  await mounted.kill('SIGKILL')
  await sh(`mount -o remount,ro ${mounted.stateDirectory}`)
  await t.rejects(
    mounted.mount(),
    /as2fs: The state directory .* can't be written \(EROFS\): its disk is mounted read-only/,
  )
  await sh(`mount -o remount,rw ${mounted.stateDirectory}`)
  await mounted.mount(['--settle', '0s'])
  t.equal((await mounted.inBucket(key('order.edi'))).toString(), 'ISA*00*')
})
