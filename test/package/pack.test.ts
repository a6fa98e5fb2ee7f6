/** `npm pack` makes a package that starts: nothing that it needs is missing in it. Nothing is fetched. */
import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { version } from '../../src/version.js'
import { run, sh } from '../helpers/run.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

t.test('what npm packs starts', async (t) => {
  const folder = t.testdir({})
  await sh(`npm pack --ignore-scripts --silent --pack-destination ${folder}`, { cwd: root })
  const [tarball = ''] = await readdir(folder)
  await sh(`tar xzf ${tarball}`, { cwd: folder })
  await mkdir(join(folder, 'package', 'mnt'))
  // As an installation beside its dependencies.
  await symlink(join(root, 'node_modules'), join(folder, 'package', 'node_modules'))
  const program = join(folder, 'package', 'bin', 'as2fs')
  t.match(await run(process.execPath, [program, '--version']), { code: 0, stdout: `as2fs ${version}\n`, stderr: '' })
  // All that a daemon needs is loaded before the mountpoint is looked at.
  const args = ['mount', 'bucket', join(folder, 'none'), '-f', '--state-dir', join(folder, 'state')]
  const { code, stderr } = await run(process.execPath, [program, ...args])
  t.equal(code, 78)
  t.match(stderr, /^as2fs: The mountpoint .* does not exist/)
})
