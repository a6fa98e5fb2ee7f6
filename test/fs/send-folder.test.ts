/** A send/: what waits here and what is in the bucket as one folder; renames onto each kind of thing; and no bucket at all. */
import { mostContent } from '../../src/send/life/contents.js'
import t, { type Test } from 'tap'
import { filesystemWorld, outcome, type FilesystemOptions, type FilesystemWorld } from '../helpers/filesystem-world.js'
import { whileOpening } from '../helpers/held-open.js'
import { accessDenied, unreachable } from '../helpers/memory-store.js'
import { globex, never } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const send = '/ACME/GLOBEX/send'
const reading = { write: false, truncate: false }
const writing = { write: true, truncate: false }

/** Nothing leaves by itself. */
function world(t: Test, options: FilesystemOptions = {}): Promise<FilesystemWorld> {
  return filesystemWorld(t, { stations: [globex], sender: { settle: 60_000 }, ...options })
}

async function submit(it: FilesystemWorld, name: string): Promise<void> {
  await it.senders.sender.retry(it.senders.row(name)!.id, never())
  await it.senders.inState(name, 'submitted')
}

t.test('a file is as large as what is written to it, and as old as its last write, or as it is told', async (t) => {
  const it = await world(t)
  const before = it.senders.clock.now()
  const handle = await it.begin(`${send}/a.edi`, 'seven b')
  const written = await it.fs.getattr(`${send}/a.edi`, never())
  t.match(written, { kind: 'file', size: 7, mode: 0o644 })
  t.ok(written.mtime >= Math.floor(before))
  await it.fs.ftruncate(handle, 3, never())
  await it.fs.utimens(`${send}/a.edi`, { mtime: -5_000 }, never())
  await it.fs.utimens(`${send}/a.edi`, { mtime: undefined }, never())
  t.match(await it.fs.getattr(`${send}/a.edi`, never()), { size: 3, mtime: -5_000 })
  await it.close(handle)
  t.match(await it.fs.getattr(`${send}/a.edi`, never()), { size: 3, identity: written.identity })
})

t.test('a file stays the same under another name, and its archive of a folder is another', async (t) => {
  const it = await world(t)
  await it.write(`${send}/a.tmp`)
  const { identity } = await it.fs.getattr(`${send}/a.tmp`, never())
  t.type(identity, 'string')
  t.same(await it.fs.rename(`${send}/a.tmp`, `${send}/a.edi`, never()), { isPacked: false })
  t.equal((await it.fs.getattr(`${send}/a.edi`, never())).identity, identity)
  await it.fs.mkdir(`${send}/bundle`, never())
  await it.write(`${send}/bundle/b.edi`)
  t.same(await it.fs.rename(`${send}/bundle`, `${send}/bundle.zip`, never()), { isPacked: true })
  t.match(await it.fs.getattr(`${send}/bundle.zip`, never()), { kind: 'file', identity: String })
  t.equal(await outcome(it.fs.getattr(`${send}/bundle`, never())), 'ENOENT')
})

t.test('a file that is sent, or replaced, while it is opened to be read is the one that is there then', async (t) => {
  const it = await world(t)
  const opening = (name: string) => () => it.fs.open(`${send}/${name}`, reading, never())
  const content = async ({ handle }: { handle: number }): Promise<string> => {
    const bytes = await it.fs.read(handle, 0, 10, never())
    await it.fs.release(handle)
    return Buffer.from(bytes).toString().trimEnd()
  }
  // They are on disk.
  const large = (text: string): string => text.padEnd(mostContent + 1)
  await it.write(`${send}/sent.edi`, large('one'))
  t.equal(await content(await whileOpening(opening('sent.edi'), () => submit(it, 'sent.edi'))), 'one')
  await it.write(`${send}/replaced.edi`, large('former'))
  await it.write(`${send}/other.tmp`, large('latter'))
  const replace = () => it.fs.rename(`${send}/other.tmp`, `${send}/replaced.edi`, never())
  t.equal(await content(await whileOpening(opening('replaced.edi'), replace)), 'latter')
})

t.test('what waits here and what is in the bucket is one folder', async (t) => {
  const objects = { 'send/ACME/GLOBEX/theirs.edi': 'by another', 'send/ACME/GLOBEX/folder/deep.edi': 'deep' }
  const it = await world(t, { objects })
  await it.write(`${send}/ours.edi`)
  await it.fs.mkdir(`${send}/bundle`, never())
  const entries = (await it.list(send)).map(({ kind, name, mode }) => `${kind} ${name} ${mode.toString(8)}`)
  t.same(entries.sort(), ['file ours.edi 644', 'file theirs.edi 444', 'folder bundle 755', 'folder folder 555'])
  t.same(await it.names(`${send}/folder`), ['deep.edi'])
  t.same(await it.names(`${send}/bundle`), [])
  t.equal(await it.read(`${send}/theirs.edi`), 'by another')
  t.equal(await it.read(`${send}/ours.edi`), 'content')
})

t.test('what is submitted can be read until the gateway has taken it, and not be changed', async (t) => {
  const it = await world(t)
  await it.write(`${send}/a.edi`, 'an order')
  const { identity } = await it.fs.getattr(`${send}/a.edi`, never())
  await submit(it, 'a.edi')
  t.match(await it.fs.getattr(`${send}/a.edi`, never()), { mode: 0o444, size: 8, identity })
  t.equal(await it.read(`${send}/a.edi`), 'an order')
  t.equal(await outcome(it.fs.open(`${send}/a.edi`, writing, never())), 'EPERM')
  t.equal(await outcome(it.fs.unlink(`${send}/a.edi`, never())), 'EPERM')
  await it.fs.utimens(`${send}/a.edi`, { mtime: 5 }, never())
  const opened = await it.fs.open(`${send}/a.edi`, reading, never())
  it.senders.take('a.edi')
  // A look waits moments for the bucket, and shows then what is known: here that is a busy machine's matter.
  const isGone = async () => (await outcome(it.fs.getattr(`${send}/a.edi`, never()))) === 'ENOENT'
  await until('a look to be answered in time', isGone)
  t.same(await it.names(send), [])
  t.equal(await outcome(it.fs.open(`${send}/a.edi`, reading, never())), 'ENOENT')
  await it.fs.release(opened.handle)
})

t.test('a file is renamed onto each kind of thing', async (t) => {
  const it = await world(t, { objects: { 'send/ACME/GLOBEX/folder/deep': 'x' } })
  it.store.set('AS2/send/ACME/GLOBEX/theirs.edi', 'sent a moment ago')
  const from = async (to: string): Promise<string> => {
    if (!it.senders.row('from.tmp')) await it.write(`${send}/from.tmp`, 'from')
    return outcome(it.fs.rename(`${send}/from.tmp`, `${send}/${to}`, never()))
  }
  await it.fs.mkdir(`${send}/bundle`, never())
  await it.write(`${send}/queued.edi`, 'queued')
  await it.write(`${send}/held.tmp`, 'held')
  await it.write(`${send}/submitted.edi`, 'submitted')
  await submit(it, 'submitted.edi')
  const open = await it.begin(`${send}/open.edi`, 'open')

  await t.test('a file that waits, is held or is open goes', async (t) => {
    for (const name of ['new.edi', 'queued.edi', 'held.tmp', 'open.edi', 'bundle/member.edi']) {
      t.equal(await from(name), 'ok', name)
      t.equal(await it.read(`${send}/${name}`), 'from')
    }
  })
  await t.test('whoever has it open goes on with it', async (t) => {
    t.equal(Buffer.from(await it.fs.read(open, 0, 9, never())).toString(), 'open')
    await it.fs.write(open, Buffer.from('more'), 4, never())
    await it.close(open)
    t.equal(await it.read(`${send}/open.edi`), 'from')
  })
  await t.test('a folder stays, and what is in the bucket', async (t) => {
    const outcomes = { bundle: 'EISDIR', folder: 'EISDIR', 'submitted.edi': 'EEXIST', 'theirs.edi': 'EEXIST' }
    for (const [name, expected] of Object.entries(outcomes)) t.equal(await from(name), expected, name)
    t.equal(await from('nowhere/new.edi'), 'ENOENT')
    t.equal(await from(''), 'EISDIR', 'send/ itself')
    t.equal(await it.read(`${send}/from.tmp`), 'from')
  })
})

t.test('whoever has a file open that is removed goes on with it, and nothing of it is sent', async (t) => {
  const it = await world(t)
  const handle = await it.begin(`${send}/a.edi`, 'removed')
  const { identity = '' } = await it.fs.getattr(`${send}/a.edi`, never())
  await it.fs.unlink(`${send}/a.edi`, never())
  t.same(await it.names(send), [])
  t.same(it.senders.sender.allRows(), [])
  await it.fs.write(handle, Buffer.from(' and on'), 7, never())
  t.equal(it.fs.sizeOfOpen(identity), 14)
  await it.fs.fsync(handle, never())
  t.equal(Buffer.from(await it.fs.read(handle, 0, 99, never())).toString(), 'removed and on')
  await it.write(`${send}/a.edi`, 'another')
  await it.close(handle)
  t.equal(it.fs.sizeOfOpen(identity), undefined)
  t.equal(await it.read(`${send}/a.edi`), 'another')
  t.equal(it.senders.sender.allRows().length, 1)
})

t.test('folders', async (t) => {
  const it = await world(t)
  await it.fs.mkdir(`${send}/a`, never())
  await it.fs.mkdir(`${send}/a/b`, never())
  await it.write(`${send}/a/b/c.edi`)
  t.same(await it.names(`${send}/a`), ['b'])
  t.same(await it.names(`${send}/a/b`), ['c.edi'])
  t.equal(await outcome(it.fs.mkdir(`${send}/a`, never())), 'EEXIST')
  t.equal(await outcome(it.fs.mkdir(`${send}/x/y`, never())), 'ENOENT')
  t.equal(await outcome(it.fs.rmdir(`${send}/a`, never())), 'ENOTEMPTY')
  await it.fs.unlink(`${send}/a/b/c.edi`, never())
  await it.fs.rmdir(`${send}/a/b`, never())
  await it.fs.rmdir(`${send}/a`, never())
  t.same(await it.names(send), [])
})

t.test('names that can’t become keys are refused, others are kept as they are', async (t) => {
  const it = await world(t)
  for (const name of ['a b', 'ü.edi', "it's", '100%', '$(reboot)', '-rf', '😀']) await it.write(`${send}/${name}`)
  t.same((await it.names(send)).sort(), ['$(reboot)', '-rf', '100%', 'a b', "it's", 'ü.edi', '😀'].sort())
  for (const name of ['a\nb', 'a\u0001b', 'a\u007fb'])
    t.not(await outcome(it.fs.create(`${send}/${name}`, never())), 'ok')
  t.equal(await outcome(it.fs.create(`${send}/${'x'.repeat(256)}`, never())), 'ENAMETOOLONG')
})

t.test('nothing here waits for a bucket that hangs, is gone, or lets nobody list it', async (t) => {
  const faults = {
    hangs: { hold: new Promise(() => undefined) },
    'can’t be reached': { before: unreachable() },
    denies: { before: accessDenied() },
  }
  for (const [what, fault] of Object.entries(faults)) {
    await t.test(what, async (t) => {
      const it = await world(t)
      await it.write(`${send}/before.tmp`)
      it.bucketIs(fault)
      await it.write(`${send}/a.tmp`)
      await it.fs.rename(`${send}/a.tmp`, `${send}/b.tmp`, never())
      await it.fs.mkdir(`${send}/bundle`, never())
      await it.write(`${send}/bundle/c.edi`)
      t.same((await it.names(send)).sort(), ['b.tmp', 'before.tmp', 'bundle'])
      t.equal((await it.fs.getattr(`${send}/b.tmp`, never())).size, 7)
      await t.rejects(it.fs.getattr(`${send}/none`, never()), { code: 'ENOENT', isLasting: true })
      await it.fs.unlink(`${send}/b.tmp`, never())
      t.equal(await it.read(`${send}/before.tmp`), 'content')
    })
  }
})
