/** A journal that can't be read whole: nothing is sent twice for it, and the rest goes on. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { globex, never, path, littleRoom, senderWorld, type SenderWorld } from '../helpers/sender-world.js'

const settle = 3_600_000

/** Makes lines unreadable. */
function spoil(directory: string, isBad: (line: string) => boolean): void {
  const file = join(directory, 'journal')
  const lines = readFileSync(file, 'utf8').split('\n')
  writeFileSync(file, lines.map((line) => (isBad(line) ? line.replace('"id"', '"iq"') : line)).join('\n'))
}

async function sent(world: SenderWorld, name: string): Promise<void> {
  await world.sender.retry(world.row(name)!.id, never())
  await world.inState(name, 'submitted')
}

t.test('that a file was sent can’t be read, that it was queued can: it is looked for, not sent again', async (t) => {
  for (const hasData of [true, false]) {
    const world = await senderWorld(t, { settle, room: littleRoom })
    await world.write('order.edi', 'order')
    await world.write('other.edi', 'other')
    const { id } = world.row('order.edi')!
    const kept = join(t.testdir(), id)
    cpSync(join(world.directory, 'data', id), kept)
    await sent(world, 'order.edi')
    world.take('order.edi')
    await world.restart((directory) => {
      spoil(directory, (line) => line.includes(id) && /"(uploading|submitted|gone)"/.test(line))
      // The data went after what can't be read now was written; the disk may know of neither.
      if (hasData) cpSync(kept, join(directory, 'data', id))
    })
    t.ok(
      readdirSync(world.directory).some((it) => it.startsWith('journal.damaged-')),
      'put aside',
    )
    for (const { id: waiting } of world.sender.allRows())
      await world.sender.retry(waiting, never()).catch(() => undefined)
    await world.settled()
    t.equal(world.puts('order.edi'), 1, hasData ? 'the data was there still' : 'the data was gone')
    t.equal(world.puts('other.edi'), 1, 'the rest goes on')
  }
})

t.test('the same of a small one whose content can be read there', async (t) => {
  const world = await senderWorld(t, { settle })
  await world.write('order.edi', 'order')
  const { id } = world.row('order.edi')!
  await sent(world, 'order.edi')
  world.take('order.edi')
  await world.restart((directory) => {
    spoil(directory, (line) => line.includes(id) && /"(uploading|submitted|gone)"/.test(line))
  })
  await world.sender.retry(id, never()).catch(() => undefined)
  await world.settled()
  t.equal(world.puts('order.edi'), 1)
})

t.test('cut off between two lines: what it had of others may be gone, which is said', async (t) => {
  const world = await senderWorld(t, { settle })
  for (const name of ['one.edi', 'two.edi', 'three.edi']) await world.write(name, name)
  await world.restart((directory) => {
    const journal = join(directory, 'journal')
    const bytes = readFileSync(journal)
    // Behind the line that has what is in the first.
    truncateSync(journal, bytes.indexOf(10, bytes.indexOf('"contents"')) + 1)
  })
  t.ok(
    readdirSync(world.directory).some((it) => it.startsWith('journal.damaged-')),
    'put aside',
  )
  // That nobody wrote to it after its last close may have been among what is gone.
  t.match(world.row('one.edi'), { state: 'held', reason: 'crash' })
  await world.sender.releaseHeld(world.row('one.edi')!.id, never())
  await world.inState('one.edi', 'submitted')
  t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/one.edi')?.toString(), 'one.edi')
})

t.test('what was sent may have been held before: it is looked for when it is released', async (t) => {
  const world = await senderWorld(t, { settle, room: littleRoom })
  await world.write('.order.tmp', 'order')
  const { id } = world.row('.order.tmp')!
  world.store.set('AS2/files/ACME/GLOBEX/outbox/1/.order.tmp', 'order')
  await world.write('other.edi', 'other')
  await world.write('third.edi', 'third')
  const other = world.row('other.edi')!.id
  await world.restart((directory) => spoil(directory, (line) => line.includes(other)))
  await t.rejects(world.sender.rename(globex, path('.order.tmp'), path('order.edi'), never()), { code: 'EBUSY' })
  await world.sender.releaseHeld(id, never())
  await world.inState('.order.tmp', 'submitted')
  t.equal(world.store.count('put'), 0)
  t.equal(world.row('third.edi')?.state, 'queued')
  t.ok(existsSync(join(world.directory, 'lost+found', other)), 'data that is not known any more is kept')
  t.same(world.row('other.edi'), undefined, 'and not sent')
})

t.test('nothing of it can be read, or it is not there: all data is put aside, and new files are sent', async (t) => {
  const damages: Readonly<Record<string, (journal: string) => void>> = {
    noise: (journal) => writeFileSync(journal, Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256))),
    zeros: (journal) => writeFileSync(journal, Buffer.alloc(10_000)),
    emptied: (journal) => writeFileSync(journal, ''),
    deleted: (journal) => rmSync(journal),
  }
  for (const [what, damage] of Object.entries(damages)) {
    const world = await senderWorld(t, { settle, room: littleRoom })
    await world.write('order.edi', 'order')
    const { id } = world.row('order.edi')!
    await world.restart((directory) => damage(join(directory, 'journal')))
    t.equal(readFileSync(join(world.directory, 'lost+found', id), 'utf8'), 'order', what)
    t.same(world.sender.allRows(), [])
    await world.write('next.edi', 'next')
    await sent(world, 'next.edi')
    t.equal(world.store.puts.length, 1)
  }
})

t.test('a crash while it is made anew leaves the old one or the new one', async (t) => {
  const world = await senderWorld(t, { settle })
  await world.write('order.edi', 'order')
  await world.restart((directory) => writeFileSync(join(directory, 'journal.new'), 'half a journ'))
  t.equal(world.row('order.edi')?.state, 'queued')
  await sent(world, 'order.edi')
  t.equal(world.puts('order.edi'), 1)
})
