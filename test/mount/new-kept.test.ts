/** Names in new/ that were listed are answered for without JavaScript while the listing is fresh: and are never told of once they are gone. */
import { chmod, mkdir, readdir, readFile, rename, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { believedAtMost } from '../../src/fuse/beliefs/believed-for.js'
import type { Mounted } from '../helpers/mounted.js'
import { first, inbox, inNew, mountReceived, newPath, second, third } from '../helpers/new-mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** What is listed is fresh for as long as a test takes. */
function mountFresh(t: Test, objects?: Readonly<Record<string, string>>): Promise<Mounted> {
  return mountReceived(t, { flags: ['--list-ttl', '10m', '--reconcile', '10m'], ...(objects && { objects }) })
}

/** By the time that the kernel has forgotten what it was told. */
async function asNew(): Promise<void> {
  await pause(believedAtMost)
}

/** The figures are of a moment, as long as the kernel believes them. */
async function callsOf(mounted: Mounted): Promise<{ readonly answeredByBinding: number }> {
  await asNew()
  const { calls } = await mounted.status()
  if (!calls) throw new Error('it has no calls')
  return calls
}

const all = (mounted: Mounted, name: string): Promise<string> =>
  sh(`stat -c '%i %A %U %s %y %h %F' '${newPath(mounted, name)}'`)

t.test('what is asked of a name after a look is answered by the binding, and is the same', async (t) => {
  const mounted = await mountFresh(t)
  const told = await all(mounted, first)
  await inNew(mounted)
  await asNew()
  const before = await callsOf(mounted)
  t.equal(await all(mounted, first), told)
  for (const name of [second, third]) await stat(newPath(mounted, name))
  const after = await callsOf(mounted)
  t.ok(after.answeredByBinding - before.answeredByBinding >= 3)
})

t.test('what is taken, renamed or changed is so at once, whoever asks', async (t) => {
  const mounted = await mountFresh(t)
  const gone = async (name: string): Promise<unknown> => t.rejects(stat(newPath(mounted, name)), { code: 'ENOENT' })
  await inNew(mounted)
  await unlink(newPath(mounted, first))
  await gone(first)
  await t.rejects(unlink(newPath(mounted, first)), { code: 'ENOENT' })
  await rename(newPath(mounted, second), newPath(mounted, 'mine'))
  await gone(second)
  t.equal(await readFile(newPath(mounted, 'mine'), 'utf8'), 'content of order_2.edi')
  await chmod(newPath(mounted, third), 0o400)
  t.equal((await stat(newPath(mounted, third))).mode & 0o777, 0o400)
  await asNew()
  await gone(first)
  await gone(second)
  t.equal((await stat(newPath(mounted, third))).mode & 0o777, 0o400)
  t.same(await inNew(mounted), [third, 'mine'].sort())
})

t.test('what has a name again, and what programs make, is as they left it', async (t) => {
  const mounted = await mountFresh(t)
  await inNew(mounted)
  await rename(newPath(mounted, first), newPath(mounted, 'mine'))
  await rename(newPath(mounted, 'mine'), newPath(mounted, first))
  await t.rejects(stat(newPath(mounted, 'mine')), { code: 'ENOENT' })
  t.equal((await stat(newPath(mounted, first))).size, 'content of order_1.edi'.length)
  await writeFile(newPath(mounted, 'x.lck'), '1')
  await mkdir(newPath(mounted, 'done'))
  await inNew(mounted)
  await writeFile(newPath(mounted, 'x.lck'), 'longer')
  await asNew()
  t.equal((await stat(newPath(mounted, 'x.lck'))).size, 6)
  await rename(newPath(mounted, first), newPath(mounted, 'done', first))
  await readdir(newPath(mounted, 'done'))
  await rename(newPath(mounted, 'done', first), newPath(mounted, first))
  await rmdir(newPath(mounted, 'done'))
  await mkdir(newPath(mounted, 'done'))
  await t.rejects(stat(newPath(mounted, 'done', first)), { code: 'ENOENT' })
  await unlink(newPath(mounted, 'x.lck'))
  await t.rejects(stat(newPath(mounted, 'x.lck')), { code: 'ENOENT' })
})

t.test('all that is taken by a command is gone within the second that the kernel believes', async (t) => {
  const mounted = await mountFresh(t)
  await inNew(mounted)
  await stat(newPath(mounted, first))
  const as2fsNew = (flag: string) =>
    run(process.execPath, ['bin/as2fs', 'new', mounted.mountpoint, flag], { env: mounted.environment() })
  t.match(await as2fsNew('--take-all'), { code: 0 })
  await asNew()
  await t.rejects(stat(newPath(mounted, first)), { code: 'ENOENT' })
  t.match(await as2fsNew('--reset'), { code: 0 })
  t.ok(await stat(newPath(mounted, first)))
})

t.test('files that are taken while they are listed again and again are gone when that is answered', async (t) => {
  const many = Array.from({ length: 300 }, (_, n) => `${n + 1000}_a.edi`)
  const objects = Object.fromEntries(many.map((it) => [`${inbox}/${it.replace('_', '/')}`, it]))
  const mounted = await mountFresh(t, objects)
  let isOver = false
  const listing = async (): Promise<void> => {
    while (!isOver) await inNew(mounted)
  }
  const both = Promise.all([listing(), listing()])
  for (const name of many) {
    await unlink(newPath(mounted, name))
    await t.rejects(stat(newPath(mounted, name)), { code: 'ENOENT' })
  }
  isOver = true
  await both
  t.same(await inNew(mounted), [])
})

t.test(
  'what is kept longer than a listing is fresh is as the bucket has it, and as programs have left it',
  async (t) => {
    const many = Array.from({ length: 300 }, (_, n) => `${n + 1000}_a.edi`)
    const keyOf = (name: string): string => `${inbox}/${name.replace('_', '/')}`
    const objects = Object.fromEntries(many.map((it) => [keyOf(it), it]))
    const mounted = await mountReceived(t, { flags: ['--list-ttl', '300ms', '--reconcile', '1s'], objects })
    await inNew(mounted)
    const isThere = (name: string): Promise<boolean> =>
      stat(newPath(mounted, name)).then(
        () => true,
        () => false,
      )
    // Its time is over again and again, and all that is taken meanwhile stays so.
    for (const name of many.slice(0, 200)) {
      await unlink(newPath(mounted, name))
      t.notOk(await isThere(name))
      await stat(newPath(mounted, many[299] ?? ''))
      if (Number(name.slice(0, 4)) % 20 === 0) await pause(100)
    }
    const [gone = '', larger = ''] = many.slice(250)
    mounted.server.delete(keyOf(gone))
    mounted.server.put(keyOf(larger), Buffer.from('longer than it was'))
    await until('what is gone is gone', async () => !(await isThere(gone)))
    await until('what is larger is so', async () => (await stat(newPath(mounted, larger))).size > 10)
    t.same(
      await inNew(mounted),
      many.slice(200).filter((it) => it !== gone),
    )
  },
)

t.test('a file that has another name, as something else has its own, has its own again when that goes', async (t) => {
  const mounted = await mountReceived(t, { flags: ['--list-ttl', '10m', '--reconcile', '10m'] })
  await inNew(mounted)
  const late = '820784109397781_late.edi'
  await writeFile(newPath(mounted, late), 'made')
  mounted.server.put(`${inbox}/820784109397781/late.edi`, Buffer.from('received'))
  await mounted.kill('SIGTERM')
  await mounted.mount()
  const other = (await inNew(mounted)).find((it) => it.startsWith('820784109397781_late~')) ?? ''
  t.equal(await readFile(newPath(mounted, other), 'utf8'), 'received')
  await unlink(newPath(mounted, late))
  await asNew()
  t.equal(await readFile(newPath(mounted, late), 'utf8'), 'received')
  await t.rejects(stat(newPath(mounted, other)), { code: 'ENOENT' })
})
