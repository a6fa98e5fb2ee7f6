/** What was compiled and installed under one Node works under each that is supported, without a word of its own on stderr. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { as2fs, isMounted, prepare } from '../helpers/mounted.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const otherNode = fileURLToPath(new URL('../../../scripts/other-node', import.meta.url))
const [running = ''] = process.versions.node.split('.')
const versions = ['20', '22', '24'].filter((it) => it !== running)

// Each has a mount of its own.
t.jobs = versions.length

for (const version of versions) {
  const { code, stdout, stderr } = await run(otherNode, [version])
  // Without npm's registry there is none.
  const skip = code === 0 ? false : stderr.trim()
  t.test(`Node ${version} mounts, reads, lists, sends and unmounts`, { skip }, (t) => tried(t, stdout.trim()))
}

async function tried(t: Test, node: string): Promise<void> {
  const objects = { 'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*' }
  const mounted = await prepare(t, { objects, node })
  await mounted.mount()
  t.same(await readdir(mounted.path('ACME/GLOBEX/inbox')), ['1'])
  t.equal(await readFile(mounted.path('ACME/GLOBEX/new/1_order.edi'), 'utf8'), 'ISA*00*')
  await writeFile(mounted.path('ACME/GLOBEX/send/invoice.edi'), 'UNB+UNOC')
  t.equal(String(await mounted.inBucket('AS2/send/ACME/GLOBEX/invoice.edi')), 'UNB+UNOC')
  t.equal((await mounted.status()).binding, 'compiled')
  // With and without what is loaded for it.
  for (const command of [
    ['queue', mounted.mountpoint],
    ['events', mounted.mountpoint],
    ['status', mounted.mountpoint],
  ]) {
    t.match(await run(node, [as2fs, ...command]), { code: 0, stderr: '' })
  }
  t.match(await run(node, [as2fs, 'umount', mounted.mountpoint]), { code: 0, stderr: '' })
  t.equal(await mounted.ended(), 0)
  await until('the end', async () => !(await isMounted(mounted.mountpoint)))
  t.same(
    mounted.log.split('\n').filter((it) => it !== '' && !it.startsWith('{"')),
    [],
    'the log has nothing but its own lines',
  )
}
