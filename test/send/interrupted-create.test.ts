/** The process ends while a file is made: nobody was told that it is there, so it is not. */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { mostContent } from '../../src/send/life/contents.js'
import { globex, never, path, littleRoom, senderWorld } from '../helpers/sender-world.js'

t.test('a file of which only the journal knows, and that nobody closed, is not there after a crash', async (t) => {
  const world = await senderWorld(t, { room: littleRoom })
  const file = await world.sender.create(globex, path('order.edi'), never())
  const { id } = world.row('order.edi')!
  await world.restart((directory) => rmSync(join(directory, 'data', id)))
  await file.release()
  t.equal(world.row('order.edi'), undefined)
  t.equal(world.sender.counts().failed, 0)
  await world.write('order.edi', 'order')
  await world.inState('order.edi', 'submitted')
  await world.restart()
  t.equal(world.puts('order.edi'), 1)
})

t.test('nor is a small one that was in memory alone', async (t) => {
  const world = await senderWorld(t)
  const file = await world.sender.create(globex, path('order.edi'), never())
  await file.write(Buffer.from('half'), 0, never())
  await world.restart()
  await file.release()
  t.same(world.sender.allRows(), [])
  t.same(readdirSync(join(world.directory, 'data')), [])
})

t.test('nor one whose time was set, whatever was written down of it meanwhile', async (t) => {
  const world = await senderWorld(t)
  const file = await world.sender.create(globex, path('order.edi'), never())
  await file.write(Buffer.from('half'), 0, never())
  await world.sender.setMtime(globex, path('order.edi'), 5_000, never())
  await world.write('another.edi', 'another')
  await world.restart()
  await file.release()
  t.equal(world.row('order.edi'), undefined)
  t.equal(world.sender.counts().failed, 0)
})

t.test('one that was renamed meanwhile is there, with what was written: what it replaced is gone', async (t) => {
  const world = await senderWorld(t, { settle: 3_600_000 })
  await world.write('order.edi', 'before')
  const file = await world.sender.create(globex, path('order.tmp'), never())
  await file.write(Buffer.from('half'), 0, never())
  await world.sender.rename(globex, path('order.tmp'), path('order.edi'), never())
  await world.restart()
  await file.release()
  t.match(world.row('order.edi'), { state: 'held', reason: 'crash', size: 4 })
  t.equal(world.row('order.tmp'), undefined)
})

t.test('one that had bytes, and lost them, is told of', async (t) => {
  const world = await senderWorld(t)
  const file = await world.sender.create(globex, path('order.edi'), never())
  await file.write(Buffer.alloc(mostContent + 1), 0, never())
  await file.flush({ closed: async () => ({ isLast: false, killedBy: undefined }) }, never())
  const { id } = world.row('order.edi')!
  await world.restart((directory) => rmSync(join(directory, 'data', id)))
  await file.release()
  t.match(world.row('order.edi'), { state: 'failed', error: 'Its data is not in the spool any more.' })
})
