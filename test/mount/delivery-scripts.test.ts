/** The scripts that docs/deliveries.md has for what was refused and what is overdue. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { as2fs, mount, type Mounted } from '../helpers/mounted.js'
import { mdnText } from '../helpers/receipts-world.js'
import { run } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const guide = fileURLToPath(new URL('../../../docs/deliveries.md', import.meta.url))

/** A script of the guide, on this mount. @param word it has it */
async function script(mounted: Mounted, word: string): Promise<() => ReturnType<typeof run>> {
  const blocks = (await readFile(guide, 'utf8')).split('```').filter((it) => it.startsWith('sh\n#!/bin/sh'))
  const text = blocks.find((it) => it.includes(word))?.slice('sh\n'.length) ?? ''
  const path = join(mounted.directory, `${word}.sh`)
  await writeFile(path, text.replaceAll('/mnt/as2', mounted.mountpoint))
  const bin = join(mounted.directory, 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'as2fs'), `#!/bin/sh\nexec ${process.execPath} ${as2fs} "$@"\n`)
  await writeFile(join(bin, 'mail'), `#!/bin/sh\n{ echo "$2 to $3"; cat; } >> ${mounted.directory}/mails\n`)
  for (const name of ['as2fs', 'mail']) await chmod(join(bin, name), 0o755)
  return () => run('env', [`PATH=${bin}:${process.env.PATH ?? ''}`, `HOME=${mounted.directory}`, 'sh', path])
}

t.test('one sends again what was refused, once, and one mails when something is overdue', async (t) => {
  const mounted = await mount(t, { flags: ['--list-ttl', '200ms', '--station', 'ACME/GLOBEX'] })
  const mtime = Date.now() - 3 * 3_600_000
  const put = (key: string, content: string) => mounted.server.put(`AS2/${key}`, Buffer.from(content), { mtime })
  const mails = () => readFile(join(mounted.directory, 'mails'), 'utf8').catch(() => '')
  const [again, mail] = [await script(mounted, 'sent-again'), await script(mounted, 'mail')]
  await mail()
  t.equal(await mails(), '', 'all is well')

  put('files/ACME/GLOBEX/outbox/720784109390001/refused.edi', 'ISA refused')
  put('files/ACME/GLOBEX/outbox/720784109390002/quiet.edi', 'ISA quiet')
  const refused = { id: '<720784109390001.as2@mftgateway.com>', disposition: 'processed/error: x' }
  put('raw-mdn/incoming/ACME/GLOBEX/1.mdn', mdnText(refused))
  await until('the refusal', async () => {
    t.match(await again(), { code: 0, stderr: '' })
    return mounted.puts().length > 0
  })
  await again()
  t.same(mounted.puts(), ['AS2/send/ACME/GLOBEX/720784109390001_refused.edi'])
  t.equal(mounted.server.get('AS2/send/ACME/GLOBEX/720784109390001_refused.edi')?.toString(), 'ISA refused')
  await mail()
  t.match(
    await mails(),
    /^DELIVERIES CRITICAL: 1 refused, .* 1 overdue.* to edi@example.com\n.*refused\.edi.* refused .*\n.*quiet\.edi.* overdue /,
  )
})
