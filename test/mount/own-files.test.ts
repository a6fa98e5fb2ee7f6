/** What another user could have put into the state directory, the disk cache or a log is never read, sent or written to. */
import { chmod, chown, link, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { formatLine } from '../../src/journal/lines.js'
import { as2fs, prepare, type Mounted } from '../helpers/mounted.js'
import { nobody, withoutRoot } from '../helpers/nobody.js'
import { run, type Outcome } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const secret = 'what only root may read\n'

/** A state directory whose journal wants a secret to be sent, by way of a link in its spool. */
async function plant(mounted: Mounted): Promise<void> {
  const file = join(mounted.directory, 'secret')
  await writeFile(file, secret, { mode: 0o600 })
  const spool = join(mounted.stateDirectory, 'spool')
  await mkdir(join(spool, 'data'), { recursive: true, mode: 0o700 })
  await chmod(mounted.stateDirectory, 0o700)
  const marker = { bucket: 'mftg-test', prefix: 'AS2/' }
  await writeFile(join(mounted.stateDirectory, 'mount.json'), JSON.stringify(marker))
  const row = { station: 'ACME', partner: 'GLOBEX', state: 'queued', mtime: 0, tries: 0, size: secret.length }
  const messages = [{ ...row, id: 'planted', path: 'planted.edi' }]
  await writeFile(join(spool, 'journal'), formatLine({ messages }))
  await symlink(file, join(spool, 'data', 'planted'))
}

/** `as2fs mount` that is to be refused. */
function tried(mounted: Mounted, flags: readonly string[] = []): Promise<Outcome> {
  const args = [as2fs, 'mount', ...mounted.arguments(), ...flags]
  return run(process.execPath, args, { env: mounted.environment() })
}

t.test(
  'a state directory that another user made is refused, and nothing of it is sent',
  { skip: withoutRoot() },
  async (t) => {
    const mounted = await prepare(t)
    await plant(mounted)
    await chown(mounted.stateDirectory, nobody.uid, nobody.gid)
    await chmod(mounted.stateDirectory, 0o777)
    const { code, stderr } = await tried(mounted)
    t.equal(code, 1)
    t.match(
      stderr,
      /^as2fs: The state directory can't be trusted: .* belongs to another user \(65534; this is 0\).*\n$/,
    )
    t.same(mounted.puts(), [])
  },
)

t.test('a link in the spool is not followed: what it leads to is not sent', async (t) => {
  const mounted = await prepare(t)
  await plant(mounted)
  await mounted.mount()
  const row = await until('the verdict', async () => (await mounted.queue()).rows.find((it) => it.state === 'failed'))
  t.equal(row.path, 'planted.edi')
  t.same(mounted.puts(), [])
})

t.test('a disk cache that others can write to is refused', { skip: withoutRoot() }, async (t) => {
  const mounted = await prepare(t)
  const cache = join(mounted.directory, 'cache')
  await mkdir(cache)
  await chmod(cache, 0o777)
  const flags = ['--disk-cache', cache]
  t.match((await tried(mounted, flags)).stderr, /--disk-cache can't be trusted: others can write to .*mode 0777/)
  await chmod(cache, 0o755)
  await mkdir(join(cache, 'blocks-1'))
  await chown(join(cache, 'blocks-1'), nobody.uid, nobody.gid)
  t.match((await tried(mounted, flags)).stderr, /--disk-cache can't be trusted: .*blocks-1 belongs to another user/)
})

t.test('logs', async (t) => {
  const mounted = await prepare(t)
  const logFile = join(mounted.directory, 'as2fs.log')
  const audit = join(mounted.directory, 'audit')
  await t.test('are their owner’s alone, whatever the umask', async (t) => {
    const before = process.umask(0)
    await mounted.mount(['--log-file', logFile, '--audit-log', audit]).finally(() => process.umask(before))
    for (const it of [logFile, audit]) t.equal((await stat(it)).mode & 0o777, 0o600, it)
    t.equal(await mounted.kill('SIGTERM'), 0)
  })
  await t.test('that were open to all are closed to all but readers', async (t) => {
    for (const it of [logFile, audit]) await chmod(it, 0o666)
    await mounted.mount(['--log-file', logFile, '--audit-log', audit])
    for (const it of [logFile, audit]) t.equal((await stat(it)).mode & 0o777, 0o644, it)
    t.equal(await mounted.kill('SIGTERM'), 0)
  })
  await t.test('are no links', async (t) => {
    const precious = join(mounted.directory, 'precious')
    await writeFile(precious, 'precious')
    await symlink(precious, join(mounted.directory, 'soft'))
    await link(precious, join(mounted.directory, 'hard'))
    for (const option of ['--log-file', '--audit-log']) {
      const soft = await tried(mounted, [option, join(mounted.directory, 'soft')])
      t.match([soft.code, soft.stderr], [1, /can't be written: .*soft is a link, which is not followed/], option)
      const hard = await tried(mounted, [option, join(mounted.directory, 'hard')])
      t.match([hard.code, hard.stderr], [1, /can't be written: .*hard has another name too/], option)
    }
    t.equal(await readFile(precious, 'utf8'), 'precious')
  })
})
