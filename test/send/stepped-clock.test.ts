/**
 * This machine's clock is set by hours, either way, also while the daemon is down. What waits is not held up, what was sent is
 * found again, and the six hours are the bucket's.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { formatLine, parseJournal } from '../../src/journal/lines.js'
import type { JournalEntry } from '../../src/send/life/entry.js'
import { unreachable } from '../helpers/memory-store.js'
import { globex, senderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const hours = 60 * 60_000
const key = 'AS2/send/ACME/GLOBEX/order.edi'
const steps = { 'two hours ahead': 2 * hours, 'two hours behind': -2 * hours, 'a day ahead': 24 * hours }

// Each has a sender of its own, and mostly waits for its next try.
t.jobs = 6

for (const [what, step] of Object.entries(steps)) {
  t.test(`a clock that was ${what} when the answer to an upload was lost, and is right after the crash`, async (t) => {
    const world = await senderWorld(t)
    world.clock.step(step)
    await world.restart()
    world.store.intercept = ({ operation }) => (operation === 'put' ? { after: unreachable() } : undefined)
    await world.write('order.edi', 'order')
    await until('it to be stored', () => world.store.bytes(key))
    world.cutOff()
    world.store.intercept = undefined
    world.take('order.edi')
    world.clock.step(-step)
    await world.start()
    await world.settled()
    t.strictSame(world.store.puts, [key], 'once')
  })

  t.test(`queued while the clock was ${what}: sent at once after it was put right`, async (t) => {
    for (const isRestarted of [false, true]) {
      const world = await senderWorld(t, { settle: 1_000 })
      world.clock.step(step)
      await world.restart()
      await world.write('order.edi', 'order')
      world.clock.step(-step)
      if (isRestarted) await world.restart()
      await world.inState('order.edi', 'submitted')
    }
  })

  t.test(`a pause between tries, and a clock that is set to ${what} meanwhile`, async (t) => {
    const world = await senderWorld(t)
    let isDown = true
    world.store.intercept = () => (isDown ? { before: unreachable() } : undefined)
    await world.write('order.edi', 'order')
    await until('a failed try', () => world.row('order.edi')?.error)
    world.clock.step(step)
    const wait = (world.row('order.edi')?.nextTryAt ?? world.clock.now()) - world.clock.now()
    t.ok(wait <= 5 * 60_000 && wait >= 0, `it says that it waits ${wait} ms`)
    isDown = false
    await world.inState('order.edi', 'submitted')
  })

  t.test(`a name that was sent while the clock was ${what} counts for six hours of the bucket’s time`, async (t) => {
    const world = await senderWorld(t)
    world.clock.step(step)
    await world.restart()
    await world.write('order.edi', 'order')
    await world.inState('order.edi', 'submitted')
    world.store.delete(key)
    await until('it to be taken', () => world.row('order.edi') === undefined)
    world.clock.step(-step)
    await world.restart()
    world.clock.advance(5.9 * hours)
    await t.rejects(world.write('order.edi', 'again'), { code: 'EEXIST' })
    await world.restart()
    await t.rejects(world.write('order.edi', 'again'), { code: 'EEXIST' })
    world.clock.advance(0.2 * hours)
    await world.write('order.edi', 'again')
    await world.inState('order.edi', 'submitted')
  })
}

t.test('an upload begins when the bucket has said what time it is, not before', async (t) => {
  const world = await senderWorld(t)
  world.clock.step(2 * hours)
  // Nothing was heard of it in this life.
  let isDown = true
  await world.restart()
  world.store.intercept = ({ operation }) => (operation === 'list' && isDown ? { before: unreachable() } : undefined)
  await world.write('order.edi', 'order')
  await until('a failed try', () => world.row('order.edi')?.error)
  t.equal(world.store.count('put'), 0)
  isDown = false
  await world.inState('order.edi', 'submitted')
})

t.test('a journal of 0.1, whose times of day were wrong', async (t) => {
  await t.test('an attempt is found, though its time was ahead', async (t) => {
    const world = await senderWorld(t)
    const now = world.clock.now()
    world.cutOff((directory) => {
      mkdirSync(join(directory, 'data'), { recursive: true })
      writeFileSync(join(directory, 'data', 'old'), 'order')
      const old = { id: 'old', ...globex, path: 'order.edi', size: 5, mtime: now, closedAt: now + 2 * hours, tries: 1 }
      const attempt = { since: now + 2 * hours }
      const message = { ...old, state: 'uploading', notBefore: now + 2 * hours, attempt }
      writeFileSync(join(directory, 'journal'), formatLine({ at: now + 2 * hours, messages: [message] }))
    })
    world.store.set('AS2/files/ACME/GLOBEX/outbox/7207/order.edi', 'order')
    await world.start()
    await world.settled()
    t.equal(world.store.count('put'), 0)
    t.match(world.sender.counts(), { queued: 0, uploading: 0, failed: 0 })
  })
  await t.test('a file does not wait for a time that is hours away', async (t) => {
    const world = await senderWorld(t)
    const now = world.clock.now()
    await world.restart((directory) => {
      mkdirSync(join(directory, 'data'), { recursive: true })
      writeFileSync(join(directory, 'data', 'old'), 'order')
      const old = { id: 'old', ...globex, path: 'order.edi', size: 5, mtime: now, closedAt: now + 2 * hours, tries: 0 }
      const message = { ...old, state: 'queued', notBefore: now + 2 * hours }
      writeFileSync(join(directory, 'journal'), formatLine({ at: now + 2 * hours, messages: [message] }))
    })
    await world.inState('order.edi', 'submitted')
    const { entries } = parseJournal<JournalEntry>(readFileSync(join(world.directory, 'journal'), 'utf8'))
    t.notOk(JSON.stringify(entries).includes('notBefore'))
  })
})

t.test('what was closed under a longer --settle waits no longer than others do at the next start', async (t) => {
  const world = await senderWorld(t, { settle: 3_600_000 })
  await world.write('order.edi', 'order')
  await world.restart(undefined, { settle: 0 })
  await world.inState('order.edi', 'submitted')
  t.equal(world.puts('order.edi'), 1)
})
