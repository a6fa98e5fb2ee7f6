/** `as2fs info` of an MDN, whatever is in it. */
import { readFile, stat } from 'node:fs/promises'
import t from 'tap'
import type { InfoReport } from '../../src/control/reports.js'
import { mount } from '../helpers/mounted.js'
import { run, sh } from '../helpers/run.js'
import { until } from '../helpers/until.js'

const report = (...fields: readonly string[]): string =>
  ['--b', 'Content-Type: message/disposition-notification', '', ...fields, '', '--b--', ''].join('\r\n')
const processed = 'automatic-action/MDN-sent-automatically; processed'
const mdn = (name: string) => `AS2/raw-mdn/incoming/ACME/GLOBEX/${name}`

t.test('what an MDN says is told, and one that can’t be read keeps nobody waiting', async (t) => {
  const objects = {
    [mdn('bare')]: report('Original-Message-ID: <1@a>', `Disposition: ${processed}`),
    [mdn('both')]: report(`Disposition: ${processed}`, 'Disposition: a/b; processed/error: x'),
    [mdn('blank')]: report('\r\n'.repeat(500_000), `Disposition: ${processed}`),
    [mdn('large')]: `${report(`Disposition: ${processed}`)}${' '.repeat(1024 * 1024)}`,
  }
  const mounted = await mount(t, { objects, flags: ['--station', 'ACME/GLOBEX'] })
  const info = async (name: string): Promise<InfoReport> => {
    const path = mounted.path('ACME/GLOBEX/mdn/incoming', name)
    return JSON.parse(await sh(`bin/as2fs info ${path} --json`)) as InfoReport
  }
  const nowhere = await run(process.execPath, ['bin/as2fs', 'info', mounted.path('ACME/NOBODY/inbox/x')])
  t.match(nowhere, { code: 1, stderr: /^as2fs: .*\n$/ }, 'a path that is nowhere is one sentence')
  t.match(await info('bare'), { disposition: processed, originalMessageId: '<1@a>', contradictory: undefined })
  t.match(await info('both'), { disposition: /error/, contradictory: [processed, /error/] })
  t.equal((await info('large')).disposition, undefined, 'above 1 MiB it is none')
  const before = await rss(mounted.pid)
  const asking = new AbortController()
  const asked = info('blank').finally(() => asking.abort())
  let longest = 0
  while (!asking.signal.aborted) {
    const begun = performance.now()
    await stat(mounted.path('ACME/GLOBEX/outbox'))
    longest = Math.max(longest, performance.now() - begun)
  }
  t.equal((await asked).disposition, processed, 'found behind a megabyte of blank lines')
  t.ok(longest < 1_000, `others waited for at most ${longest.toFixed(0)} ms`)
  t.ok((await rss(mounted.pid)) - before < 100 * 1024, 'and it takes no memory')
})

t.test('of a message that was received the MDN that went out is named, wherever it is stored', async (t) => {
  const inbox = (folder: string) => `AS2/files/ACME/GLOBEX/inbox/${folder}/order.edi`
  const outgoing = (name: string) => `AS2/raw-mdn/outgoing/${name}`
  const [byFolder, byHeaders, byName, answeredNowhere] = ['1', '2', '3', '4'].map((it) => `72078410939000${it}`)
  const said = (id: string, disposition = processed) =>
    report(`Original-Message-ID: <${id}>`, `Disposition: ${disposition}`)
  const objects = {
    ...Object.fromEntries([byFolder, byHeaders, byName, answeredNowhere].map((it = '') => [inbox(it), 'ISA'])),
    [outgoing('2026/a.mdn')]: said(`${byFolder ?? ''}.as2@globex.com`),
    [`AS2/headers/ACME/GLOBEX/inbox/${byHeaders ?? ''}/headers.txt`]:
      'AS2-From: GLOBEX\r\nMessage-ID: <abc@globex.com>\r\n\r\n',
    [outgoing('b.mdn')]: said('abc@globex.com', 'automatic-action/MDN-sent-automatically; processed/error: x'),
    [outgoing(`ACME/GLOBEX/${byName ?? ''}.mdn`)]: report('Disposition: '),
  }
  const mounted = await mount(t, { objects, flags: ['--station', 'ACME/GLOBEX'] })
  const info = async (view: string, ...names: string[]): Promise<InfoReport> => {
    const path = mounted.path('ACME/GLOBEX', view, ...names)
    return JSON.parse(await sh(`bin/as2fs info ${path} --json`)) as InfoReport
  }
  const folder = '/ACME/GLOBEX/mdn/outgoing'
  t.match(await info('inbox', byFolder ?? '', 'order.edi'), { mdn: `${folder}/2026/a.mdn`, disposition: processed })
  t.match(await info('new', `${byHeaders ?? ''}_order.edi`), { mdn: `${folder}/b.mdn`, disposition: /error/ })
  // Whose receipts are is not found anew for a while, which is longer where the machine is busy.
  const shown = mounted.path('ACME/GLOBEX/mdn/outgoing/b.mdn')
  await until('it to be shown there', () => readFile(shown).then(Boolean, () => false))
  t.equal(await readFile(shown, 'utf8'), objects[outgoing('b.mdn')])
  t.match(await info('inbox', byName ?? '', 'order.edi'), {
    mdn: `${folder}/${byName ?? ''}.mdn`,
    disposition: undefined,
  })
  t.equal((await info('inbox', answeredNowhere ?? '', 'order.edi')).mdn, undefined)
})

/** In KiB. */
async function rss(pid: number): Promise<number> {
  const { stdout } = await run('awk', ['/^VmRSS/ { print $2 }', `/proc/${pid}/status`])
  return Number(stdout)
}
