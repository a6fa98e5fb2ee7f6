/** Whatever would change a view that is no `send/`: EROFS, and nothing happens in the bucket. */
import { open } from 'node:fs/promises'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'

const objects = {
  'AS2/files/ACME/GLOBEX/inbox/1/order.edi': 'ISA*00*',
  'AS2/files/ACME/GLOBEX/outbox/1/order.edi': 'ISA*00*',
  'AS2/headers/ACME/GLOBEX/inbox/1/headers.txt': 'AS2-From: GLOBEX\n',
  'AS2/raw-mdn/incoming/ACME/GLOBEX/1.mdn': 'Reporting-UA: x\n',
}
const mounted = await mount(t, { objects })
const inbox = mounted.path('ACME/GLOBEX/inbox')
const outside = t.testdir({ 'new.edi': 'new' })
const env = { ...process.env, LC_ALL: 'C' }

/** Each is run in the folder `inbox` of a partner. */
const changes: Readonly<Record<string, string>> = {
  'a new file': 'echo x > new.edi',
  'a new file in a folder': 'echo x > 1/new.edi',
  'writing over a file': 'echo x > 1/order.edi',
  'appending to a file': 'echo x >> 1/order.edi',
  'cp into it': `cp ${outside}/new.edi .`,
  'cp over a file': `cp ${outside}/new.edi 1/order.edi`,
  'mv into it': `mv ${outside}/new.edi .`,
  'mv within it': 'mv 1/order.edi 1/other.edi',
  'mv of a folder': 'mv 1 2',
  'mv to another view': 'mv 1/order.edi ../outbox/',
  'mv to send': 'mv 1/order.edi ../send/',
  'mv out of send': `echo x > ../send/held.tmp && mv ../send/held.tmp .`,
  'mv away': `mv 1/order.edi ${outside}/taken.edi`,
  mkdir: 'mkdir new',
  'mkdir in a folder': 'mkdir 1/new',
  'mkdir beside the views': 'mkdir ../other',
  rm: 'rm -f 1/order.edi',
  'rm -r': 'rm -rf 1/order.edi',
  rmdir: 'rmdir 1',
  'rmdir of a view': 'rmdir ../headers',
  chmod: 'chmod 600 1/order.edi',
  chown: 'chown 1:1 1/order.edi',
  'touch, an existing file': 'touch 1/order.edi',
  'touch, only its time': 'touch -c -d 2020-01-01 1/order.edi',
  'touch, a new file': 'touch new.edi',
  truncate: 'truncate -s 0 1/order.edi',
  ln: 'ln 1/order.edi 1/other.edi',
  'ln -s': 'ln -s order.edi 1/other.edi',
  mkfifo: 'mkfifo pipe',
  dd: 'dd if=/dev/zero of=1/order.edi bs=1 count=1 conv=notrunc',
  'sed -i': 'sed -i s/ISA/ASI/ 1/order.edi',
  'python, for reading and writing': `python3 -c "open('1/order.edi', 'r+')"`,
  'a file in headers': 'echo x > ../headers/inbox/1/headers.txt',
  'rm of a receipt': 'rm -f ../mdn/incoming/1.mdn',
  'a file in a pair of views': 'echo x > ../mdn/new',
  'a file beside the partners': 'echo x > ../../new',
  'a file beside the stations': 'echo x > ../../../new',
  'a file in .as2fs': 'echo x > ../../../.as2fs/new',
  'a control file': 'echo x > ../../../.as2fs/status.json',
  'rm of a control file': 'rm -f ../../../.as2fs/status.json',
}

for (const [what, command] of Object.entries(changes)) {
  t.test(`${what} is refused`, async (t) => {
    // The shell goes there itself: spawn's cwd would block this process, and with it the bucket.
    const { code, stderr } = await run('sh', ['-c', `cd ${inbox} && ${command}`], { env })
    t.not(code, 0)
    t.match(stderr, /Read-only file system/)
  })
}

t.test('opening for writing is refused before anything is written', async (t) => {
  for (const flags of ['r+', 'w', 'a', 'wx']) {
    const path = flags === 'wx' ? 'ACME/GLOBEX/inbox/new.edi' : 'ACME/GLOBEX/inbox/1/order.edi'
    await t.rejects(open(mounted.path(path), flags), { code: 'EROFS' }, flags)
  }
})

t.test('all is as it was, and nothing was asked of the bucket', async (t) => {
  t.equal(await sh(`cat ${mounted.path('ACME/GLOBEX/inbox/1/order.edi')}`), 'ISA*00*')
  t.same(
    mounted.server
      .list('')
      .map((it) => it.key)
      .sort(),
    Object.keys(objects).sort(),
  )
  const operations = new Set(mounted.server.requests.list.map((it) => it.operation))
  operations.delete('HeadBucket')
  t.same([...operations].sort(), ['GetObject', 'ListObjectsV2'])
})
