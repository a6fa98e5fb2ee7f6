/** An upload whose answer was lost may come into the bucket later, and is not sent again until that is over. */
import t from 'tap'
import { StoreError } from '../../src/s3/store-error.js'
import type { Milliseconds } from '../../src/units.js'
import { senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const key = 'AS2/send/ACME/GLOBEX/x.edi'
const long: Milliseconds = 60_000

function failure(code: string): StoreError {
  return new StoreError('EIO', 'transient', code, `Could not upload it: ${code}.`, { key, reason: code })
}

/** Whose first PUT ends so; those after it are taken. @returns when each was asked for */
function firstEnds(world: SenderWorld, code: string): Milliseconds[] {
  const asked: Milliseconds[] = []
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    return asked.push(performance.now()) === 1 ? { before: failure(code) } : undefined
  }
  return asked
}

t.test('one that comes late is found, and not sent again', async (t) => {
  const world = await senderWorld(t, { lostAnswer: long })
  const asked = firstEnds(world, 'ECONNRESET')
  await world.write('x.edi', 'x')
  await until('a look', () => world.store.calls.filter((it) => it.operation === 'list').length > 4)
  t.match(world.row('x.edi'), { state: 'queued', error: /ECONNRESET/ })
  world.store.set(key, 'x')
  await world.inState('x.edi', 'submitted')
  t.equal(asked.length, 1)
})

t.test('one that does not come is sent again when the time is over', async (t) => {
  const lostAnswer = 2_500
  const world = await senderWorld(t, { lostAnswer })
  const asked = firstEnds(world, 'HTTP 504')
  await world.write('x.edi', 'x')
  await world.inState('x.edi', 'submitted')
  t.equal(asked.length, 2)
  t.ok(asked[1]! - asked[0]! >= lostAnswer, `${asked[1]! - asked[0]!} ms`)
})

t.test('a start looks for what was on its way, and waits for it as well', async (t) => {
  const world = await senderWorld(t, { lostAnswer: 3_000 })
  let asked = 0
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    asked += 1
    return { hold: new Promise(() => undefined) }
  }
  await world.write('x.edi', 'x')
  await until('the upload', () => asked === 1)
  await world.restart()
  await until('a look that found nothing', () => (world.row('x.edi')?.nextTryAt ?? 0) > world.clock.now())
  world.store.set(key, 'x')
  await world.inState('x.edi', 'submitted')
  t.equal(asked, 1)
})

t.test('what S3 itself puts off is not waited for, nor what never got there', async (t) => {
  for (const code of ['SlowDown', 'ECONNREFUSED']) {
    const world = await senderWorld(t, { lostAnswer: long })
    const asked = firstEnds(world, code)
    await world.write('x.edi', 'x')
    await world.inState('x.edi', 'submitted')
    t.equal(asked.length, 2, code)
    t.ok(asked[1]! - asked[0]! < long / 2, code)
  }
})

t.test(
  'it is known where its time is hours before the Date of its answer, as nothing else has that name',
  async (t) => {
    const world = await senderWorld(t, { lostAnswer: long })
    const asked = firstEnds(world, 'ECONNRESET')
    await world.write('x.edi', 'x')
    await until('the try', () => asked.length === 1)
    world.store.set(key, 'x', Date.now() - 3 * 3_600_000)
    await world.inState('x.edi', 'submitted')
    t.equal(asked.length, 1)
  },
)

t.test('where namesakes are sent: one of the same content that was sent before is not taken for it', async (t) => {
  const world = await senderWorld(t, { onDuplicate: 'send', lostAnswer: 1_000 })
  await world.write('x.edi', 'no orders')
  await world.inState('x.edi', 'submitted')
  world.take('x.edi')
  await until('that to be known', () => world.row('x.edi') === undefined)
  for (const code of ['ECONNRESET', 'HTTP 503']) {
    const asked = firstEnds(world, code)
    const before = world.puts('x.edi')
    await world.write('x.edi', 'no orders')
    await world.inState('x.edi', 'submitted')
    t.equal(asked.length, 2, code)
    t.equal(world.puts('x.edi'), before + 1)
    world.take('x.edi')
    await until('that to be known', () => world.row('x.edi') === undefined)
  }
})

t.test('and one that has arrived is found beside it', async (t) => {
  const world = await senderWorld(t, { onDuplicate: 'send', lostAnswer: long })
  await world.write('x.edi', 'no orders')
  await world.inState('x.edi', 'submitted')
  world.take('x.edi')
  await until('that to be known', () => world.row('x.edi') === undefined)
  let puts = 0
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    puts += 1
    return { after: failure('ECONNRESET') }
  }
  await world.write('x.edi', 'no orders')
  await world.inState('x.edi', 'submitted')
  t.equal(puts, 1)
})

t.test('one of the same name that was sent six hours before, and is gone, is not looked for as well', async (t) => {
  const world = await senderWorld(t, { lostAnswer: 0 })
  await world.write('x.edi', 'no orders')
  await world.inState('x.edi', 'submitted')
  world.store.delete(key)
  await until('it to be taken', () => world.row('x.edi') === undefined)
  world.clock.advance(6 * 60 * 60_000 + 30_000)
  let puts = 0
  world.store.intercept = ({ operation }) => {
    if (operation !== 'put') return undefined
    puts += 1
    return puts === 1 ? { after: failure('ECONNRESET') } : undefined
  }
  await world.write('x.edi', 'no orders')
  await until('it to be taken', () => (world.store.bytes(key) ? (world.take('x.edi'), true) : false))
  await until('that to be known', () => world.row('x.edi') === undefined)
  t.equal(puts, 1)
})
