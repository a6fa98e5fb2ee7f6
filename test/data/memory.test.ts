/** One budget for what is kept and what is on its way. */
import t from 'tap'
import { largestUnit } from '../../src/data/blocks.js'
import { BlockMemory } from '../../src/data/memory.js'

const { signal } = new AbortController()
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** @param limit what blocks may take: three quarters of the budget */
function memoryOf(limit: number) {
  const evicted: string[] = []
  const memory = new BlockMemory((limit * 4) / 3, (id) => evicted.push(id))
  const keep = async (id: string, bytes: number): Promise<Uint8Array> => {
    const room = await memory.reserve(bytes, signal)
    room.keep(id)
    return room.memory
  }
  return { memory, evicted, keep }
}

/** Whether a promise has come to its end. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  await turn()
  return Promise.race([promise.then(() => true), Promise.resolve(false)])
}

t.test('what was used longest ago makes room', async (t) => {
  const { memory, evicted, keep } = memoryOf(300)
  for (const id of ['a', 'b', 'c']) await keep(id, 100)
  t.ok(memory.get('a'))
  await keep('d', 100)
  t.same(evicted, ['b'])
  t.equal(memory.used, 300)
})

t.test('room is made before a block comes, not after', async (t) => {
  const { memory, evicted, keep } = memoryOf(300)
  for (const id of ['a', 'b', 'c']) await keep(id, 100)
  const room = await memory.reserve(150, signal)
  t.same(evicted, ['a', 'b'])
  t.equal(memory.used, 250)
  room.leave()
  t.equal(memory.used, 100)
})

t.test('never more than the limit: who comes too many wait, in order', async (t) => {
  const { memory } = memoryOf(300)
  const [first, second] = [await memory.reserve(200, signal), await memory.reserve(100, signal)]
  const large = memory.reserve(250, signal)
  const small = memory.reserve(50, signal)
  second.keep('b')
  t.notOk(await isSettled(large), 'there is no room for it yet')
  t.notOk(await isSettled(small), 'it would fit, but a large one must not starve')
  first.leave()
  const room = await large
  t.equal(memory.used, 300)
  await small
  t.equal(memory.used, 300, 'what was kept has made room')
  room.leave()
})

t.test('one that is larger than all comes when it is alone', async (t) => {
  const { memory } = memoryOf(300)
  const room = await memory.reserve(1000, signal)
  t.equal(room.memory.length, 1000)
  const next = memory.reserve(1, signal)
  t.notOk(await isSettled(next))
  room.keep('large')
  await next
  t.notOk(memory.has('large'), 'and is not kept')
  t.equal(memory.used, 1)
})

t.test('waiting ends with the signal, and the next one is not held up', async (t) => {
  const { memory } = memoryOf(300)
  const held = await memory.reserve(300, signal)
  const impatient = new AbortController()
  const given = memory.reserve(300, impatient.signal)
  const next = memory.reserve(10, signal)
  impatient.abort()
  await t.rejects(given, { code: 'ETIMEDOUT' })
  held.leave()
  t.ok(await next)
  await t.rejects(memory.reserve(300, AbortSignal.abort()), { code: 'ETIMEDOUT' })
})

t.test('fetching ahead takes half at most, and nothing while somebody waits', async (t) => {
  const { memory } = memoryOf(300)
  t.ok(memory.hasRoomAhead(150))
  t.notOk(memory.hasRoomAhead(151))
  const held = await memory.reserve(100, signal)
  t.ok(memory.hasRoomAhead(50))
  t.notOk(memory.hasRoomAhead(51))
  const waiting = memory.reserve(250, signal)
  t.notOk(memory.hasRoomAhead(1))
  held.leave()
  ;(await waiting).leave()
  t.ok(memory.hasRoomAhead(150))
})

t.test('memory of a block that made room is filled again, but not in the same turn of the loop', async (t) => {
  const { memory, keep } = memoryOf(2 * largestUnit)
  const first = await keep('a', largestUnit)
  await keep('b', largestUnit)
  const lent = memory.get('a')
  t.equal(lent, first)
  await keep('c', largestUnit)
  t.ok(memory.has('a'), 'it was read last')
  t.not(await keep('d', largestUnit), first, 'whoever was lent it may still be reading it')
  t.notOk(memory.has('a'))
  await turn()
  const rooms = [await memory.reserve(largestUnit, signal), await memory.reserve(largestUnit, signal)]
  t.ok(rooms.some((it) => it.memory === first))
  t.not(rooms[0]?.memory, rooms[1]?.memory)
})

t.test('memory that was given back by a failed fetch is never filled again: its bytes may still come', async (t) => {
  const { memory } = memoryOf(4 * largestUnit)
  const room = await memory.reserve(largestUnit, signal)
  room.leave()
  await turn()
  const rooms = [await memory.reserve(largestUnit, signal), await memory.reserve(largestUnit, signal)]
  t.notOk(rooms.some((it) => it.memory === room.memory))
})

t.test('what is lent holds no other block until its last loan ends, though it made room or was dropped', async (t) => {
  for (const isDropped of [true, false]) {
    const { memory, keep } = memoryOf(2 * largestUnit)
    let wanted = 0
    const bytes = await keep('a', largestUnit)
    const ends = [memory.lend(bytes, () => (wanted += 1)), memory.lend(bytes)]
    ends[1]?.()
    if (isDropped) memory.drop('a')
    const others = [await keep('b', largestUnit), await keep('c', largestUnit)]
    await turn()
    others.push(await keep('d', largestUnit))
    t.notOk(others.includes(bytes))
    t.equal(wanted, 1)
    ends[0]?.()
  }
})

t.test('what is dropped is filled again at once, but not in the turn in which somebody may read it', async (t) => {
  const { memory, keep } = memoryOf(4 * largestUnit)
  const bytes = await keep('a', largestUnit)
  memory.drop('a')
  t.not(await keep('b', largestUnit), bytes)
  await turn()
  t.equal(await keep('c', largestUnit), bytes)
  t.equal(memory.used, 2 * largestUnit)
})

t.test('a large block has memory of its own where there is some, and is filled again', async (t) => {
  const given: (Uint8Array | undefined)[] = []
  let isLeft = true
  const large = (bytes: number): Uint8Array | undefined => {
    given.push(isLeft ? new Uint8Array(bytes) : undefined)
    return given.at(-1)
  }
  const memory = new BlockMemory(8 * largestUnit, () => undefined, large)
  const first = await memory.reserve(largestUnit, signal)
  t.equal(first.memory, given[0])
  first.keep('first')
  t.equal((await memory.reserve(1000, signal)).memory.length, 1000)
  memory.drop('first')
  await turn()
  t.equal((await memory.reserve(largestUnit, signal)).memory, given[0])
  t.equal(given.length, 1)
  isLeft = false
  t.equal((await memory.reserve(largestUnit, signal)).memory.length, largestUnit)
  t.equal(given.length, 2)
})
