/** What the views show of a bucket: sizes, times, names, bytes; and what becomes of them while it does not answer. */
import t from 'tap'
import { filesystemWorld, mountedAt, outcome, soon } from '../helpers/filesystem-world.js'
import { accessDenied, keysRefused, unreachable } from '../helpers/memory-store.js'
import { never } from '../helpers/sender-world.js'

const inbox = '/ACME/GLOBEX/inbox'
const folder = 'files/ACME/GLOBEX/inbox'
const reading = { write: false, truncate: false }

t.test(
  'a file has the size and the time of its object, a folder the newest time in it, and no HEAD is asked for',
  async (t) => {
    const it = await filesystemWorld(t, { objects: { [`${folder}/7207/order.edi`]: 'an order' } })
    it.store.set(`AS2/${folder}/7207/later.edi`, 'later', mountedAt + 2_000)
    t.match(await it.fs.getattr(`${inbox}/7207/order.edi`, never()), {
      kind: 'file',
      size: 8,
      mode: 0o444,
      mtime: 5_000,
    })
    t.match(await it.fs.getattr(`${inbox}/7207`, never()), { kind: 'folder', mode: 0o555, mtime: mountedAt + 2_000 })
    t.same(await it.names(`${inbox}/7207`), ['later.edi', 'order.edi'])
    t.equal(it.store.count('head'), 0)
  },
)

t.test('a view’s own folder is as new as the mount, or what came since, and is never listed for that', async (t) => {
  const it = await filesystemWorld(t, { objects: { [`${folder}/7207/order.edi`]: 'an order' } })
  await it.names('/ACME/GLOBEX')
  it.store.calls.length = 0
  t.equal((await it.fs.getattr(inbox, never())).mtime, mountedAt)
  t.same(it.store.calls, [])
  it.store.set(`AS2/${folder}/7208/order.edi`, 'another', mountedAt + 7_000)
  await it.names(inbox)
  t.equal((await it.fs.getattr(inbox, never())).mtime, mountedAt + 7_000)
})

t.test('whatever a key looks like, its file is listed under a name by which it is found and read', async (t) => {
  const keys = [
    ...['a b', 'ü', '100%', 'a%2Fb', '.', '..', '-rf', "it's", '"', '\\', '\n', '\u0001', '😀', '$(reboot)', '*'],
    ...[
      'x'.repeat(300),
      `${'x'.repeat(299)}y`,
      'dir',
      'dir/file',
      'dir/',
      '/leading',
      'a//b',
      'e\u0301',
      '\u00e9',
      ' ',
    ],
  ]
  const objects = Object.fromEntries(keys.map((key) => [`${folder}/${key}`, `content of ${key}`]))
  const it = await filesystemWorld(t, { objects })
  const contents: string[] = []
  const walk = async (path: string): Promise<void> => {
    for (const entry of await it.list(path)) {
      const at = `${path}/${entry.name}`
      t.equal((await it.fs.getattr(at, never())).kind, entry.kind, at)
      t.ok(Buffer.byteLength(entry.name) <= 255)
      if (entry.kind === 'folder') await walk(at)
      else contents.push(await it.read(at))
    }
  }
  await walk(inbox)
  t.same(contents.sort(), Object.values(objects).sort())
})

t.test('what is opened is the version that it was, or an error', async (t) => {
  const it = await filesystemWorld(t, { objects: { [`${folder}/7207/order.edi`]: 'an order' } })
  const path = `${inbox}/7207/order.edi`
  const first = await it.fs.open(path, reading, never())
  t.match(first.content, { size: 8, version: /order\.edi/ })
  const again = await it.fs.open(path, reading, never())
  t.same(again.content, first.content)
  it.store.set(`AS2/${folder}/7207/order.edi`, 'longer than before', 6_000)
  t.equal(await outcome(it.fs.read(first.handle, 0, 100, never())), 'ESTALE')
  const second = await it.fs.open(path, reading, never())
  t.match(second.content, { size: 18 })
  t.not((second.content as { version: string }).version, (first.content as { version: string }).version)
  t.equal(Buffer.from(await it.fs.read(second.handle, 7, 4, never())).toString(), 'than')
  t.equal(Buffer.from(await it.fs.read(second.handle, 14, 100, never())).toString(), 'fore')
  t.equal(await outcome(it.fs.write(second.handle, Buffer.from('x'), 0, never())), 'EBADF')
  t.equal(await outcome(it.fs.ftruncate(second.handle, 0, never())), 'EINVAL')
  for (const { handle } of [first, again, second]) await it.fs.release(handle)
  t.equal(await outcome(it.fs.read(first.handle, 0, 1, never())), 'EBADF', 'released')
})

t.test('a folder may be told of as long as its listing is fresh, and the folders after it too', async (t) => {
  const objects = Object.fromEntries(['1', '2', '3'].map((it) => [`${folder}/${it}/order.edi`, it]))
  const it = await filesystemWorld(t, { objects, ttl: 5_000 })
  await it.names(inbox)
  const before = it.senders.clock.monotonic()
  const content = await it.fs.readdir(`${inbox}/1`, never())
  t.ok(content.freshUntil !== undefined && content.freshUntil <= before + 5_000 && content.freshUntil > before)
  const next = [...(content.following ?? [])].map(({ name, entries }) => [name, ...[...entries].map((it) => it.name)])
  t.same(next, [
    ['2', 'order.edi'],
    ['3', 'order.edi'],
  ])
  t.equal((await it.fs.readdir('/ACME/GLOBEX/send', never())).freshUntil, undefined, 'send/ may change any time')
})

t.test('failed/ is there where the bucket has it', async (t) => {
  const it = await filesystemWorld(t, {
    objects: { [`${folder}/7207/order.edi`]: '', 'files/ACME/INITECH/failed/1/order.edi': 'refused' },
  })
  t.notOk((await it.names('/ACME/GLOBEX')).includes('failed'))
  t.equal(await outcome(it.fs.getattr('/ACME/GLOBEX/failed', never())), 'ENOENT')
  t.ok((await it.names('/ACME/INITECH')).includes('failed'))
  t.equal(await it.read('/ACME/INITECH/failed/1/order.edi'), 'refused')
})

t.test(
  'whether failed/ is there is not known with keys that are refused; for keys that may not know it is not',
  async (t) => {
    for (const [fault, found] of [
      [keysRefused(), 'EACCES'],
      [unreachable(), 'EIO'],
      [accessDenied(), 'ENOENT'],
    ] as const) {
      const it = await filesystemWorld(t, { stations: [{ station: 'ACME', partner: 'GLOBEX' }] })
      it.bucketIs({ before: fault })
      t.equal(await outcome(it.fs.getattr('/ACME/GLOBEX/failed', never())), found)
      t.notOk((await it.names('/ACME/GLOBEX')).includes('failed'))
    }
  },
)

t.test('what is known goes on being shown while the bucket can’t be reached, as long as it may', async (t) => {
  const objects = { [`${folder}/7207/order.edi`]: 'an order' }
  const it = await filesystemWorld(t, { objects, staleTtl: 60_000 })
  t.same(await it.names(`${inbox}/7207`), ['order.edi'])
  it.bucketIs({ before: unreachable() })
  t.same(await it.names(`${inbox}/7207`), ['order.edi'])
  t.equal(await outcome(it.fs.readdir('/ACME/GLOBEX/outbox', never())), 'EIO', 'nothing is known of it')
  it.senders.clock.advance(61_000)
  t.equal(await outcome(it.fs.readdir(`${inbox}/7207`, never())), 'EIO')
})

t.test('who asks what nobody knows while the bucket hangs is let go by his own deadline', async (t) => {
  const it = await filesystemWorld(t, { objects: { [`${folder}/7207/order.edi`]: 'an order' } })
  await it.names('/ACME/GLOBEX')
  it.bucketIs({ hold: new Promise(() => undefined) })
  for (const call of [
    (signal: AbortSignal) => it.fs.readdir(inbox, signal),
    (signal: AbortSignal) => it.fs.getattr(`${inbox}/7207`, signal),
    (signal: AbortSignal) => it.fs.open(`${inbox}/7207/order.edi`, reading, signal),
  ]) {
    t.equal(await outcome(call(soon())), 'ETIMEDOUT')
  }
})

t.test('keys that may not list a view are told so', async (t) => {
  const it = await filesystemWorld(t, { objects: { [`${folder}/7207/order.edi`]: 'an order' } })
  await it.names('/ACME/GLOBEX')
  it.bucketIs({ before: accessDenied() })
  t.equal(await outcome(it.fs.readdir(inbox, never())), 'EACCES')
  t.equal(await outcome(it.fs.getattr(`${inbox}/7207`, never())), 'EACCES')
})

t.test('.as2fs has what the daemon tells of itself, made when it is opened, and all MDNs', async (t) => {
  const stations = [{ station: 'ACME', partner: 'GLOBEX' }]
  const it = await filesystemWorld(t, { stations, objects: { 'raw-mdn/incoming/ACME/GLOBEX/receipt': 'a receipt' } })
  t.same(await it.names('/.as2fs'), ['status.json', 'mdn'])
  t.same(JSON.parse(await it.read('/.as2fs/status.json')), { mounted: true })
  const { handle, content } = await it.fs.open('/.as2fs/status.json', reading, never())
  t.equal(content, 'rendered')
  await it.fs.release(handle)
  t.match(await it.fs.getattr('/.as2fs/status.json', never()), {
    kind: 'file',
    mode: 0o444,
    size: '{"mounted":true}\n'.length,
  })
  t.same(await it.names('/.as2fs/mdn'), ['incoming', 'outgoing'])
  t.equal(await it.read('/.as2fs/mdn/incoming/ACME/GLOBEX/receipt'), 'a receipt')
  t.equal(await it.read('/ACME/GLOBEX/mdn/incoming/receipt'), 'a receipt')
})
