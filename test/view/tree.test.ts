import t from 'tap'
import { FsError } from '../../src/errors.js'
import type { Key, Name, Prefix } from '../../src/units.js'
import { expiresAt } from '../../src/view/expiry.js'
import { sendKey } from '../../src/view/send-key.js'
import {
  pairFolders,
  parsePath,
  partnerFolders,
  stationName,
  stationRoots,
  viewNames,
  viewPrefix,
} from '../../src/view/tree.js'

const root = 'AS2/' as Prefix
const owner = { station: 'ACME', partner: 'GLOBEX CORP' }

t.test('every path of the tree has its place', async (t) => {
  t.same(parsePath('/'), { kind: 'root' })
  t.same(parsePath('/.as2fs'), { kind: 'control' })
  t.same(parsePath('/.as2fs/status.json'), { kind: 'control-file', name: 'status.json' })
  t.same(parsePath('/.as2fs/mdn'), { kind: 'all-mdns' })
  t.same(parsePath('/.as2fs/mdn/incoming/a/b'), { kind: 'all-mdns-of', direction: 'incoming', names: ['a', 'b'] })
  t.same(parsePath('/A'), { kind: 'station', station: 'A' })
  t.same(parsePath('/A/B'), { kind: 'partner', station: 'A', partner: 'B' })
  t.same(parsePath('/A/B/headers'), { kind: 'pair', station: 'A', partner: 'B', pair: 'headers' })
  const view = { kind: 'view', station: 'A', partner: 'B' }
  t.same(parsePath('/A/B/inbox/1/x'), { ...view, view: 'inbox', names: ['1', 'x'] })
  t.same(parsePath('/A/B/raw-message/outbox'), { ...view, view: 'raw-message/outbox', names: [] })
  t.same(parsePath('/A/B/send/x'), { kind: 'send', station: 'A', partner: 'B', names: ['x'] })
})

t.test('what is not in the tree is absent', async (t) => {
  for (const path of ['/A/B/keystore', '/A/B/headers/other', '/.as2fs/mdn/other', '/.as2fs/status.json/x']) {
    t.same(parsePath(path), { kind: 'absent' }, path)
  }
})

t.test('each view is at its prefix', async (t) => {
  t.equal(viewPrefix(root, owner, 'inbox'), 'AS2/files/ACME/GLOBEX CORP/inbox/')
  t.equal(viewPrefix(root, owner, 'failed'), 'AS2/files/ACME/GLOBEX CORP/failed/')
  t.equal(viewPrefix(root, owner, 'headers/outbox'), 'AS2/headers/ACME/GLOBEX CORP/outbox/')
  t.equal(viewPrefix(root, owner, 'raw-message/inbox'), 'AS2/raw-message/ACME/GLOBEX CORP/inbox/')
  t.equal(viewPrefix(root, owner, 'mdn/incoming'), 'AS2/raw-mdn/incoming/ACME/GLOBEX CORP/')
  t.equal(viewPrefix(root, owner, 'duplicate'), 'AS2/duplicate/ACME/GLOBEX CORP/')
  t.equal(viewPrefix(root, owner, 'send'), 'AS2/send/ACME/GLOBEX CORP/')
})

t.test('the gateway’s own folders are no stations’ roots', async (t) => {
  t.same(stationRoots(root), ['AS2/files/', 'AS2/headers/', 'AS2/raw-message/', 'AS2/send/', 'AS2/duplicate/'])
})

t.test('each view is listed where it is, has a place, and a prefix of its own', async (t) => {
  const folders: readonly string[] = partnerFolders(true)
  t.same([...folders].sort(), folders, 'in order')
  for (const view of viewNames) {
    const place = { kind: 'view', station: 'A', partner: 'B', view, names: [] }
    t.same(parsePath(`/A/B/${view}`), place, view)
    const [first = '', second] = view.split('/')
    t.ok(folders.includes(first), `${first} is listed`)
    const pair = parsePath(`/A/B/${first}`)
    if (second !== undefined) t.ok(pair.kind === 'pair' && pairFolders(pair.pair).includes(second as Name), view)
  }
  const own = viewNames.filter((it) => !it.startsWith('delivery/'))
  t.equal(new Set(own.map((it) => viewPrefix(root, owner, it))).size, own.length)
  t.equal(viewPrefix(root, owner, 'delivery/refused'), viewPrefix(root, owner, 'outbox'), 'made of the outbox')
})

t.test('failed/ is only there where the bucket has it', async (t) => {
  t.notOk(partnerFolders(false).includes('failed' as Name))
  t.ok(partnerFolders(true).includes('failed' as Name))
})

t.test('a station called as the control folder does not hide it', async (t) => {
  t.not(stationName('.as2fs'), '.as2fs')
  t.equal(stationName('ACME'), 'ACME')
})

t.test('a name in send/ becomes the key under which it was written', async (t) => {
  t.equal(sendKey(root, owner, ['order%20 1.edi' as Name]), 'AS2/send/ACME/GLOBEX CORP/order%20 1.edi')
})

t.test('a name that could not be sent as it stands is refused', async (t) => {
  const refused = (name: string, code: string) => {
    try {
      sendKey(root, owner, [name as Name])
      t.fail(`${name} was taken`)
    } catch (error) {
      t.ok(error instanceof FsError)
      t.equal((error as FsError).code, code, JSON.stringify(name))
    }
  }
  refused('bad\ufffdbytes', 'EILSEQ')
  refused('x'.repeat(256), 'ENAMETOOLONG')
  refused('a\nb', 'EINVAL')
  refused('a%2Fb', 'EINVAL')
  t.throws(() => sendKey('x'.repeat(1000) as Prefix, owner, ['order.edi' as Name]), { code: 'ENAMETOOLONG' })
})

t.test('what the lifecycle deletes expires after 35 days', async (t) => {
  const day = 24 * 60 * 60 * 1000
  t.equal(expiresAt(root, 'AS2/files/A/B/inbox/1/x' as Key, 0), 35 * day)
  t.equal(expiresAt(root, 'AS2/send/A/B/x' as Key, 0), undefined)
})
