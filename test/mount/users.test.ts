/** Who mounts, whose the files are, and who may see them. */
import { stat, writeFile } from 'node:fs/promises'
import t from 'tap'
import { as2fs, isMounted, mount } from '../helpers/mounted.js'
import { asNobody, nobody, openDevice, withoutRoot } from '../helpers/nobody.js'
import { run } from '../helpers/run.js'

const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }

/** A shell command as an ordinary user. */
function shAsNobody(command: string): ReturnType<typeof run> {
  const [program = '', ...args] = asNobody
  return run(program, [...args, 'sh', '-c', command])
}

t.test('an ordinary user mounts, reads, sends and unmounts', { skip: withoutRoot() }, async (t) => {
  await openDevice(t)
  const mounted = await mount(t, { objects, launcher: asNobody, owner: nobody })
  // Nobody else may look, not even root: so everything is done as the user.
  await t.rejects(stat(mounted.path('ACME')), { code: 'EACCES' })
  const read = await shAsNobody(`cat ${mounted.path('ACME/GLOBEX/inbox/1/order.edi')}`)
  t.match(read, { code: 0, stdout: 'ISA*00*' })
  const sent = await shAsNobody(`echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`)
  t.match(sent, { code: 0, stderr: '' })
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')).toString(), 'hello\n')
  const owner = await shAsNobody(`stat -c '%u %g %a' ${mounted.path('ACME/GLOBEX/send')}`)
  t.equal(owner.stdout, `${nobody.uid} ${nobody.gid} 755\n`)
  t.equal(await mounted.kill('SIGTERM'), 0)
  t.notOk(await isMounted(mounted.mountpoint))
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/a.edi'])
})

t.test('--uid, --gid and --umask say whose the files are', async (t) => {
  const mounted = await mount(t, { objects, flags: ['--uid', '1234', '--gid', '2345', '--umask', '027'] })
  const shown = async (path: string): Promise<string> => {
    const { uid, gid, mode } = await stat(mounted.path(path))
    return `${uid} ${gid} ${(mode & 0o7777).toString(8)}`
  }
  t.equal(await shown('ACME/GLOBEX/inbox/1/order.edi'), '1234 2345 440')
  t.equal(await shown('ACME/GLOBEX/inbox'), '1234 2345 550')
  t.equal(await shown('ACME/GLOBEX/send'), '1234 2345 750')
})

t.test('names of users and groups will do', async (t) => {
  const mounted = await mount(t, { objects, flags: ['--uid', 'nobody', '--gid', 'nogroup'] })
  const { uid, gid } = await stat(mounted.path('ACME/GLOBEX/inbox'))
  t.same({ uid, gid }, nobody)
})

t.test('without --allow-other nobody else gets in', { skip: withoutRoot() }, async (t) => {
  const mounted = await mount(t, { objects })
  t.match(await shAsNobody(`ls ${mounted.mountpoint}`), { code: 2, stderr: /Permission denied/ })
})

t.test('with --allow-other others get in, as far as modes allow', { skip: withoutRoot() }, async (t) => {
  const mounted = await mount(t, { objects, flags: ['--allow-other'] })
  const read = await shAsNobody(`cat ${mounted.path('ACME/GLOBEX/inbox/1/order.edi')}`)
  t.match(read, { code: 0, stdout: 'ISA*00*' })
  const send = mounted.path('ACME/GLOBEX/send/a.edi')
  t.match(await shAsNobody(`echo hello > ${send}`), { stderr: /Permission denied/ })
  const theirs = await mount(t, { objects, flags: ['--allow-other', '--uid', 'nobody', '--umask', '077'] })
  const sent = await shAsNobody(`echo hello > ${theirs.path('ACME/GLOBEX/send/a.edi')}`)
  t.match(sent, { code: 0, stderr: '' })
  t.equal((await theirs.inBucket('AS2/send/ACME/GLOBEX/a.edi')).toString(), 'hello\n')
})

t.test('--read-only refuses every change', async (t) => {
  const mounted = await mount(t, { objects, flags: ['--read-only'] })
  const outcome = await run('sh', ['-c', `echo hello > ${mounted.path('ACME/GLOBEX/send/a.edi')}`])
  t.match(outcome.stderr, /Read-only file system/)
  t.same(mounted.puts(), [])
})

t.test('a mount that is read-only sends nothing: what waits goes on waiting', async (t) => {
  const mounted = await mount(t, { objects, flags: ['--settle', '1h', '--station', 'ACME/GLOBEX'] })
  await writeFile(mounted.path('ACME/GLOBEX/send/queued.edi'), 'UNA')
  await writeFile(mounted.path('ACME/GLOBEX/send/held.tmp'), 'UNA')
  await mounted.kill('SIGKILL')
  await mounted.mount(['--read-only', '--settle', '0s', '--drain', '1h'])
  const release = await run(process.execPath, [as2fs, 'queue', mounted.mountpoint, 'release', 'held.tmp'])
  t.equal(release.code, 0)
  const { stdout } = await run(process.execPath, [as2fs, 'queue', mounted.mountpoint])
  t.equal([...stdout.matchAll(/queued .*after a mount without --read-only/g)].length, 2, stdout)
  t.equal(await mounted.kill('SIGTERM'), 0, 'and its end does not wait for them')
  t.same(mounted.puts(), [])
  await mounted.mount()
  t.equal(await mounted.kill('SIGTERM'), 0)
  t.same(
    mounted.puts().sort(),
    ['held.tmp', 'queued.edi'].map((it) => `AS2/send/ACME/GLOBEX/${it}`),
  )
})
