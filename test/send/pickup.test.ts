/** What became of what was sent: taken, a duplicate, or not to be seen, told as what it is. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Told } from '../../src/send/life/told.js'
import { accessDenied, unreachable } from '../helpers/memory-store.js'
import { globex, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const hours = 60 * 60_000
const send = 'AS2/send/ACME/GLOBEX/'

interface World {
  readonly world: SenderWorld
  readonly events: (name: string) => string[]
}

async function watched(t: Test): Promise<World> {
  const entries: (Told & { readonly name: string })[] = []
  const audit = {
    append: (entry: object) => void entries.push(entry as Told & { readonly name: string }),
    flushed: () => Promise.resolve(),
    tail: () => Promise.resolve(entries),
  }
  const world = await senderWorld(t, { audit })
  return { world, events: (name) => entries.filter((it) => it.name === name).map((it) => it.event) }
}

/** The gateway takes a file for a duplicate. */
function reject(world: SenderWorld, name: string): void {
  world.store.set(`AS2/duplicate/ACME/GLOBEX/${name}`, world.store.bytes(send + name) ?? '')
  world.store.delete(send + name)
}

// Each has a sender of its own, and mostly waits for the next look.
t.jobs = 4

t.test('what the gateway took for a duplicate is told so, beside what it took', async (t) => {
  const { world, events } = await watched(t)
  // A duplicate of long ago, of the same name and size.
  world.store.set('AS2/duplicate/ACME/GLOBEX/a.edi', 'a', world.clock.now() - 2 * hours)
  for (const name of ['a.edi', 'b.edi']) {
    await world.write(name, name[0] ?? '')
    await world.inState(name, 'submitted')
  }
  world.take('a.edi')
  reject(world, 'b.edi')
  await until('both to be told', () => events('a.edi').length === 4 && events('b.edi').length === 4)
  t.equal(events('a.edi').at(-1), 'taken')
  t.equal(events('b.edi').at(-1), 'duplicate')
  t.equal(world.sender.counts().submitted, 0)
})

t.test('while files are sent all the time, what was taken is seen all the same', async (t) => {
  const { world, events } = await watched(t)
  await world.write('first.edi', 'a')
  await world.inState('first.edi', 'submitted')
  world.take('first.edi')
  for (let i = 0; events('first.edi').at(-1) !== 'taken'; i += 1) {
    if (i === 100) throw new Error('the first file is not seen to be taken')
    await world.write(`next-${i}.edi`, 'a')
    await world.inState(`next-${i}.edi`, 'submitted')
    await delay(100)
  }
})

t.test('as long as duplicates can’t be looked for nothing is told, over a restart as well', async (t) => {
  const { world, events } = await watched(t)
  await world.write('b.edi', 'b')
  await world.inState('b.edi', 'submitted')
  let isDown = true
  world.store.intercept = ({ key }) => (isDown && key.includes('duplicate') ? { before: unreachable() } : undefined)
  reject(world, 'b.edi')
  await until('it to leave', () => world.row('b.edi') === undefined)
  t.equal(events('b.edi').at(-1), 'submitted')
  await world.restart()
  isDown = false
  await until('it to be told', () => events('b.edi').at(-1) === 'duplicate')
})

t.test('keys that may not list AS2/send', async (t) => {
  t.jobs = 3
  const denied = (operations: readonly string[]) => (call: { operation: string; key: string }) =>
    operations.includes(call.operation) && call.key.startsWith('AS2/send/') ? { before: accessDenied() } : undefined

  void t.test('but look at keys: it is seen when one has gone', async (t) => {
    const { world, events } = await watched(t)
    world.store.intercept = denied(['list'])
    await world.write('a.edi', 'a')
    await world.inState('a.edi', 'submitted')
    await until('it to be said', () => world.row('a.edi')?.error?.includes('may not list'))
    world.store.delete(`${send}a.edi`)
    await until('it to be taken', () => events('a.edi').at(-1) === 'taken')
  })
  void t.test('nor look at keys: the outbox tells, and where duplicates go', async (t) => {
    const { world, events } = await watched(t)
    world.store.intercept = denied(['list', 'head', 'get'])
    for (const name of ['a.edi', 'b.edi']) {
      await world.write(name, name[0] ?? '')
      await world.inState(name, 'submitted')
    }
    world.take('a.edi')
    reject(world, 'b.edi')
    await until('both to be told', () => events('a.edi').length === 4 && events('b.edi').length === 4)
    t.equal(events('a.edi').at(-1), 'taken')
    t.equal(events('b.edi').at(-1), 'duplicate')
  })
  void t.test('and nothing tells: after an hour it leaves, and nobody says that it was taken', async (t) => {
    const { world, events } = await watched(t)
    world.store.intercept = denied(['list', 'head', 'get'])
    await world.write('a.edi', 'a')
    await world.inState('a.edi', 'submitted')
    await until('it to be said', () => world.row('a.edi')?.error?.includes('may not list'))
    world.clock.advance(0.9 * hours)
    const looks = world.store.count('head')
    await until('another look', () => world.store.count('head') > looks)
    t.match(world.row('a.edi'), { state: 'submitted' })
    world.clock.advance(0.2 * hours)
    await until('it to leave', () => world.row('a.edi') === undefined)
    t.equal(events('a.edi').at(-1), 'unwatched')
    await t.rejects(world.write('a.edi', 'again'), { code: 'EEXIST' }, 'its name counts')
  })
})

t.test('a file that is due, and waits for another upload to end, says so', async (t) => {
  const world = await senderWorld(t, { uploads: 1 })
  let go: () => void = () => undefined
  const held = new Promise<void>((resolve) => (go = resolve))
  world.store.intercept = ({ operation }) => (operation === 'put' ? { hold: held } : undefined)
  await world.write('first.edi', '1')
  await world.inState('first.edi', 'uploading')
  await world.write('second.edi', '2')
  const row = await until('it to be due', () =>
    world.row('second.edi')?.waitsFor ? world.row('second.edi') : undefined,
  )
  t.match(row, { waitsFor: 'a free upload', nextTryAt: undefined, state: 'queued' })
  go()
  await world.inState('second.edi', 'submitted')
  t.equal(world.row('second.edi', globex)?.waitsFor, undefined)
})
