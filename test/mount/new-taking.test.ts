/** new/ on a real mount: what it shows, and what removing a file there means. */
import { access, constants, open, readdir, readFile, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  first,
  inbox,
  inNew,
  mountReceived,
  names,
  newPath,
  prepareReceived,
  received,
  second,
  third,
} from '../helpers/new-mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

t.test('new/ has every file of the inbox, flat, with its content, size and time', async (t) => {
  const mounted = await mountReceived(t)
  t.same(await inNew(mounted), names)
  const [path] = await readdir(mounted.path('ACME/GLOBEX/inbox'))
  const original = mounted.path('ACME/GLOBEX/inbox', path ?? '', 'order_1.edi')
  t.equal(await readFile(newPath(mounted, first), 'utf8'), 'content of order_1.edi')
  const stats = (file: string) => sh(`stat -c '%s %y %A' '${file}'`)
  const own = await stats(newPath(mounted, first))
  t.equal(own.replace('-rw-r--r--', '-r--r--r--'), await stats(original), 'to the nanosecond')
  t.match(own, /-rw-r--r--/)
  await access(newPath(mounted, first), constants.W_OK)
  t.equal((await stat(newPath(mounted))).mode & 0o777, 0o755)
})

t.test(
  'names are the message folder’s and the file’s, joined; deeper ones too; long ones are cut and keep their extension',
  async (t) => {
    const long = `${'x'.repeat(240)}.edi`
    const paths = ['1/a.edi', '1/b/c.edi', 'flat.edi', `2/${long}`, '3/line\nbreak', '4/a_b', '4_a/b']
    const objects = Object.fromEntries(paths.map((it) => [`${inbox}/${it}`, it]))
    const mounted = await mountReceived(t, { objects })
    const found = await inNew(mounted)
    t.match(found, [
      '1_a.edi',
      '1_b_c.edi',
      /^2_x+~[0-9a-f]{16}\.edi$/,
      '3_line%0Abreak',
      '4_a_b',
      /^4_a_b~[0-9a-f]{16}$/,
      'flat.edi',
    ])
    t.equal(Buffer.byteLength(found[2] ?? ''), 180)
    const contents = await Promise.all(found.map((it) => readFile(newPath(mounted, it), 'utf8')))
    t.same(contents.sort(), [...paths].sort(), 'each name is another file')
  },
)

t.test('what arrives is there with the next look, as in the inbox, behind what was there', async (t) => {
  const mounted = await mountReceived(t)
  t.same(await inNew(mounted), names)
  mounted.server.put(`${inbox}/820784109397781/late.edi`, Buffer.from('late'))
  t.same(await readdir(newPath(mounted)), [...names, '820784109397781_late.edi'], 'in order of arrival')
})

t.test('rm takes a file: gone from new/ for good, in the bucket and the inbox as before', async (t) => {
  const mounted = await mountReceived(t)
  await unlink(newPath(mounted, first))
  t.same(await inNew(mounted), [second, third])
  await t.rejects(stat(newPath(mounted, first)), { code: 'ENOENT' })
  t.equal((await readdir(mounted.path('ACME/GLOBEX/inbox'))).length, 3)
  await mounted.kill('SIGKILL')
  await mounted.mount()
  t.same(await inNew(mounted), [second, third], 'after a crash, too')
  t.notOk(
    mounted.server.requests.list.some(({ operation }) => !/^(List|Get|Head)/.test(operation)),
    'nothing was changed',
  )
})

t.test('mv to somewhere else takes a file; also into send/ of the same partner', async (t) => {
  const mounted = await mountReceived(t)
  const outside = t.testdir()
  await sh(`mv '${newPath(mounted, first)}' '${outside}/'`)
  t.equal(await readFile(join(outside, first), 'utf8'), 'content of order_1.edi')
  await sh(`mv '${newPath(mounted, second)}' '${mounted.path('ACME/GLOBEX/send')}/forward.edi'`)
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/forward.edi')).toString(), 'content of order_2.edi')
  t.same(await inNew(mounted), [third])
})

t.test('a file that is open when it is taken stays readable', async (t) => {
  const mounted = await mountReceived(t)
  const file = await open(newPath(mounted, first))
  await unlink(newPath(mounted, first))
  t.equal((await file.stat()).size, 22)
  t.equal(await file.readFile('utf8'), 'content of order_1.edi')
  await file.close()
  t.same(await inNew(mounted), [second, third])
})

t.test('a mark is forgotten once full listings have lacked its file, and not before', async (t) => {
  const mounted = await mountReceived(t)
  const [key = ''] = Object.keys(received)
  await unlink(newPath(mounted, first))
  const journal = () => readFile(join(mounted.stateDirectory, 'new/journal'), 'latin1')
  const content = mounted.server.get(key)
  mounted.server.delete(key)
  await inNew(mounted)
  mounted.server.put(key, Buffer.from(content ?? ''))
  t.same(await inNew(mounted), [second, third], 'it was missing for a moment')
  t.notMatch(await journal(), /forget/)
  mounted.server.delete(key)
  await until('it to be forgotten', async () => {
    await inNew(mounted)
    return (await journal()).includes('forget')
  })
  mounted.server.put(key, Buffer.from(content ?? ''))
  t.same(await inNew(mounted), names, 'it is another message now')
})

t.test('what is put anew with another content is new again, with the same content it is not', async (t) => {
  const mounted = await mountReceived(t)
  const [key = ''] = Object.keys(received)
  await unlink(newPath(mounted, first))
  mounted.server.put(key, Buffer.from('content of order_1.edi'))
  t.same(await inNew(mounted), [second, third])
  mounted.server.put(key, Buffer.from('content of order_1.EDI'))
  t.same(await inNew(mounted), names)
})

t.test('in an outage new/ is what was known, or an error, never empty; what is known can be taken', async (t) => {
  const mounted = await prepareReceived(t, { proxied: true, flags: ['--op-timeout', '3s', '--stale-ttl', '3s'] })
  await mounted.mount()
  t.same(await inNew(mounted), names)
  await mounted.proxy.refuseConnections()
  t.same(await inNew(mounted), names)
  await unlink(newPath(mounted, first))
  t.same(await inNew(mounted), [second, third])
  await until('it to be too old', () =>
    inNew(mounted).then(
      (it) => it.length !== 2,
      () => true,
    ),
  )
  await t.rejects(inNew(mounted), { code: /EIO|ETIMEDOUT/ })
  await mounted.proxy.heal()
  await until('the bucket to be back', () =>
    inNew(mounted).then(
      () => true,
      () => false,
    ),
  )
  t.same(await inNew(mounted), [second, third])
})

t.test('new/ itself can’t be removed, and a partner with something made in it neither', async (t) => {
  const mounted = await mountReceived(t)
  await t.rejects(rmdir(newPath(mounted)), { code: /EPERM|ENOTEMPTY/ })
  t.match(await run('rm', ['-r', newPath(mounted, 'nothing')]), { code: 1 })
  await rm(newPath(mounted, first))
})

t.test('with --read-only everything can be read, and nothing taken', async (t) => {
  const mounted = await mountReceived(t, { flags: ['--read-only'] })
  t.equal(await readFile(newPath(mounted, first), 'utf8'), 'content of order_1.edi')
  await t.rejects(unlink(newPath(mounted, first)), { code: 'EROFS' })
})

t.test('a poll of new/ costs what one of the inbox costs', async (t) => {
  const mounted = await mountReceived(t)
  const cost = async (view: string): Promise<number> => {
    await readdir(mounted.path('ACME/GLOBEX', view))
    const before = mounted.server.requests.list.length
    for (let i = 0; i < 5; i += 1) await readdir(mounted.path('ACME/GLOBEX', view))
    return mounted.server.requests.list.length - before
  }
  t.equal(await cost('new'), await cost('inbox'))
})

t.test('two hosts that mount one bucket have a new/ each: what one takes, the other has still', async (t) => {
  const one = await mountReceived(t)
  const other = await mountReceived(t, { endpoint: one.server.endpoint })
  await unlink(newPath(one, first))
  await unlink(newPath(other, third))
  t.same(await inNew(one), [second, third])
  t.same(await inNew(other), [first, second])
})
