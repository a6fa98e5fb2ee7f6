/** Names in `send/`, what else may be asked of a file there, and partners that are made by mkdir. */
import { chmod, chown, link, readdir, rename, rmdir, stat, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

/** EILSEQ, which Node has no name for. */
const illegalBytes = -84

t.test('names, attributes and other kinds of files', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  const send = mounted.path('ACME/GLOBEX/send')
  const path = join(send, 'order.edi')
  await writeFile(path, 'ISA*00*')
  await t.test('that can’t be keys are refused', async (t) => {
    const invalid = Buffer.concat([Buffer.from(`${send}/gr`), Buffer.from([0xfc]), Buffer.from('n.edi')])
    t.match(await errorOf(writeFile(invalid, 'x')), { errno: illegalBytes })
    t.match(await errorOf(rename(path, invalid)), { errno: illegalBytes })
    await t.rejects(writeFile(join(send, `${'x'.repeat(252)}.edi`), 'x'), { code: 'ENAMETOOLONG' })
    await t.rejects(writeFile(join(send, `${'ü'.repeat(126)}.edi`), 'x'), { code: 'ENAMETOOLONG' })
    for (const name of ['a\nb.edi', 'a\x7f.edi', 'a%0Ab.edi']) {
      await t.rejects(writeFile(join(send, name), 'x'), { code: 'EINVAL' }, JSON.stringify(name))
    }
  })
  await t.test('of any other kind go out as they are', async (t) => {
    const names = ['a b&c="d".edi', 'Größe 訂單 🚚.edi', '100% a%20b', '-rf', `${'x'.repeat(251)}.edi`]
    for (const name of names) await writeFile(join(send, name), name)
    t.same((await readdir(send)).sort(), ['order.edi', ...names].sort())
  })
  await t.test('times are kept, modes and owners accepted', async (t) => {
    await chmod(path, 0o600)
    await chown(path, 1, 1)
    await utimes(path, 0, Date.UTC(2020, 1, 2) / 1000)
    t.equal(await until('the time', async () => (await stat(path)).mtimeMs === Date.UTC(2020, 1, 2)), true)
    await sh(`touch ${send}`)
  })
  await t.test('links, nodes and extended attributes are not', async (t) => {
    await t.rejects(link(path, join(send, 'link.edi')), { code: 'EPERM' })
    await t.rejects(symlink('order.edi', join(send, 'link.edi')), { code: 'EPERM' })
    t.match(await run('mkfifo', [join(send, 'pipe')]), { code: 1, stderr: /Operation not permitted/ })
    const script = 'import os, sys; os.setxattr(sys.argv[1], "user.x", b"x")'
    t.match(await run('python3', ['-c', script, path]), { code: 1, stderr: /Errno 95/ })
  })
  t.equal(await mounted.kill('SIGTERM'), 0)
  t.equal(mounted.puts().length, 6)
})

t.test('partners that are made', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX'] })
  await t.test('may be sent to at once', async (t) => {
    await sh(`mkdir -p ${mounted.path('NEW/PARTNER')} && echo hi > ${mounted.path('NEW/PARTNER/send/x.edi')}`)
    t.equal((await mounted.inBucket('AS2/send/NEW/PARTNER/x.edi')).toString(), 'hi\n')
    t.same(await readdir(mounted.path('NEW/PARTNER/inbox')), [])
  })
  await t.test('may be forgotten, if nothing waits and the bucket has none', async (t) => {
    await sh(`mkdir -p ${mounted.path('OTHER/ONE')}`)
    const waiting = mounted.path('OTHER/ONE/send/x.tmp')
    await writeFile(waiting, 'x')
    await t.rejects(rmdir(mounted.path('OTHER/ONE')), { code: 'ENOTEMPTY' })
    await unlink(waiting)
    await t.rejects(rmdir(mounted.path('OTHER')), { code: 'ENOTEMPTY' })
    await sh(`cd ${mounted.mountpoint} && rmdir -p OTHER/ONE`)
    t.same(await readdir(mounted.mountpoint), ['.as2fs', 'ACME', 'NEW'])
    await t.rejects(rmdir(mounted.path('NEW/PARTNER')), { code: /ENOTEMPTY|EPERM/ })
    await t.rejects(rmdir(mounted.path('ACME/GLOBEX')), { code: 'EPERM' })
  })
  await t.test('are there again after a remount', async (t) => {
    await sh(`mkdir -p ${mounted.path('KEPT/ONE')}`)
    await mounted.kill('SIGTERM')
    await mounted.mount()
    t.same(await readdir(mounted.path('KEPT')), ['ONE'])
  })
})

function errorOf(act: Promise<unknown>): Promise<unknown> {
  return act.then(
    () => undefined,
    (error: unknown) => error,
  )
}
