/** The disk of the state directory is full, fails, or has lost what was taken: nothing is taken that is not written down. */
import { mkdir, readdir, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { failingDisk } from '../helpers/failing-disk.js'
import { outcome } from '../helpers/filesystem-world.js'
import { first, inbox, inNew, names, newPath, prepareReceived, second, third } from '../helpers/new-mounted.js'
import { withoutRoot } from '../helpers/nobody.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const skip = withoutRoot()
const folder = 'x'.repeat(200)

t.test(
  'on a full disk files can be taken for long; what can’t be written down is ENOSPC, and has not happened',
  { skip },
  async (t) => {
    const objects = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${inbox}/${1_000 + i}/f`, `${i}`]))
    const mounted = await prepareReceived(t, { objects })
    await mkdir(mounted.stateDirectory)
    await sh(`mount -t tmpfs -o size=4m,mode=700 tmpfs ${mounted.stateDirectory}`)
    t.teardown(() => run('umount', ['-l', mounted.stateDirectory]))
    await mounted.mount()
    const filling = join(mounted.stateDirectory, 'filling')
    t.match(await run('sh', ['-c', `cat /dev/zero >${filling}`]), { stderr: /No space left/ })
    const all = await inNew(mounted)
    for (const name of all.slice(0, 100)) await unlink(newPath(mounted, name))
    t.equal((await inNew(mounted)).length, 200)
    await mkdir(newPath(mounted, folder))
    const long = () => mkdir(newPath(mounted, folder, `${'y'.repeat(200)}${Math.random()}`))
    await until('the room to be used up', async () => (await outcome(long())) === 'ENOSPC', 120_000)
    const [claimed = '', taken = ''] = all.slice(200)
    let last = claimed
    await until('it to be used up for shorter lines, too', async () => {
      const next = `claimed-${Math.random()}`
      const said = await outcome(rename(newPath(mounted, last), newPath(mounted, next)))
      if (said === 'ok') last = next
      return said === 'ENOSPC'
    })
    t.ok((await inNew(mounted)).includes(last), 'it has the name that it had')
    t.equal(await outcome(unlink(newPath(mounted, taken))), 'ok', 'what takes files away has more room')
    await truncate(filling, 0)
    await until('it to be written again', async () => {
      return (await outcome(rename(newPath(mounted, last), newPath(mounted, claimed)))) === 'ok'
    })
    await mounted.kill('SIGKILL')
    await mounted.mount()
    const left = (await inNew(mounted)).filter((it) => it !== folder)
    t.same(
      left,
      all.slice(100).filter((it) => it !== taken),
    )
  },
)

t.test(
  'while the disk fails, taking is EIO and takes nothing; when it works again, so does new/',
  { skip },
  async (t) => {
    const mounted = await prepareReceived(t)
    await mounted.mount()
    await mounted.kill('SIGTERM')
    const disk = await failingDisk(t, join(mounted.stateDirectory, 'new'))
    await mounted.mount()
    await unlink(newPath(mounted, first))
    await disk.fail({ errno: 'EIO', of: 'syncs' })
    t.equal(await outcome(unlink(newPath(mounted, second))), 'EIO')
    t.equal(await outcome(rename(newPath(mounted, third), newPath(mounted, 'x'))), 'EIO')
    t.same(await inNew(mounted), [second, third])
    const isTold = async () => /journal of new\/ can't be written/.test((await mounted.status()).problems.join())
    await until('status to say so', isTold)
    await disk.fail(undefined)
    await until('it to work again', async () => (await outcome(unlink(newPath(mounted, third)))) === 'ok')
    t.same(await inNew(mounted), [second])
    await mounted.kill('SIGTERM')
    await mounted.mount()
    t.same(await inNew(mounted), [second])
  },
)

t.test('a journal that was damaged or lost closes new/ until somebody has dealt with it', async (t) => {
  const spoil: Readonly<Record<string, (journal: string) => Promise<void>>> = {
    damaged: async (journal) =>
      writeFile(journal, (await readFile(journal, 'latin1')).replace('"take":"', '"take":"!'), 'latin1'),
    'without a line': async (journal) =>
      writeFile(journal, (await readFile(journal, 'latin1')).replace(/.*"take":".*\n/, ''), 'latin1'),
    'lost with its folder': (journal) => rm(dirname(journal), { recursive: true }),
  }
  for (const [how, act] of Object.entries(spoil)) {
    const mounted = await prepareReceived(t)
    await mounted.mount()
    for (const name of [first, second]) await unlink(newPath(mounted, name))
    await mounted.kill('SIGTERM')
    const marks = join(mounted.stateDirectory, 'new')
    await act(join(marks, 'journal'))
    await mounted.mount()
    await t.rejects(inNew(mounted), { code: 'EIO' }, how)
    await t.rejects(stat(newPath(mounted, third)), { code: 'EIO' })
    t.equal(await outcome(unlink(newPath(mounted, third))), 'EIO')
    t.equal((await readdir(mounted.path('ACME/GLOBEX/inbox'))).length, 3, 'the inbox is as ever')
    t.match((await mounted.status()).problems.join(), /not certain what was taken in new\//)
    const as2fs = (...args: string[]) =>
      run(process.execPath, ['bin/as2fs', 'new', mounted.mountpoint, ...args], { env: mounted.environment() })
    t.match(await as2fs(), { code: 1, stdout: /were damaged/ })
    await as2fs('--take-all', 'ACME/GLOBEX')
    for (const it of await readdir(marks)) if (it.startsWith('journal.damaged-')) await rm(join(marks, it))
    const isOpen = () =>
      inNew(mounted).then(
        () => true,
        () => false,
      )
    await until('new/ to be open', isOpen)
    t.same(await inNew(mounted), [])
    await until('status to be well', async () => (await mounted.status()).problems.length === 0)
  }
})

t.test('a name that is too long is refused, and nothing has happened', async (t) => {
  const mounted = await prepareReceived(t)
  await mounted.mount()
  t.equal(await outcome(rename(newPath(mounted, first), newPath(mounted, 'x'.repeat(256)))), 'ENAMETOOLONG')
  t.same(await inNew(mounted), names)
})
