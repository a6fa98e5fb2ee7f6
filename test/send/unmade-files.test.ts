/** Small files that are never made on disk, as the journal has them: when they are, and that nothing is left of what nobody needs. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Close, OpenSpoolFile } from '../../src/send/sender.js'
import { AmpleRoom } from '../../src/send/disk/ample-room.js'
import { Descriptors } from '../../src/send/disk/descriptors.js'
import { Spool } from '../../src/send/disk/spool.js'
import { mostContent } from '../../src/send/life/contents.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { badDisk } from '../helpers/bad-disk.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const last: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const notLast: Close = { closed: async () => ({ isLast: false, killedBy: undefined }) }
const settle = 3_600_000
const room = { isAmple: true, failed: () => undefined, look: async () => undefined }

const dataOf = (world: SenderWorld): readonly string[] => readdirSync(join(world.directory, 'data'))
const content = (world: SenderWorld, id: string): string => readFileSync(join(world.directory, 'data', id), 'utf8')
const create = ({ sender }: SenderWorld, name = 'order.edi'): Promise<OpenSpoolFile> =>
  sender.create(globex, path(name), never())
const write = (file: OpenSpoolFile, text: string | Buffer, at = 0): Promise<number> =>
  file.write(Buffer.from(text), at, never())

async function close(file: OpenSpoolFile, how = last): Promise<void> {
  await file.flush(how, never())
  await file.release()
}

async function spoolOf(directory: string): Promise<Spool> {
  const log = silentLogger()
  return Spool.open({ directory, descriptors: new Descriptors(1_000, log), room, log })
}

t.test('one that is written, closed and sent is never made', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'ISA')
  await write(file, '*00*', 3)
  t.equal(Buffer.from(await file.read(1, 3)).toString(), 'SA*')
  await close(file)
  t.match(world.row('order.edi'), { state: 'queued', size: 7 })
  t.same(dataOf(world), [])
  await world.sender.retry(file.id, never())
  await world.inState('order.edi', 'submitted')
  t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'ISA*00*')
  t.same(dataOf(world), [])
})

const needs: Readonly<Record<string, (file: OpenSpoolFile) => Promise<unknown>>> = {
  'is written to behind its end': (file) => write(file, 'x', 10),
  'becomes large': (file) => write(file, Buffer.alloc(mostContent, 'x'), 3),
  'is synced': (file) => file.fsync(never()),
  'is cut': (file) => file.truncate(2, never()),
}

for (const [what, need] of Object.entries(needs)) {
  t.test(`one that ${what} is made, with what it holds`, async (t) => {
    const world = await senderWorld(t, { settle, room })
    const file = await create(world)
    await write(file, 'ISA')
    await need(file)
    t.same(dataOf(world), [file.id])
    t.match(content(world, file.id), /^IS/)
    await close(file)
    t.equal(content(world, file.id).length, world.row('order.edi')?.size)
  })
}

t.test('a second writer has it made: what either has written outlives the process', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const one = await create(world)
  await write(one, 'one')
  const two = await world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
  await write(two, ' and two', 3)
  await world.restart()
  t.match(world.row('order.edi'), { state: 'held', reason: 'crash', size: 11 })
  t.equal(content(world, one.id), 'one and two')
})

t.test('one that is removed while it is read and written is read and written to its end', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'order')
  await close(file)
  const [reading, writing] = await Promise.all(
    [false, true].map((isWritten) =>
      world.sender.open(globex, path('order.edi'), { write: isWritten, truncate: false }, never()),
    ),
  )
  await world.sender.unlink(globex, path('order.edi'), never())
  await write(writing!, 'ORDER')
  t.equal(Buffer.from(await reading!.read(0, 10)).toString(), 'ORDER')
  await close(writing!)
  await reading!.release()
  t.same(dataOf(world), [])
})

t.test('one that is cut to nothing, and written anew, need not be', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'first version')
  await file.truncate(0, never())
  await write(file, 'second')
  await close(file)
  t.same(dataOf(world), [])
  await world.restart()
  await world.sender.retry(file.id, never())
  await world.inState('order.edi', 'submitted')
  t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'second')
})

t.test('one that stays open is made in a while, and outlives the process', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'half')
  t.same(dataOf(world), [])
  await until('it to be made', () => dataOf(world).length === 1 && content(world, file.id) === 'half')
  await write(file, ' and half', 4)
  await world.restart()
  t.match(world.row('order.edi'), { state: 'held', reason: 'crash', size: 13 })
  t.equal(content(world, file.id), 'half and half')
})

t.test('one that is open as the sender ends is made', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'half')
  await world.sender.close()
  t.equal(content(world, file.id), 'half')
})

t.test('one that waits is on disk by itself in a while', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'order')
  await close(file)
  t.same(dataOf(world), [])
  await until('it to be made', () => dataOf(world).length === 1 && content(world, file.id) === 'order', 30_000)
})

t.test('one that waits is read on a full disk, too', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'order')
  await close(file)
  disk.fail(['write'], 'ENOSPC', world.directory)
  const reading = await world.sender.open(globex, path('order.edi'), { write: false, truncate: false }, never())
  t.equal(Buffer.from(await reading.read(1, 100)).toString(), 'rder')
  disk.heal()
  await t.test('and its reader sees what is written to it', async (t) => {
    const again = await world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
    t.equal(Buffer.from(await reading.read(0, 100)).toString(), 'order')
    await write(again, 'OR')
    t.equal(Buffer.from(await reading.read(0, 100)).toString(), 'ORder')
    await close(again)
    await reading.release()
    await world.sender.retry(file.id, never())
    await world.inState('order.edi', 'submitted')
    t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'ORder')
    await until('it to be gone', () => dataOf(world).length === 0)
  })
})

t.test('one that waits is made for whoever writes to it, and goes when it was sent', async (t) => {
  for (const isWritten of [false, true]) {
    const world = await senderWorld(t, { settle, room })
    const file = await create(world)
    await write(file, 'order')
    await close(file)
    const again = await world.sender.open(globex, path('order.edi'), { write: isWritten, truncate: false }, never())
    t.equal(Buffer.from(await again.read(0, 100)).toString(), 'order')
    t.same(dataOf(world), isWritten ? [file.id] : [])
    if (isWritten) await write(again, ' and more', 5)
    await close(again)
    await world.sender.retry(file.id, never())
    await world.inState('order.edi', 'submitted')
    t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), isWritten ? 'order and more' : 'order')
    await until('it to be gone', () => dataOf(world).length === 0)
  }
})

t.test('one that was removed while it was open leaves nothing, whatever is written to it', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'half')
  await world.sender.unlink(globex, path('order.edi'), never())
  await write(file, Buffer.alloc(2 * mostContent), 4)
  await close(file)
  t.same(dataOf(world), [])
})

t.test('where it can’t be put down at all, its data is lost, and never sent', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, 'order')
  disk.fail(['write'], 'ENOSPC', world.directory)
  await t.rejects(file.flush(last, never()), { code: 'ENOSPC' })
  await file.release()
  disk.heal()
  await until('that to be known', () => world.row('order.edi')?.state === 'failed')
  t.match(world.row('order.edi'), { error: /not complete/ })
  t.same(dataOf(world), [])
  await world.restart()
  t.match(world.row('order.edi'), { state: 'failed' })
  t.equal(world.store.count('put'), 0)
})

t.test(
  'one of its descriptors is closed, and written through another: a crash leaves what was there at the close',
  async (t) => {
    const world = await senderWorld(t, { settle, room })
    const file = await create(world)
    await write(file, 'one')
    await file.flush(notLast, never())
    await write(file, ' and two', 3)
    await world.restart()
    t.match(world.row('order.edi'), { state: 'held', reason: 'crash', size: 3 })
    await world.sender.releaseHeld(file.id, never())
    await world.inState('order.edi', 'submitted')
    t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'one')
  },
)

t.test('it is removed in the moment in which it is made', async (t) => {
  const directory = t.testdir()
  const spool = await spoolOf(directory)
  const names = (): readonly string[] => readdirSync(join(directory, 'data'))
  for (let turns = 0; turns < 30; turns += 1) {
    const [open, closed] = [`open-${turns}`, `closed-${turns}`]
    const file = await spool.create(open)
    await file.write(Buffer.from('order'), 0)
    const other = await spool.create(closed)
    spool.contents.note({ contents: { [closed]: 'b3JkZXI=' } })
    await other.close()
    const making = [file.made(), spool.settle([closed])]
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    if (turns > 20) await new Promise(setImmediate)
    await Promise.all([...making, spool.remove(open), spool.remove(closed)])
    await file.close()
    t.same(names(), [], `after ${turns} turns`)
  }
  await spool.close()
})

t.test('it is closed in the moment in which it is made: it is whole, or not there', async (t) => {
  const directory = t.testdir()
  const spool = await spoolOf(directory)
  for (let turns = 0; turns < 10; turns += 1) {
    const id = String(turns)
    const file = await spool.create(id)
    await file.write(Buffer.from('order'), 0)
    spool.contents.note({ contents: { [id]: 'b3JkZXI=' } })
    const closed = file.close()
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve()
    await Promise.all([closed, file.made().catch(() => undefined), file.sync().catch(() => undefined)])
    t.equal(await spool.size(id), 5)
    t.same((await spool.stream(id, { start: 0, end: 5 }).toArray()).join(''), 'order')
  }
  t.same(readdirSync(join(directory, 'data')), [])
  await spool.close()
})

t.test('whether there is room is known of a moment ago only, and not where somebody found none', async (t) => {
  let now = 0
  const room = new AmpleRoom(t.testdir(), () => now)
  t.equal(room.isAmple, false, 'nobody has looked')
  await room.look()
  t.equal(room.isAmple, true)
  now = 10_000
  t.equal(room.isAmple, false)
  await room.look()
  t.equal(room.isAmple, true, 'it was looked for')
  room.failed()
  t.equal(room.isAmple, false)
  now += 61_000
  await room.look()
  t.equal(room.isAmple, true)
  const nowhere = new AmpleRoom('/nowhere', () => now)
  await nowhere.look()
  t.equal(nowhere.isAmple, false)
})

t.test('one that becomes large at once is not in the spool before the journal has its name', async (t) => {
  const world = await senderWorld(t, { settle, room })
  const file = await create(world)
  await write(file, Buffer.alloc(mostContent + 1))
  t.same(dataOf(world), [file.id])
  t.match(readFileSync(join(world.directory, 'journal'), 'utf8'), file.id)
})

t.test('where its name can’t be written down, whoever closes it is told, and it is never sent', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle, room })
  disk.fail(['write'], 'EIO', '/journal')
  const file = await create(world)
  await write(file, 'order')
  await t.rejects(file.flush(last, never()), { code: 'EIO' })
  await file.release()
  await t.rejects(create(world, 'next.edi'), { code: 'EIO' }, 'nor is another one made')
  disk.heal()
  await until('that to be known', () => world.row('order.edi')?.state === 'failed')
  await world.restart()
  t.match(world.row('order.edi'), { state: 'failed' })
  t.equal(world.store.count('put'), 0)
  t.same(dataOf(world), [])
})
