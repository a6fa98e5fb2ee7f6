/** Small files whose contents stand in the journal: what a power loss takes of them is written anew, and what is in the journal stays little. */
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseJournal } from '../../src/journal/lines.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import { mostContent } from '../../src/send/life/contents.js'
import { readWaiting } from '../../src/send/waiting.js'
import type { Close, Sender } from '../../src/send/sender.js'
import type { Prefix } from '../../src/units.js'
import { badDisk } from '../helpers/bad-disk.js'
import { globex, littleRoom, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const last: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const settle = 3_600_000

/** @returns its id */
async function sent(sender: Sender, name: string, content: string | Buffer): Promise<string> {
  const file = await sender.create(globex, path(name), never())
  await file.write(Buffer.from(content), 0, never())
  await file.flush(last, never())
  await file.release()
  return file.id
}

function entriesOf(world: SenderWorld): readonly JournalEntry[] {
  return parseJournal<JournalEntry>(readFileSync(join(world.directory, 'journal'), 'utf8')).entries
}

function keptIn(world: SenderWorld): readonly string[] {
  return entriesOf(world).flatMap((it) => Object.keys(it.contents ?? {}))
}

/** As it is sent. */
async function contentOf({ sender }: SenderWorld, name: string): Promise<string> {
  const file = await sender.open(globex, path(name), { write: false, truncate: false }, never())
  try {
    return Buffer.from(await file.read(0, 2 * mostContent)).toString()
  } finally {
    await file.release()
  }
}

/** What a power loss may leave of a file that was made, and never synced. */
const losses: Readonly<Record<string, (file: string) => void>> = {
  'its name': (file) => rmSync(file),
  'all of it': (file) => truncateSync(file),
  'the end of it': (file) => truncateSync(file, 2),
  'its bytes': (file) => writeFileSync(file, Buffer.alloc(statSync(file).size)),
  nothing: () => undefined,
}

for (const [what, lose] of Object.entries(losses)) {
  t.test(`a power loss that takes ${what} takes nothing`, async (t) => {
    const world = await senderWorld(t, { settle, room: littleRoom })
    const id = await sent(world.sender, 'order.edi', 'ISA*00*')
    t.same(keptIn(world), [id])
    world.cutOff((directory) => lose(join(directory, 'data', id)))
    const seen = await readWaiting(world.directory, 'AS2/' as Prefix)
    t.match(seen, [{ state: 'queued', size: 7 }], 'so it is seen without a mount')
    await world.start()
    t.match(world.row('order.edi'), { state: 'queued', size: 7 })
    t.same(keptIn(world), what === 'its name' ? [id] : [], 'where it was there, it is on disk by itself from then on')
    t.equal(await contentOf(world, 'order.edi'), 'ISA*00*')
    if (what !== 'its name') t.equal(readFileSync(join(world.directory, 'data', id), 'utf8'), 'ISA*00*')
    await world.sender.retry(id, never())
    await world.inState('order.edi', 'submitted')
    t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/order.edi')?.toString(), 'ISA*00*')
  })
}

t.test('large ones, and those that were not written from their beginning on, are synced themselves', async (t) => {
  const world = await senderWorld(t, { settle })
  await sent(world.sender, 'large.edi', Buffer.alloc(mostContent + 1))
  const file = await world.sender.create(globex, path('gap.edi'), never())
  await file.write(Buffer.from('behind'), 6, never())
  await file.write(Buffer.from('before'), 0, never())
  await file.flush(last, never())
  await file.release()
  const synced = await sent(world.sender, 'most.edi', Buffer.alloc(mostContent, 'x'))
  t.same(keptIn(world), [synced])
})

t.test('in pieces', async (t) => {
  const world = await senderWorld(t, { settle })
  const file = await world.sender.create(globex, path('order.edi'), never())
  for (const [at, text] of [
    [0, 'ISA'],
    [3, '*00'],
    [6, '*'],
  ] as const)
    await file.write(Buffer.from(text), at, never())
  await file.flush(last, never())
  await file.release()
  await world.restart()
  t.equal(await contentOf(world, 'order.edi'), 'ISA*00*')
})

t.test('after an orderly end all are on disk by themselves, and the journal has none', async (t) => {
  const world = await senderWorld(t, { settle })
  const ids = [await sent(world.sender, 'one.edi', 'one'), await sent(world.sender, 'two.edi', 'two')]
  const again = await world.sender.open(globex, path('one.edi'), { write: true, truncate: false }, never())
  await again.write(Buffer.from(' and more'), 3, never())
  await again.flush(last, never())
  await again.release()
  // Its journal is made anew at the end.
  await world.sender.close()
  t.same(keptIn(world), [])
  t.equal(readFileSync(join(world.directory, 'data', ids[0] ?? ''), 'utf8'), 'one and more')
  t.equal(readFileSync(join(world.directory, 'data', ids[1] ?? ''), 'utf8'), 'two')
})

t.test('where very many wait, what is in the journal is bounded, and nothing is lost', async (t) => {
  const world = await senderWorld(t, { settle })
  const content = (i: number): Buffer => Buffer.alloc(mostContent, `${i}|`)
  const ids: string[] = []
  for (let i = 0; i < 400; i += 1) ids.push(await sent(world.sender, `${i}.edi`, content(i)))
  await until('a journal that was made anew', () => statSync(join(world.directory, 'journal')).size < 13 * 1024 * 1024)
  const kept = new Set(keptIn(world))
  t.ok(kept.size < 400, `${kept.size} of 400`)
  await world.restart((directory) => kept.forEach((id) => rmSync(join(directory, 'data', id), { force: true })))
  for (const i of ids.keys()) {
    if ((await contentOf(world, `${i}.edi`)) !== content(i).toString()) t.fail(`${i}.edi is another one`)
  }
})

t.test('one that can not be synced before it is written again stays as it is', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle })
  const id = await sent(world.sender, 'order.edi', 'one')
  disk.fail(['datasync'], 'EIO', '/data/')
  await t.rejects(world.sender.open(globex, path('order.edi'), { write: true, truncate: true }, never()), {
    code: 'EIO',
  })
  disk.heal()
  t.match(world.row('order.edi'), { state: 'queued', size: 3 })
  await world.restart((directory) => rmSync(join(directory, 'data', id), { force: true }))
  t.equal(await contentOf(world, 'order.edi'), 'one')
})

t.test(
  'what the disk has failed to write in the background is sent as it was closed, and written once more',
  async (t) => {
    const world = await senderWorld(t, { settle, room: littleRoom })
    const [sentId, again, packed] = [
      await sent(world.sender, 'sent.edi', 'one'),
      await sent(world.sender, 'again.edi', 'two'),
      await sent(world.sender, 'kept.edi', 'three'),
    ]
    // Its pages left memory, and nobody has synced them.
    const lose = (directory: string, id: string): void => losses['its bytes']?.(join(directory, 'data', id))
    for (const id of [sentId, again]) lose(world.directory, id)
    await world.sender.retry(sentId, never())
    await world.inState('sent.edi', 'submitted')
    t.equal(world.store.bytes('AS2/send/ACME/GLOBEX/sent.edi')?.toString(), 'one')
    const file = await world.sender.open(globex, path('again.edi'), { write: true, truncate: false }, never())
    t.equal(Buffer.from(await file.read(0, 10)).toString(), 'two')
    await file.flush(last, never())
    await file.release()
    await world.restart((directory) => lose(directory, packed))
    t.equal(readFileSync(join(world.directory, 'data', packed), 'utf8'), 'three')
  },
)

t.test('a start on a disk that tells once of what it had failed to write is as any', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle, room: littleRoom })
  const ids = [await sent(world.sender, 'one.edi', 'one'), await sent(world.sender, 'two.edi', 'two')]
  disk.fail(['datasync'], 'EIO', '/data/', 1)
  await world.restart()
  t.equal(disk.failures, 1)
  t.same(
    ids.map((id) => readFileSync(join(world.directory, 'data', id), 'utf8')),
    ['one', 'two'],
  )
})

t.test('a start on a full disk needs no room for what is there', async (t) => {
  const disk = await badDisk(t)
  const world = await senderWorld(t, { settle, room: littleRoom })
  const id = await sent(world.sender, 'one.edi', 'one')
  // The one after this life.
  disk.fail(['write'], 'ENOSPC', '/1/data/')
  await world.restart()
  t.match(world.row('one.edi'), { state: 'queued', size: 3 })
  t.equal(disk.failures, 1)
  t.equal(readFileSync(join(world.directory, 'data', id), 'utf8'), 'one')
})
