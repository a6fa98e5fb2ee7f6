/** What the kernel knows by its numbers, on a real mount: folders that are read from anywhere, names that go while they are in use. */
import { open, readdir, unlink, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isMounted, mount } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const prefix = 'AS2/files/ACME/GLOBEX/inbox/'
const seeks = fileURLToPath(new URL('../../../test/helpers/seeks.py', import.meta.url))

t.test('who seeks in a folder to anywhere gets entries of it, and nothing else', async (t) => {
  const names = Array.from({ length: 40 }, (_, n) => `order-${'x'.repeat(n)}.edi`)
  const objects = Object.fromEntries(names.map((name) => [`${prefix}1/${name}`, 'x']))
  const mounted = await mount(t, { objects, flags: ['--settle', '1h'] })
  for (const name of names.slice(0, 20)) await writeFile(mounted.path('ACME/GLOBEX/send', name), 'x')
  for (const [folder, count] of [
    ['inbox/1', 42],
    ['send', 22],
  ] as const) {
    const { stdout, stderr } = await run('python3', [seeks, mounted.path('ACME/GLOBEX', folder)])
    t.equal(stdout, `${count} []\n`, `${folder}: ${stderr}`)
  }
})

t.test('a file that is closed and unlinked at the same time leaves nothing', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX', '--settle', '1h'] })
  const send = mounted.path('ACME/GLOBEX/send')
  for (let n = 0; n < 40; n += 1) {
    const file = await open(`${send}/${n}.edi`, 'w')
    await file.write('x')
    const other = await open(`${send}/${n}.edi`, 'r')
    await other.close()
    await Promise.all([file.close(), unlink(`${send}/${n}.edi`)])
  }
  // The kernel says that a file is closed a moment after close(2) has returned.
  const left = async () => [...(await readdir(send)), ...(await mounted.queue()).rows]
  await until('all to be closed', async () => (await left()).length === 0).catch(() => undefined)
  t.same(await left(), [])
})

t.test('when the kernel is told to end the connection, the mount goes and the daemon ends', async (t) => {
  const mounted = await mount(t, { flags: ['--station', 'ACME/GLOBEX'] })
  await writeFile(mounted.path('ACME/GLOBEX/send/a.edi'), 'a')
  await mounted.inBucket('AS2/send/ACME/GLOBEX/a.edi')
  const held = await open(mounted.path('.as2fs/status.json'), 'r')
  t.teardown(() => held.close().catch(() => undefined))
  t.not((await run('umount', ['-f', mounted.mountpoint])).code, 0, 'it is in use, but now nobody answers')
  t.equal(await mounted.ended(), 0)
  t.notOk(await isMounted(mounted.mountpoint))
})
