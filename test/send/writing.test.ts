/** From the first write to the last close, without a kernel: whose close decides, what is lost, what a crash finds then. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { SenderOptions } from '../../src/send/create-sender.js'
import type { Close, OpenSpoolFile } from '../../src/send/sender.js'
import { mostContent } from '../../src/send/life/contents.js'
import { badDisk } from '../helpers/bad-disk.js'
import { whileOpening } from '../helpers/held-open.js'
import { globex, never, path, littleRoom, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const last: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const oneOfSeveral: Close = { closed: async () => ({ isLast: false, killedBy: undefined }) }
const killed: Close = { closed: async () => ({ isLast: true, killedBy: 'SIGTERM' }) }

/** What is queued stays queued. */
const waiting = (t: Test, options: Partial<SenderOptions> = {}): Promise<SenderWorld> =>
  senderWorld(t, { settle: 3_600_000, ...options })
/** Of files that are on disk from the beginning. */
const onDisk = { room: littleRoom }
const create = (world: SenderWorld): Promise<OpenSpoolFile> => world.sender.create(globex, path('order.edi'), never())
const open = (world: SenderWorld, truncate = false): Promise<OpenSpoolFile> =>
  world.sender.open(globex, path('order.edi'), { write: true, truncate }, never())
const write = (file: OpenSpoolFile, text: string, at = 0): Promise<number> => file.write(Buffer.from(text), at, never())
const row = (world: SenderWorld) => world.row('order.edi')
const content = (world: SenderWorld): string => readFileSync(join(world.directory, 'data', row(world)!.id), 'utf8')

/** As a crash at this moment would leave it. */
async function afterCrash(world: SenderWorld): Promise<Partial<ReturnType<typeof row>>> {
  await world.restart()
  return row(world)
}

t.test('of several handles the last writer’s release decides, readers or not', async (t) => {
  const world = await waiting(t)
  const first = await create(world)
  const second = await open(world)
  const reader = await world.sender.open(globex, path('order.edi'), { write: false, truncate: false }, never())
  await write(first, 'one ')
  await write(second, 'two', 4)
  await first.flush(last, never())
  await first.release()
  t.match(row(world), { state: 'open', size: 7 })
  t.equal(Buffer.from(await reader.read(0, 100)).toString(), 'one two')
  await second.flush(last, never())
  t.equal(row(world)?.state, 'open')
  await second.release()
  t.match(row(world), { state: 'queued', size: 7 })
  await t.rejects(write(reader, 'x'), { code: 'EBADF' })
  await t.rejects(reader.truncate(0, never()), { code: 'EBADF' })
  await reader.flush(last, never())
  await reader.release()
  t.match(row(world), { state: 'queued', size: 7 })
})

t.test('closes of dup’ed descriptors change nothing until the last of them', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  for (const close of [oneOfSeveral, oneOfSeveral]) {
    await file.flush(close, never())
    t.equal(row(world)?.state, 'open')
  }
  t.match(await afterCrash(world), { state: 'held', reason: 'crash' })
})

t.test('all flushed and the release not yet there: a crash then does not lose it', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(last, never())
  t.equal(row(world)?.state, 'open')
  t.match(await afterCrash(world), { state: 'queued', size: 5 })
})

t.test('a release that does not come after the last close: somebody unseen has it, and a crash holds it', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(last, never())
  const journal = (): string => readFileSync(join(world.directory, 'journal'), 'utf8').replace(/\0+$/, '')
  const before = journal().length
  await until('that to be written down', () => journal().length > before)
  t.match(await afterCrash(world), { state: 'held', reason: 'crash' })
})

t.test('a release without a flush takes what was written', async (t) => {
  const world = await senderWorld(t)
  const file = await create(world)
  await write(file, 'order')
  await file.release()
  await world.inState('order.edi', 'submitted')
  t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'order')
})

t.test('who writes after the last close has it open still: a crash holds it, its release sends all', async (t) => {
  for (const isCrashed of [true, false]) {
    const world = await waiting(t)
    const file = await create(world)
    await write(file, 'order')
    await file.flush(last, never())
    await write(file, ' and more', 5)
    if (isCrashed) {
      t.match(await afterCrash(world), { state: 'held', reason: 'crash' })
    } else {
      await file.release()
      t.match(row(world), { state: 'queued', size: 14 })
    }
  }
})

t.test('opened for writing and closed without a write, it is what it was', async (t) => {
  const world = await waiting(t)
  await world.write('order.edi', 'order')
  const before = row(world)
  const file = await open(world)
  t.equal(row(world)?.state, 'open')
  await file.flush(last, never())
  await file.release()
  t.match(row(world), { state: 'queued', closedAt: before?.closedAt, size: 5 })
  await t.test('opened to be cut, it is written anew, and empty ones are held', async (t) => {
    const cut = await open(world, true)
    await cut.flush(last, never())
    await cut.release()
    t.match(row(world), { state: 'held', reason: 'empty' })
  })
})

t.test('a writer that was killed: held, until it is cut to nothing and written again', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'half')
  await file.flush(killed, never())
  await file.release()
  t.match(row(world), { state: 'held', reason: 'killed', error: /SIGTERM/ })
  const again = await open(world)
  await again.flush(last, never())
  await again.release()
  t.match(row(world), { state: 'held', reason: 'killed' }, 'opened and closed')
  const anew = await open(world, true)
  await write(anew, 'whole')
  await anew.flush(last, never())
  await anew.release()
  t.equal(row(world)?.state, 'queued')
})

t.test('a release waits until it is known how its closes were done', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'half')
  await file.fsync(never())
  let answer: () => void = () => undefined
  const known = new Promise<void>((resolve) => (answer = resolve))
  const flushed = file.flush({ closed: () => known.then(() => killed.closed()) }, never())
  const released = file.release()
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(row(world)?.state, 'open')
  answer()
  await Promise.all([flushed, released])
  t.match(row(world), { state: 'held', reason: 'killed' })
})

t.test('a write that failed: every later one and the close fail as it did, and it is never sent', async (t) => {
  const disk = await badDisk(t)
  for (const code of ['EIO', 'ENOSPC'] as const) {
    const world = await waiting(t, onDisk)
    const file = await create(world)
    await write(file, 'order')
    disk.fail(['write'], code, '/data/')
    await t.rejects(write(file, 'more', 5), { code })
    disk.heal()
    await t.rejects(write(file, 'more', 5), { code })
    await t.rejects(file.truncate(3, never()), { code })
    await t.rejects(file.flush(last, never()), { code })
    await file.release()
    t.match(row(world), { state: 'failed', error: /^It is not complete\./ }, code)
    t.match(await afterCrash(world), { state: 'failed' })
  }
})

t.test('a crash after a failed write, before the close: failed', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t, onDisk)
  const file = await create(world)
  disk.fail(['write'], 'EIO', '/data/')
  await t.rejects(write(file, 'order'), { code: 'EIO' })
  disk.heal()
  await until('it to be written down', () =>
    readFileSync(join(world.directory, 'journal'), 'utf8').includes('It is not complete'),
  )
  t.match(await afterCrash(world), { state: 'failed', error: /not complete/ })
})

t.test('what was lost is not in it any more once it is cut to nothing', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t, onDisk)
  const file = await create(world)
  disk.fail(['write'], 'EIO', '/data/')
  await t.rejects(write(file, 'order'), { code: 'EIO' })
  disk.heal()
  await file.truncate(0, never())
  await write(file, 'whole')
  await file.flush(last, never())
  await file.release()
  t.match(row(world), { state: 'queued', size: 5, error: undefined })
  t.equal(content(world), 'whole')
})

t.test('a sync that fails at the close is damage, too', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order'.padEnd(mostContent + 1))
  disk.fail(['datasync'], 'EIO', '/data/')
  await t.rejects(file.flush(last, never()), { code: 'EIO' })
  disk.heal()
  // What the disk has of it nobody knows: the next sync may well succeed.
  await t.rejects(write(file, 'more', 5), { code: 'EIO' })
  await t.rejects(file.flush(last, never()), { code: 'EIO' })
  await file.release()
  t.equal(row(world)?.state, 'failed')
})

t.test('a file that waited, and the first write to it fails: it does not go back to where it was', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t)
  await world.write('order.edi', 'order')
  const file = await open(world)
  disk.fail(['write'], 'EIO', '/data/')
  await t.rejects(write(file, 'ORDER'), { code: 'EIO' })
  disk.heal()
  await file.release()
  t.equal(row(world)?.state, 'failed')
})

t.test(
  'a close that was not answered in time was told as failed: it is never sent, though it is done later',
  async (t) => {
    const world = await waiting(t)
    const file = await create(world)
    await write(file, 'order')
    const deadline = new AbortController()
    let answer: () => void = () => undefined
    const known = new Promise<void>((resolve) => (answer = resolve))
    const slow: Close = { closed: () => known.then(() => ({ isLast: true, killedBy: undefined })) }
    const flushed = file.flush(slow, deadline.signal)
    deadline.abort()
    answer()
    await flushed
    await file.release()
    t.match(row(world), { state: 'failed', error: /not answered in time/ })
  },
)

t.test('a truncate for which there is no room changes nothing', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  disk.fail(['truncate'], 'ENOSPC', '/data/')
  await t.rejects(file.truncate(1_000_000, never()), { code: 'ENOSPC' })
  disk.heal()
  await t.rejects(file.truncate(6 * 1024 ** 4, never()), { code: 'EFBIG' })
  await write(file, 's', 5)
  await file.flush(last, never())
  await file.release()
  t.match(row(world), { state: 'queued', size: 6 })
})

t.test('a journal that can’t be written at the last close: it is queued when that works again', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(last, never())
  disk.fail(['write', 'datasync'], 'EIO', '/journal')
  await file.release()
  t.equal(row(world)?.state, 'open')
  disk.heal()
  await world.inState('order.edi', 'submitted')
  t.equal(world.puts('order.edi'), 1)
})

t.test('opened again before that is written down, the writing goes on: nothing of it is forgotten', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(last, never())
  disk.fail(['write', 'datasync'], 'EIO', '/journal')
  await file.release()
  const again = await open(world)
  disk.heal()
  // Longer than the journal takes to heal: who has it open keeps it open.
  await until('the journal to work', () => world.sender.problems().length === 0)
  t.equal(row(world)?.state, 'open')
  await again.flush(last, never())
  await again.release()
  t.match(row(world), { state: 'queued', size: 5 }, 'judged as changed, though this one wrote nothing')
})

t.test('the same of one that waited before: closed unchanged twice, it goes back to where it was', async (t) => {
  const disk = await badDisk(t)
  const world = await waiting(t)
  await world.write('order.edi', 'order')
  const { closedAt } = row(world)!
  const file = await open(world)
  await file.flush(last, never())
  disk.fail(['write', 'datasync'], 'EIO', '/journal')
  await file.release()
  t.equal(row(world)?.state, 'open')
  const again = await open(world)
  await again.release()
  disk.heal()
  await until('it to be queued', () => row(world)?.state === 'queued')
  t.equal(row(world)?.closedAt, closedAt)
})

t.test('after its end it hears no more of the kernel: what is complete is queued by the next start', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(last, never())
  await world.sender.close()
  await world.sender.callsEnded()
  t.same(world.sender.problems(), [])
  await world.start()
  t.match(row(world), { state: 'queued', size: 5 })
})

t.test('many open it at the same time, and close it at once: each of them can read it', async (t) => {
  const world = await waiting(t)
  await world.write('order.edi', 'order')
  const reader = async (): Promise<string> => {
    const file = await world.sender.open(globex, path('order.edi'), { write: false, truncate: false }, never())
    const bytes = await file.read(0, 10)
    await file.release()
    return Buffer.from(bytes).toString()
  }
  for (let round = 0; round < 10; round += 1) {
    const read = await Promise.all(Array.from({ length: 20 }, reader))
    t.same([...new Set(read)], ['order'])
  }
})

t.test('one that is removed while it is opened to be read is not there: nothing is wrong with the disk', async (t) => {
  const world = await waiting(t, onDisk)
  await world.write('order.edi', 'order')
  const opening = whileOpening(
    () => world.sender.open(globex, path('order.edi'), { write: false, truncate: false }, never()),
    () => world.sender.unlink(globex, path('order.edi'), never()),
  )
  await t.rejects(opening, { code: 'ENOENT' })
})

t.test('a rename to the name that it has changes nothing', async (t) => {
  const world = await waiting(t, onDisk)
  await world.write('order.edi', 'order')
  const before = row(world)
  await world.sender.rename(globex, path('order.edi'), path('order.edi'), never())
  // When it is due is reckoned from how long that is yet.
  t.same({ ...row(world), nextTryAt: 0 }, { ...before, nextTryAt: 0 })
  t.equal(content(world), 'order')
  const file = await open(world)
  await world.sender.rename(globex, path('order.edi'), path('order.edi'), never())
  await write(file, 'again')
  await file.flush(last, never())
  await file.release()
  t.match(row(world), { state: 'queued', size: 5 })
  t.equal(content(world), 'again')
  await t.rejects(world.sender.rename(globex, path('none.edi'), path('none.edi'), never()), { code: 'ENOENT' })
})

t.test(
  'after the kernel’s last call, a file whose release never came is closed if nobody was seen to have it open',
  async (t) => {
    const world = await waiting(t)
    const file = await create(world)
    await write(file, 'order')
    await file.flush(last, never())
    const other = await world.sender.create(globex, path('half.edi'), never())
    await write(other, 'half')
    await other.flush(oneOfSeveral, never())
    await world.sender.callsEnded()
    t.equal(row(world)?.state, 'queued')
    t.equal(world.row('half.edi')?.state, 'open', 'one that somebody has open may be only half of it')
    await file.release()
    t.equal(row(world)?.state, 'queued')
  },
)

t.test('after the unmount, a file whose release never came is closed if it was flushed', async (t) => {
  const world = await waiting(t)
  const file = await create(world)
  await write(file, 'order')
  await file.flush(oneOfSeveral, never())
  const unfinished = await world.sender.create(globex, path('half.edi'), never())
  await write(unfinished, 'half')
  await world.sender.mountEnded(true)
  t.equal(row(world)?.state, 'queued')
  t.equal(world.row('half.edi')?.state, 'open', 'as nobody closed it')
})
