/** `npm pack` makes a package that works: nothing that it needs is missing in it. Nothing is fetched. */
import { readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { version } from '../../src/version.js'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

t.test('what npm packs compiles its binding, mounts, reads and sends', async (t) => {
  const folder = t.testdir({})
  await sh(`npm pack --ignore-scripts --silent --pack-destination ${folder}`, { cwd: root })
  const [tarball = ''] = await readdir(folder)
  await sh(`tar xzf ${tarball}`, { cwd: folder })
  // As an installation beside its dependencies.
  await symlink(join(root, 'node_modules'), join(folder, 'package', 'node_modules'))
  await sh('npm run --silent postinstall', { cwd: join(folder, 'package') })
  const program = join(folder, 'package', 'bin', 'as2fs')
  t.match(await run(process.execPath, [program, '--version']), { code: 0, stdout: `as2fs ${version}\n`, stderr: '' })

  const mounted = await mount(t, {
    program,
    objects: { 'AS2/files/ACME/GLOBEX/inbox/7207841093900001/order.edi': 'content\n' },
  })
  t.equal((await mounted.status()).binding, 'compiled')
  t.equal(await sh(`ls ${mounted.path('ACME/GLOBEX/inbox/7207841093900001')}`), 'order.edi\n')
  await sh(`echo sent > ${mounted.path('ACME/GLOBEX/send/sent.edi')}`)
  t.equal((await mounted.inBucket('AS2/send/ACME/GLOBEX/sent.edi')).toString(), 'sent\n')
  t.equal(await mounted.kill('SIGTERM'), 0)
})
