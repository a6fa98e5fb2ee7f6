/** Whose receipts are shown where, by what they say. */
import { readdir, readFile } from 'node:fs/promises'
import t from 'tap'
import { mount } from '../helpers/mounted.js'
import { linesOf, mdnText } from '../helpers/receipts-world.js'
import { until } from '../helpers/until.js'

t.test('a partner has all receipts that are its own, wherever they are stored', async (t) => {
  const incoming = (name: string) => `AS2/raw-mdn/incoming/${name}`
  const objects = {
    'AS2/files/ACME/GLOBEX/outbox/720784109397786/order.edi': 'ISA',
    'AS2/files/ACME/INITECH/outbox/720784109397999/order.edi': 'ISA',
    [incoming('ACME/GLOBEX/placed.mdn')]: mdnText({}),
    [incoming('2026/11/28/sided.mdn')]: mdnText({ from: 'GLOBEX', to: 'ACME' }),
    [incoming('720784109397786.mdn')]: mdnText({ id: '<720784109397786.as2@mftgateway.com>' }),
    [incoming('720784109397999.mdn')]: mdnText({ id: '720784109397999.as2@mftgateway.com' }),
    [incoming('recipient.mdn')]: mdnText({ recipient: 'INITECH' }),
    [incoming('nobody.mdn')]: mdnText({ id: '<1.as2@mftgateway.com>' }),
    [incoming('odd.mdn')]: '<html>502 Bad Gateway</html>',
    'AS2/raw-mdn/outgoing/sided.mdn': mdnText({ from: 'ACME', to: 'GLOBEX' }),
  }
  const mounted = await mount(t, { objects, flags: ['--list-ttl', '200ms'] })
  const shown = async (partner: string, direction: string) => {
    const found = await readdir(mounted.path('ACME', partner, 'mdn', direction), { recursive: true })
    return found.filter((it) => it.endsWith('.mdn')).sort()
  }
  const becomes = (partner: string, direction: string, names: readonly string[]) =>
    until(`${names.join(', ')} of ${partner}`, async () => (await shown(partner, direction)).join() === names.join())
  await readdir(mounted.path('ACME'))
  await becomes('GLOBEX', 'incoming', ['2026/11/28/sided.mdn', '720784109397786.mdn', 'placed.mdn'])
  await becomes('INITECH', 'incoming', ['720784109397999.mdn', 'recipient.mdn'])
  await becomes('GLOBEX', 'outgoing', ['sided.mdn'])
  await becomes('INITECH', 'outgoing', [])
  t.match(await readFile(mounted.path('ACME/GLOBEX/mdn/incoming/2026/11/28/sided.mdn'), 'utf8'), /AS2-From: GLOBEX/)
  const all = await readdir(mounted.path('.as2fs/mdn/incoming'))
  t.ok(['nobody.mdn', 'odd.mdn', 'recipient.mdn'].every((it) => all.includes(it)))
  const receipts = await until('status to know them', async () => {
    const { receipts } = await mounted.status()
    return receipts?.read === 8 && receipts
  })
  t.same(receipts, { read: 8, left: 0, unreadable: 1, unreadableKeys: ['incoming/odd.mdn'], refused: 0 })

  await until('all to be written down', async () => {
    const [read, owned] = [await linesOf(mounted.stateDirectory, 'mdn'), await linesOf(mounted.stateDirectory, 'found')]
    return read === 8 && owned === 2
  })
  const gets = () => mounted.server.requests.list.filter((it) => it.operation === 'GetObject').length
  mounted.server.delete('AS2/files/ACME/GLOBEX/outbox/720784109397786/order.edi')
  await mounted.kill('SIGKILL')
  const before = gets()
  await mounted.mount()
  await readdir(mounted.path('ACME'))
  await becomes('GLOBEX', 'incoming', ['2026/11/28/sided.mdn', '720784109397786.mdn', 'placed.mdn'])
  t.equal(gets(), before, 'nothing is read again, and whose it was is remembered')
})

t.test('with --mdn-index off keys alone tell whose they are', async (t) => {
  const objects = {
    'AS2/raw-mdn/incoming/ACME/GLOBEX/placed.mdn': mdnText({}),
    'AS2/raw-mdn/incoming/sided.mdn': mdnText({ from: 'GLOBEX', to: 'ACME' }),
  }
  const mounted = await mount(t, { objects, flags: ['--mdn-index', 'off', '--station', 'ACME/GLOBEX'] })
  t.same(await readdir(mounted.path('ACME/GLOBEX/mdn/incoming')), ['placed.mdn'])
  t.same((await readdir(mounted.path('.as2fs/mdn/incoming'))).sort(), ['ACME', 'sided.mdn'])
  t.equal((await mounted.status()).receipts, undefined)
  t.equal(mounted.server.requests.list.filter((it) => it.operation === 'GetObject').length, 0)
})
