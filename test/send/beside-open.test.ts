/** What comes or goes beside a file while somebody has it open, or while the journal fails, counts all the same. */
import t, { type Test } from 'tap'
import type { SenderOptions } from '../../src/send/create-sender.js'
import type { Close } from '../../src/send/sender.js'
import type { Name } from '../../src/units.js'
import { globex, SenderWorld } from '../helpers/sender-world.js'

const lastClose: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const never = () => new AbortController().signal

async function world(t: Test, options: Partial<SenderOptions> = {}): Promise<SenderWorld> {
  const world = new SenderWorld(t.testdir(), { settle: 60_000, ...options })
  await world.start()
  t.teardown(() => world.stop())
  return world
}

/** As touch(1) does, with something in between. */
async function whileOpen(it: SenderWorld, name: string, act: () => Promise<unknown>): Promise<void> {
  const file = await it.sender.open(globex, [name as Name], { write: true, truncate: false }, never())
  await act()
  await file.flush(lastClose, never())
  await file.release()
}

const removed = (it: SenderWorld, name: string) => it.sender.unlink(globex, [name as Name], never())

t.test('a lock that is made while a file is open, and not written, holds it', async (t) => {
  const it = await world(t)
  await it.write('a.edi', 'a')
  t.match(it.row('a.edi'), { state: 'queued' })
  await whileOpen(it, 'a.edi', () => it.write('a.edi.lock', ''))
  t.match(it.row('a.edi'), { state: 'held', reason: 'lock' })
  await removed(it, 'a.edi.lock')
  t.match(it.row('a.edi'), { state: 'queued' })
})

t.test('a lock that goes while a file is open, and not written, holds it no more', async (t) => {
  const it = await world(t)
  await it.write('b.edi.lock', '')
  await it.write('b.edi', 'b')
  t.match(it.row('b.edi'), { state: 'held', reason: 'lock' })
  await whileOpen(it, 'b.edi', () => removed(it, 'b.edi.lock'))
  t.match(it.row('b.edi'), { state: 'queued' })
})

t.test('a folder may be such a lock', async (t) => {
  const it = await world(t)
  await it.write('c.edi', 'c')
  await whileOpen(it, 'c.edi', () => it.sender.mkdir(globex, ['c.edi.lock' as Name], never()))
  t.match(it.row('c.edi'), { state: 'held', reason: 'lock' })
  await whileOpen(it, 'c.edi', () => it.sender.rmdir(globex, ['c.edi.lock' as Name], never()))
  t.match(it.row('c.edi'), { state: 'queued' })
})

t.test('a trigger that goes while its file is open, and not written, lets it go no more', async (t) => {
  const it = await world(t, { commit: 'trigger' })
  await it.write('d.edi', 'd')
  await it.write('d.edi.ok', '')
  t.match(it.row('d.edi'), { state: 'queued' })
  await whileOpen(it, 'd.edi', () => removed(it, 'd.edi.ok'))
  t.match(it.row('d.edi'), { state: 'held', reason: 'untriggered' })
  await whileOpen(it, 'd.edi', () => it.write('d.edi.ok', ''))
  t.match(it.row('d.edi'), { state: 'queued' })
})

t.test('with --commit rename, a file that is renamed and back while it is open is complete', async (t) => {
  const it = await world(t, { commit: 'rename' })
  await it.write('e.edi', 'e')
  t.match(it.row('e.edi'), { state: 'held', reason: 'commit' })
  const [name, other] = ['e.edi' as Name, 'other.edi' as Name]
  await whileOpen(it, 'e.edi', async () => {
    await it.sender.rename(globex, [name], [other], never())
    await it.sender.rename(globex, [other], [name], never())
  })
  t.match(it.row('e.edi'), { state: 'queued' })
})

t.test('a file that is opened and closed beside nothing stays what it was', async (t) => {
  const it = await world(t)
  await it.write('f.edi', 'f')
  await it.write('g.tmp', 'g')
  for (const name of ['f.edi', 'g.tmp']) {
    const before = it.row(name)
    await whileOpen(it, name, async () => undefined)
    t.match(it.row(name), { id: before?.id, state: before?.state, reason: before?.reason })
  }
})
