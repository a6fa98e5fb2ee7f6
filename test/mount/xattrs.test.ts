/** `--xattr`: what is known of a file beyond its bytes, for programs that ask for extended attributes. */
import t, { type Test } from 'tap'
import type { InfoReport } from '../../src/control/reports.js'
import { mount, type Mounted } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'
import { writeFile } from 'node:fs/promises'

const folder = '720784109390001'
const inbox = `AS2/files/ACME/GLOBEX/inbox/${folder}/order.edi`
const mdn = [
  '--b',
  'Content-Type: message/disposition-notification',
  '',
  'Original-Message-ID: <1@a>',
  'Disposition: a/b; processed',
  '',
  '--b--',
  '',
].join('\r\n')
const objects = { [inbox]: 'ISA', 'AS2/raw-mdn/incoming/ACME/GLOBEX/one': mdn }
const station = ['--station', 'ACME/GLOBEX']

/** Of a path of the mount, all that a program finds. */
async function xattrs(mounted: Mounted, path: string): Promise<Readonly<Record<string, string>>> {
  const script =
    'import json, os, sys; p = sys.argv[1]; print(json.dumps({n: os.getxattr(p, n).decode() for n in os.listxattr(p)}))'
  return JSON.parse(await sh(`python3 -c '${script}' '${mounted.path(path)}'`)) as Readonly<Record<string, string>>
}

async function info(mounted: Mounted, path: string): Promise<InfoReport> {
  return JSON.parse(await sh(`bin/as2fs info '${mounted.path(path)}' --json`)) as InfoReport
}

/** @returns the errno by its name */
async function refusal(mounted: Mounted, name: string, call = 'getxattr'): Promise<string> {
  const script = `import errno, os, sys\ntry: os.${call}(sys.argv[1], *sys.argv[2:])\nexcept OSError as e: print(errno.errorcode[e.errno])`
  const path = mounted.path('ACME/GLOBEX/inbox', folder, 'order.edi')
  return (await run('python3', ['-c', script, path, name])).stdout.trim()
}

t.test('they say what as2fs info says', async (t) => {
  const mounted = await mount(t, { objects, flags: [...station, '--xattr', '--settle', '1h'] })
  await writeFile(mounted.path('ACME/GLOBEX/send/out.edi'), 'out')
  await until(
    'the close to be written down',
    async () => (await info(mounted, 'ACME/GLOBEX/send/out.edi')).state === 'queued',
  )
  const received = await info(mounted, `ACME/GLOBEX/inbox/${folder}/order.edi`)
  t.match(await xattrs(mounted, `ACME/GLOBEX/inbox/${folder}/order.edi`), {
    'user.as2.key': inbox,
    'user.as2.etag': received.etag,
    'user.as2.message-id': received.messageId,
    'user.as2.expires': new Date(received.expires ?? 0).toISOString(),
  })
  t.match(await xattrs(mounted, 'ACME/GLOBEX/mdn/incoming/one'), {
    'user.as2.disposition': 'a/b; processed',
    'user.as2.original-message-id': '<1@a>',
  })
  t.match(await xattrs(mounted, 'ACME/GLOBEX/send/out.edi'), {
    'user.as2.state': 'queued',
    'user.as2.partner': 'GLOBEX',
  })
  t.match(await xattrs(mounted, 'ACME/GLOBEX/inbox'), { 'user.as2.station': 'ACME' })
  t.same(await xattrs(mounted, ''), {}, 'the root has none')
  t.equal(await refusal(mounted, 'user.as2.none'), 'ENODATA')
  t.equal(await refusal(mounted, 'user.other'), 'ENODATA')
  t.equal(await refusal(mounted, 'security.capability'), 'ENODATA')
  await whole(t, mounted)
})

t.test('without it there are none', async (t) => {
  const mounted = await mount(t, { objects, flags: station })
  t.equal(await refusal(mounted, 'user.as2.key'), 'ENOTSUP')
  await whole(t, mounted)
})

t.test('ls -l is told at the first file that there are no access lists, whatever was written before', async (t) => {
  for (const flags of [[], ['--xattr']]) {
    const mounted = await mount(t, { objects, flags: [...station, '--settle', '1h', ...flags] })
    const send = mounted.path('ACME/GLOBEX/send')
    // Before each of these the kernel asks for a capability, if it was told to.
    await sh(`dd if=/dev/zero of='${send}/out.edi' bs=100 count=5 2>/dev/null && truncate -s 50 '${send}/out.edi'`)
    t.equal(await refusal(mounted, 'security.capability'), 'ENODATA')
    t.equal(await refusal(mounted, 'system.posix_acl_access'), 'ENOTSUP')
    t.equal(await refusal(mounted, 'system.posix_acl_default'), 'ENOTSUP')
    t.match(await sh(`ls -l '${send}'`), /-rw-r--r-- .* 50 /)
  }
})

/** Nothing else is another for it. */
async function whole(t: Test, mounted: Mounted): Promise<void> {
  const path = mounted.path('ACME/GLOBEX')
  t.match(await sh(`ls -l '${path}/inbox/${folder}'`), /-r--r--r-- /)
  const copied = await run('sh', [
    '-c',
    `cp -a '${path}/inbox/${folder}/order.edi' '${path}/send/copy.edi' && cat '${path}/send/copy.edi'`,
  ])
  t.match(copied, { code: 0, stdout: 'ISA' }, copied.stderr)
}
