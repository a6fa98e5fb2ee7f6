/** The rule of six hours for what this mount sent, at its edges, by a clock that the test sets forward. */
import t, { type Test } from 'tap'
import type { DuplicatePolicy } from '../../src/config.js'
import { globex, never, path, type SenderWorld, senderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const minute = 60_000
const justBefore = 5 * 60 * minute + 59 * minute
const justAfter = 6 * 60 * minute + minute

/** A name that was sent and processed so long ago; the partner's outbox does not show it any more. */
async function sent(t: Test, onDuplicate: DuplicatePolicy, ago: number): Promise<SenderWorld> {
  const world = await senderWorld(t, { onDuplicate })
  await world.write('order.edi', 'first')
  await world.inState('order.edi', 'submitted')
  world.store.delete('AS2/send/ACME/GLOBEX/order.edi')
  await until('it to be taken', () => world.row('order.edi') === undefined)
  world.clock.advance(ago)
  return world
}

t.test('reject', async (t) => {
  await t.test('5 h 59 min after: EEXIST at create and at the rename that publishes', async (t) => {
    const world = await sent(t, 'reject', justBefore)
    await t.rejects(world.write('order.edi', 'second'), { code: 'EEXIST' })
    await world.write('order.tmp', 'second')
    const publish = world.sender.rename(globex, path('order.tmp'), path('order.edi'), never())
    await t.rejects(publish, { code: 'EEXIST' })
    t.match(world.row('order.tmp'), { state: 'held' })
  })
  await t.test('after a restart too', async (t) => {
    const world = await sent(t, 'reject', justBefore)
    await world.restart()
    await t.rejects(world.write('order.edi', 'second'), { code: 'EEXIST' })
  })
  await t.test('6 h 01 min after: sent', async (t) => {
    const world = await sent(t, 'reject', justAfter)
    await world.write('order.edi', 'second')
    await world.inState('order.edi', 'submitted')
    t.equal(world.puts('order.edi'), 2)
  })
})

t.test('suffix', async (t) => {
  await t.test('5 h 59 min after: a time is added', async (t) => {
    const world = await sent(t, 'suffix', justBefore)
    await world.write('order.edi', 'second')
    const row = await until('it to be sent', () => world.sender.allRows().find((it) => it.state === 'submitted'))
    t.match(row.path, /^order_\d{8}T\d{9}Z\.edi$/)
    t.equal(world.puts('order.edi'), 1)
  })
  await t.test('6 h 01 min after: sent as it is called', async (t) => {
    const world = await sent(t, 'suffix', justAfter)
    await world.write('order.edi', 'second')
    await world.inState('order.edi', 'submitted')
    t.equal(world.puts('order.edi'), 2)
  })
})

t.test('send: sent as it is called, at once', async (t) => {
  const world = await sent(t, 'send', 0)
  await world.write('order.edi', 'second')
  await world.inState('order.edi', 'submitted')
  t.equal(world.puts('order.edi'), 2)
})

t.test(
  'another host sends the name while a file of it is open, empty, or locked: it is looked for once more',
  async (t) => {
    const outbox = 'AS2/files/ACME/GLOBEX/outbox/72000000000001/order.edi'
    const ways: Readonly<Record<string, (world: SenderWorld, theirs: () => void) => Promise<void>>> = {
      async open({ sender }, theirs) {
        const file = await sender.create(globex, path('order.edi'), never())
        await file.write(Buffer.from('ours'), 0, never())
        theirs()
        await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, never())
        await file.release()
      },
      async empty(world, theirs) {
        await world.write('order.edi', '')
        theirs()
        const file = await world.sender.open(globex, path('order.edi'), { write: true, truncate: false }, never())
        await file.write(Buffer.from('ours'), 0, never())
        await file.flush({ closed: async () => ({ isLast: true, killedBy: undefined }) }, never())
        await file.release()
      },
      async locked(world, theirs) {
        await world.write('order.edi.lock', 'x')
        await world.write('order.edi', 'ours')
        theirs()
        await world.sender.unlink(globex, path('order.edi.lock'), never())
      },
    }
    for (const [way, write] of Object.entries(ways)) {
      const world = await senderWorld(t)
      await write(world, () => {
        world.store.set(outbox, 'theirs')
        world.clock.advance(minute)
      })
      t.match(await world.inState('order.edi', 'failed'), { error: /sent within six hours/ }, way)
      t.equal(world.store.count('put'), 0, way)
    }
  },
)
