/** What comes or goes beside a file while nothing can be written down, or at once with others, counts before any upload. */
import { unlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { badDisk } from '../helpers/bad-disk.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const settle = 3_600_000

/** The next change that must be on disk fails; the journal heals by itself. */
function breakJournal(world: SenderWorld): void {
  unlinkSync(join(world.directory, 'journal'))
}

/** An audit trail that calls somebody when an event comes, between the journal and what follows. */
function auditOf() {
  const calls = new Map<string, () => void>()
  const audit = {
    append: (entry: object) => calls.get((entry as { readonly event: string }).event)?.(),
    flushed: () => Promise.resolve(),
    tail: () => Promise.resolve([]),
  }
  return { audit, on: (event: string, call: () => void) => void calls.set(event, call) }
}

const problem = (world: SenderWorld) => world.sender.problems().length > 0
const create = (world: SenderWorld, name: string) => world.sender.create(globex, path(name), never())

t.test('a lock that is made as the journal fails holds its file when that works again', async (t) => {
  const world = await senderWorld(t, { settle })
  await world.write('x.edi', 'x')
  breakJournal(world)
  const lock = await create(world, 'x.edi.lock')
  t.ok(problem(world), 'what follows from it could not be written down')
  t.match(world.row('x.edi'), { state: 'queued' })
  world.clock.advance(settle)
  await until('the journal to heal', () => !problem(world))
  t.match(await world.inState('x.edi', 'held'), { reason: 'lock' })
  t.equal(world.puts('x.edi'), 0)
  await lock.release()
})

t.test('a lock that is removed just before the journal fails holds nothing when that works again', async (t) => {
  const told = auditOf()
  const world = await senderWorld(t, { audit: told.audit })
  await world.write('x.edi.lock', '')
  await world.write('x.edi', 'x')
  t.match(world.row('x.edi'), { state: 'held', reason: 'lock' })
  told.on('cancelled', () => breakJournal(world))
  await world.sender.unlink(globex, path('x.edi.lock'), never())
  t.equal(world.row('x.edi.lock'), undefined)
  t.ok(problem(world), 'what follows from it could not be written down')
  t.match(world.row('x.edi'), { state: 'held', reason: 'lock' })
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1)
})

t.test('a file that is due is sent when its lock goes, though the disk was too full to hold it for that', async (t) => {
  const disk = await badDisk(t)
  const told = auditOf()
  const world = await senderWorld(t, { audit: told.audit, settle })
  await world.write('x.tmp', '')
  await world.write('x.edi', 'x')
  told.on('held', () => disk.fail(['write'], 'ENOSPC', 'journal'))
  await world.sender.rename(globex, path('x.tmp'), path('x.edi.lock'), never())
  t.match(world.sender.problems(), [/full/], 'what follows from it could not be written down')
  world.clock.advance(settle)
  await world.write('y.edi', 'y').catch(() => undefined)
  t.match(world.row('x.edi'), { state: 'queued' })
  t.equal(world.puts('x.edi'), 0)
  disk.heal()
  await world.sender.unlink(globex, path('x.edi.lock'), never())
  await world.inState('x.edi', 'submitted')
  t.equal(world.puts('x.edi'), 1)
})

t.test('each of many locks that are made at once holds its file by the time it is made', async (t) => {
  const world = await senderWorld(t, { settle })
  const names = Array.from({ length: 20 }, (_, i) => `${i}.edi`)
  for (const name of names) await world.write(name, name)
  const states = names.map(async (name) => {
    const lock = await create(world, `${name}.lock`)
    const state = world.row(name)?.state
    await lock.release()
    return state
  })
  const made = await Promise.all(states)
  t.strictSame(
    made,
    names.map(() => 'held'),
  )
})
