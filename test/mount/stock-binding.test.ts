/** Where the binding can't be compiled: its stock binary mounts all the same, and the log and the status say so. */
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const project = fileURLToPath(new URL('../../../', import.meta.url))
/** What scripts/build-binding needs, but for a compiler. */
const tools = ['sh', 'node', 'dirname', 'uname', 'cksum', 'cat', 'rm', 'mkdir', 'grep', 'tail']

/** The program as it is in `npm install`, its binding not compiled yet. */
async function copyOfProject(t: Test): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'as2fs-test-stock-'))
  t.teardown(() => rm(copy, { recursive: true, force: true }))
  const build = join(project, 'native/build')
  for (const part of ['bin', 'dist/src', 'dist/package.json', 'native', 'package.json', 'scripts/build-binding']) {
    await cp(join(project, part), join(copy, part), { recursive: true, filter: (source) => source !== build })
  }
  await symlink(join(project, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** A PATH with nothing on it but these. */
async function pathWith(directory: string, names: readonly string[]): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter)
  await mkdir(directory)
  for (const name of names) {
    for (const folder of folders) {
      const isThere = await stat(join(folder, name)).then(
        () => true,
        () => false,
      )
      if (!isThere) continue
      await symlink(join(folder, name), join(directory, name))
      break
    }
  }
  return directory
}

t.test('without a compiler', async (t) => {
  const copy = await copyOfProject(t)
  const binding = join(copy, 'native')

  await t.test('the installation goes on, and says what is missing and what that means', async (t) => {
    const env = { ...process.env, PATH: await pathWith(join(copy, 'path'), tools), NODE_OPTIONS: undefined }
    const built = await run(join(copy, 'scripts/build-binding'), [], { env })
    t.match(built, { code: 0, stdout: '' })
    t.match(
      built.stderr,
      /^as2fs: The binding was not compiled: there is no C compiler 'cc' \(apt-get install gcc libc6-dev, then/,
    )
    t.match(built.stderr, /fuse-native's own binary is used, which slows down under load\.$/m)
    await t.rejects(stat(join(binding, 'build/Release')), { code: 'ENOENT' })
  })

  await t.test('it mounts, reads and sends', async (t) => {
    const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }
    const mounted = await mount(t, { objects, program: join(copy, 'bin/as2fs') })
    t.equal(await readFile(mounted.path('ACME/GLOBEX/inbox/1/order.edi'), 'utf8'), 'ISA*00*')
    await writeFile(mounted.path('ACME/GLOBEX/send/answer.edi'), 'UNB+UNOC')
    t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/answer.edi')).toString(), 'UNB+UNOC')
    // What was shown first, before the mount was there, may be shown for a second.
    t.match(await until('its state', async () => (await mounted.status()).state === 'degraded' && mounted.status()), {
      binding: 'stock',
      problems: [/binding was not compiled here \(there is no C compiler 'cc' .*\): the mount slows down under load/],
    })
    await until('the log to say so', () => /binding was not compiled here \(there is no C compiler/.test(mounted.log))
    t.equal(await mounted.kill('SIGTERM'), 0)
    t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/answer.edi'])
  })
})
