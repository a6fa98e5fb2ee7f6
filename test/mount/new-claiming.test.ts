/** Files of new/ are claimed by renaming them: who has renamed one has it, by that name, until it is removed or renamed back. */
import { mkdir, readdir, readFile, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import t from 'tap'
import {
  first,
  inbox,
  inNew,
  mountReceived,
  names,
  newPath,
  prepareReceived,
  second,
  third,
} from '../helpers/new-mounted.js'
import { outcome } from '../helpers/filesystem-world.js'
import { run } from '../helpers/run.js'

t.test('a claimed file keeps its new name over a crash, and can be renamed back', async (t) => {
  const mounted = await mountReceived(t)
  await mkdir(newPath(mounted, '.processing'))
  const claimed = newPath(mounted, '.processing', first)
  const { ino } = await stat(newPath(mounted, first))
  await rename(newPath(mounted, first), claimed)
  await rename(newPath(mounted, second), newPath(mounted, `${second}.work`))
  const isClaimed = async () => {
    t.same(await inNew(mounted), ['.processing', `${second}.work`, third])
    t.same(await inNew(mounted, '.processing'), [first])
    t.equal(await readFile(claimed, 'utf8'), 'content of order_1.edi')
    t.equal((await stat(claimed)).ino, ino, 'it is the same file')
  }
  await isClaimed()
  await mounted.kill('SIGKILL')
  await mounted.mount()
  await isClaimed()
  await rename(claimed, newPath(mounted, first))
  await rename(newPath(mounted, `${second}.work`), newPath(mounted, second))
  await rmdir(newPath(mounted, '.processing'))
  t.same(await inNew(mounted), names)
  await rename(newPath(mounted, first), newPath(mounted, `${first}.work`))
  await unlink(newPath(mounted, `${first}.work`))
  t.same(await inNew(mounted), [second, third], 'removed by its other name it is taken')
})

t.test('of two that rename the same file one wins, and the other gets ENOENT', async (t) => {
  const mounted = await mountReceived(t)
  for (const folder of ['a', 'b']) await mkdir(newPath(mounted, folder))
  for (const name of names) {
    const outcomes = await Promise.all(
      ['a', 'b'].map((it) => outcome(rename(newPath(mounted, name), newPath(mounted, it, name)))),
    )
    t.same(outcomes.sort(), ['ENOENT', 'ok'])
  }
  const [a, b] = [await inNew(mounted, 'a'), await inNew(mounted, 'b')]
  t.same([...a, ...b].sort(), names)
})

t.test('onto another file of the inbox: EEXIST, and nothing is taken', async (t) => {
  const mounted = await mountReceived(t)
  await mkdir(newPath(mounted, 'done'))
  await rename(newPath(mounted, third), newPath(mounted, 'done', 'x'))
  for (const onto of [second, 'done/x']) {
    t.equal(await outcome(rename(newPath(mounted, first), newPath(mounted, onto))), 'EEXIST')
  }
  t.match(await run('mv', ['-n', newPath(mounted, first), newPath(mounted, second)]), { code: /0|1/ })
  t.same(await inNew(mounted), [first, second, 'done'].sort())
  t.same(await inNew(mounted, 'done'), ['x'])
})

t.test('a rename costs no request, whatever the size of the file', async (t) => {
  const mounted = await mountReceived(t, {
    objects: { [`${inbox}/1/large`]: Buffer.alloc(20_000_000) },
    flags: ['--list-ttl', '1h'],
  })
  t.same(await inNew(mounted), ['1_large'])
  const before = mounted.server.requests.list.length
  await mkdir(newPath(mounted, 'done'))
  await rename(newPath(mounted, '1_large'), newPath(mounted, 'done', 'large'))
  await rename(newPath(mounted, 'done', 'large'), newPath(mounted, '1_large'))
  t.equal(mounted.server.requests.list.length, before)
})

t.test('folders may be made, renamed with what is in them, and removed when they are empty', async (t) => {
  const mounted = await mountReceived(t)
  await mkdir(newPath(mounted, 'a/b').replace('/b', ''))
  await mkdir(newPath(mounted, 'a/b'))
  await rename(newPath(mounted, first), newPath(mounted, 'a/b', first))
  await writeFile(newPath(mounted, 'a/b/x.lck'), 'x')
  await rename(newPath(mounted, 'a'), newPath(mounted, 'c'))
  t.same(await inNew(mounted, 'c/b'), [first, 'x.lck'])
  t.equal(await readFile(newPath(mounted, 'c/b', first), 'utf8'), 'content of order_1.edi')
  t.equal(await outcome(rmdir(newPath(mounted, 'c/b'))), 'ENOTEMPTY')
  t.equal(await outcome(mkdir(newPath(mounted, 'c'))), 'EEXIST')
  t.equal(await outcome(mkdir(newPath(mounted, second))), 'EEXIST')
  t.equal(await outcome(rename(newPath(mounted, second), newPath(mounted, 'nowhere/x'))), 'ENOENT')
  await unlink(newPath(mounted, 'c/b/x.lck'))
  await unlink(newPath(mounted, 'c/b', first))
  await rmdir(newPath(mounted, 'c/b'))
  await rmdir(newPath(mounted, 'c'))
  t.same(await inNew(mounted), [second, third])
})

t.test(
  '--new-moved taken: what was moved into a folder counts as taken, and is seen there until it is removed',
  async (t) => {
    for (const [policy, counts] of [
      ['keep', ['3', '0']],
      ['taken', ['2', '1']],
    ] as const) {
      const mounted = await mountReceived(t, { flags: ['--new-moved', policy] })
      await mkdir(newPath(mounted, '.done'))
      await rename(newPath(mounted, first), newPath(mounted, '.done', first))
      t.same(await inNew(mounted, '.done'), [first])
      const { stdout } = await run(process.execPath, ['bin/as2fs', 'new', mounted.mountpoint], {
        env: mounted.environment(),
      })
      t.same(/ACME\/GLOBEX +(\d+) +(\d+)/.exec(stdout)?.slice(1), counts, policy)
    }
  },
)

t.test('into another partner’s new/, or to another folder of the mount: EXDEV, so that mv copies', async (t) => {
  const mounted = await prepareReceived(t, { flags: ['--station', 'ACME/HOOLI'] })
  await mounted.mount()
  const other = mounted.path('ACME/HOOLI/new', first)
  t.equal(await outcome(rename(newPath(mounted, first), other)), 'EXDEV')
  t.equal(await outcome(rename(newPath(mounted, first), mounted.path('ACME/GLOBEX/send/x'))), 'EXDEV')
  t.equal(await outcome(rename(newPath(mounted, first), mounted.path('ACME/GLOBEX/inbox/x'))), 'EROFS')
  t.same(await readdir(dirname(other)), [])
})
