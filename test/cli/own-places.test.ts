/** The daemon's own files are refused where it would wait for itself, and where they would be sent. */
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { as2fs, isMounted, mount, type Mounted } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'

interface Place {
  readonly mounted: Mounted
  readonly directory: string
}

/** Another mount, and a directory for what is to be mounted. */
async function prepared(t: Test): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-places-'))
  t.teardown(() => rm(directory, { recursive: true }))
  await mkdir(join(directory, 'mnt'))
  return { mounted: await mount(t, { flags: ['--station', 'ACME/GLOBEX'] }), directory }
}

async function refused(
  t: Test,
  { mounted, directory }: Place,
  { args = [], env = {} }: { args?: readonly string[]; env?: NodeJS.ProcessEnv },
  sentence: RegExp,
): Promise<void> {
  const own = ['mount', 'bucket', join(directory, 'mnt'), '--endpoint', mounted.server.endpoint]
  const state = args.includes('--state-dir') ? [] : ['--state-dir', join(directory, 'state')]
  const outcome = await run(process.execPath, [as2fs, ...own, ...state, ...args], {
    env: { ...mounted.environment(), ...env },
  })
  t.match(outcome, { code: 1, stderr: sentence }, sentence.source)
  t.notMatch(outcome.stderr, /\n./, 'in one line')
  t.notOk(await isMounted(join(directory, 'mnt')))
}

const options = ['--state-dir', '--log-file', '--audit-log', '--disk-cache', '--credentials-csv', '--config']

t.test('below the mountpoint itself', async (t) => {
  const place = await prepared(t)
  for (const option of options) {
    const path = join(place.directory, 'mnt/A/B/send/x')
    await refused(
      t,
      place,
      { args: [option, path] },
      new RegExp(`^as2fs: ${option} \\(.*\\) is below the mountpoint itself`),
    )
  }
  const env = { AWS_SHARED_CREDENTIALS_FILE: join(place.directory, 'mnt/credentials') }
  await refused(t, place, { env }, /^as2fs: AWS_SHARED_CREDENTIALS_FILE .* is below the mountpoint itself/)
  await refused(t, place, { env: { HOME: join(place.directory, 'mnt') } }, /^as2fs: ~\/\.aws .* is below/)
})

t.test('in another mount of as2fs, where they would be sent', async (t) => {
  const place = await prepared(t)
  const send = place.mounted.path('ACME/GLOBEX/send')
  for (const option of options) {
    await refused(
      t,
      place,
      { args: [option, join(send, 'x')] },
      new RegExp(`^as2fs: ${option} .* another mount of as2fs`),
    )
  }
  t.same(place.mounted.puts(), [])
})

t.test('through links, and from there', async (t) => {
  const place = await prepared(t)
  const { directory, mounted } = place
  await symlink('mnt/there', join(directory, 'relative'))
  await symlink(mounted.path('ACME'), join(directory, 'absolute'))
  await symlink('absolute/GLOBEX', join(directory, 'chain'))
  await symlink(join(directory, 'chain/send/new.log'), join(directory, 'link.log'))
  await writeFile(join(directory, 'file'), '')
  await refused(
    t,
    place,
    { args: ['--state-dir', join(directory, 'relative/state')] },
    /is below the mountpoint itself/,
  )
  await refused(t, place, { args: ['--audit-log', join(directory, 'chain/send/x.log')] }, /another mount of as2fs/)
  await refused(t, place, { args: ['--log-file', join(directory, 'link.log')] }, /another mount of as2fs/)
  await refused(t, place, { args: ['--log-file', join(directory, 'nowhere/../mnt/x.log')] }, /is below the mountpoint/)
})

t.test('a cursor, which would be sent with each event', async (t) => {
  const { mounted, directory } = await prepared(t)
  const send = mounted.path('ACME/GLOBEX/send')
  await symlink(mounted.path('ACME'), join(directory, 'folder'))
  await symlink(join(send, 'there.edi'), join(directory, 'file'))
  await symlink('file', join(directory, 'chain'))
  const places = ['folder/GLOBEX/send/cursor', 'file', 'chain'].map((it) => join(directory, it))
  const relative = { cwd: send, path: 'cursor' }
  for (const { cwd, path } of [
    { cwd: '/', path: join(send, 'cursor') },
    relative,
    ...places.map((path) => ({ cwd: '/', path })),
  ]) {
    const outcome = await run(process.execPath, [as2fs, 'events', mounted.mountpoint, '--cursor', path], { cwd })
    t.match(outcome, { code: 1, stdout: '', stderr: /^as2fs: --cursor \(.*\) is in a mount of as2fs, .*\n$/ }, path)
  }
  t.same(await readdir(send), [])
  t.same(mounted.puts(), [])
  const beside = [as2fs, 'events', mounted.mountpoint, '--cursor', join(directory, 'cursor')]
  t.match(await run(process.execPath, beside), { code: 0, stderr: '' })
})

t.test('a mountpoint in another mount', async (t) => {
  const place = await prepared(t)
  const folder = place.mounted.path('ACME/GLOBEX/send/folder')
  await mkdir(folder)
  const outcome = await run(process.execPath, [as2fs, 'mount', 'bucket', folder], { env: place.mounted.environment() })
  t.match(outcome, { code: 1, stderr: /^as2fs: The mountpoint .* is in another mount of as2fs/ })
})
