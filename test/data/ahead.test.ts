/** What is fetched before anybody asks: it comes in time, once, and little of it for nothing. */
import t from 'tap'
import { createObjects } from '../../src/data/cached-objects.js'
import type { Objects } from '../../src/data/objects.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { seededRandom } from '../helpers/faults.js'
import { ScatteredStore } from '../helpers/scattered-store.js'
import { until } from '../helpers/until.js'
import { systemClock } from '../../src/telemetry/clock.js'

const times = { clock: systemClock, lastAnswer: () => -Infinity }

const [KiB, MiB] = [1024, 1024 * 1024]
const never = new AbortController().signal
const step = 128 * KiB

function bucket(budget = 256 * MiB): { store: ScatteredStore; objects: Objects } {
  const store = new ScatteredStore({ seed: 1 })
  const ignore = (): void => undefined
  return {
    store,
    objects: createObjects({ ...times, store, budget, deadline: 60_000, onGone: ignore, onReplaced: ignore }),
  }
}

async function readThrough(objects: Objects, info: ObjectInfo, from = 0, to = info.size): Promise<void> {
  const object = objects.open(info)
  for (let position = from; position < to; position += step) {
    await object.read({ start: position, end: Math.min(to, position + step) }, never)
  }
  object.close()
}

/** Waits until nothing is on its way any more. */
async function quiet(store: ScatteredStore): Promise<void> {
  await until('the end of all GETs', () => store.underWay === 0)
}

t.test('a large object', async (t) => {
  const size = 48 * MiB
  await t.test('read from end to end: every byte is fetched once, ahead of its reader', async (t) => {
    const { store, objects } = bucket()
    await readThrough(objects, store.put('large', size))
    t.equal(store.bytes, size)
    t.ok(store.gets < 30, `${store.gets} GETs`)
    t.match(objects.usage(), { wasted: 0 })
    t.ok(objects.usage().ahead > size - 2 * MiB)
  })
  await t.test('read by two at once: the same bytes are fetched once', async (t) => {
    const { store, objects } = bucket()
    const info = store.put('large', size)
    await Promise.all([readThrough(objects, info), readThrough(objects, info)])
    t.equal(store.bytes, size)
    t.equal(objects.usage().wasted, 0)
  })
  await t.test('read by eight, each from its own place: nothing is fetched twice for want of room', async (t) => {
    const { store, objects } = bucket()
    const infos = Array.from({ length: 8 }, (_, i) => store.put(`large${i}`, size))
    await Promise.all(infos.map((it) => readThrough(objects, it)))
    t.equal(store.bytes, 8 * size)
    t.equal(objects.usage().wasted, 0)
  })
  await t.test('read here and there: only what was asked for, and nothing ahead', async (t) => {
    const { store, objects } = bucket()
    const object = objects.open(store.put('large', size))
    const random = seededRandom(9)
    for (let i = 0; i < 50; i += 1) {
      const start = Math.floor(random() * (size - 4 * KiB))
      await object.read({ start, end: start + 4 * KiB }, never)
    }
    t.ok(store.bytes <= 52 * step + MiB, `${store.bytes} bytes`)
    t.match(objects.usage(), { ahead: 0, wasted: 0 })
  })
  await t.test('looked at at its beginning: one GET', async (t) => {
    const { store, objects } = bucket()
    const object = objects.open(store.put('large', size))
    await object.read({ start: 0, end: step }, never)
    object.close()
    t.match(store, { gets: 1, bytes: MiB })
  })
  await t.test('left in the middle: no more was fetched for nothing than was read', async (t) => {
    for (const read of [512 * KiB, 2 * MiB, 8 * MiB, 20 * MiB]) {
      const { store, objects } = bucket()
      await readThrough(objects, store.put('large', size), 0, read)
      await quiet(store)
      const { wasted } = objects.usage()
      t.ok(wasted <= Math.max(2 * MiB, read), `${wasted} of ${read}`)
      t.ok(store.bytes - read <= Math.max(2 * MiB, read))
    }
  })
  await t.test('left in the middle: what is still on its way is given up', async (t) => {
    const { store, objects } = bucket()
    const info = store.put('large', size)
    const object = objects.open(info)
    for (let position = 0; position < 4 * MiB; position += step) {
      await object.read({ start: position, end: position + step }, never)
    }
    store.stall()
    const next = object.read({ start: 4 * MiB, end: 4 * MiB + step }, never).catch(() => undefined)
    object.close()
    store.goOn()
    await next
    await quiet(store)
    t.ok(store.givenUp > 0, `${store.givenUp} given up, ${store.bytes} bytes`)
  })
  await t.test('larger than the budget: it is read all the same, once', async (t) => {
    const { store, objects } = bucket(16 * MiB)
    await readThrough(objects, store.put('large', size))
    t.equal(store.bytes, size)
    t.ok(objects.usage().used <= 16 * MiB)
  })
})

t.test('small files', async (t) => {
  const files = (store: ScatteredStore, count: number): ObjectInfo[] =>
    Array.from({ length: count }, (_, i) => store.put(`small${i}`, 2 * KiB + i))
  const after = (infos: readonly ObjectInfo[], i: number) => () => infos.slice(i + 1)
  const readFile = async (objects: Objects, infos: readonly ObjectInfo[], i: number): Promise<void> => {
    const object = objects.open(infos[i]!, after(infos, i))
    await object.read({ start: 0, end: 4 * KiB }, never)
    object.close()
  }

  await t.test('one after the other: each is one GET, most are there before they are asked for', async (t) => {
    const { store, objects } = bucket()
    const infos = files(store, 200)
    for (let i = 0; i < infos.length; i += 1) await readFile(objects, infos, i)
    t.equal(store.gets, 200)
    t.equal(objects.usage().wasted, 0)
    t.ok(objects.usage().ahead > 190 * 2 * KiB)
  })
  await t.test('eight at a time, as parallel programs do: each is still one GET', async (t) => {
    const { store, objects } = bucket()
    const infos = files(store, 200)
    let next = 0
    const program = async (): Promise<void> => {
      for (let i = next++; i < infos.length; i = next++) await readFile(objects, infos, i)
    }
    await Promise.all(Array.from({ length: 8 }, program))
    await quiet(store)
    t.equal(store.gets, 200)
    t.equal(objects.usage().wasted, 0)
  })
  await t.test('in no order: nothing is fetched that was not asked for', async (t) => {
    const { store, objects } = bucket()
    const infos = files(store, 200)
    const random = seededRandom(4)
    const order = infos.map((_, i) => [random(), i] as const).sort(([a], [b]) => a - b)
    for (const [, i] of order.slice(0, 60)) await readFile(objects, infos, i)
    await quiet(store)
    t.ok(store.gets <= 70, `${store.gets} GETs for 60 files`)
  })
  await t.test('a walk that stops leaves at most 32 files fetched for nothing', async (t) => {
    const { store, objects } = bucket()
    const infos = files(store, 200)
    for (let i = 0; i < 60; i += 1) await readFile(objects, infos, i)
    await quiet(store)
    t.ok(store.gets <= 60 + 32, `${store.gets} GETs for 60 files`)
    t.equal(
      objects.usage().wasted,
      infos.slice(60, store.gets).reduce((sum, it) => sum + it.size, 0),
    )
  })
  await t.test('one file alone, or two: no more than those and a guess', async (t) => {
    const { store, objects } = bucket()
    const infos = files(store, 200)
    await readFile(objects, infos, 0)
    await quiet(store)
    t.equal(store.gets, 1)
    await readFile(objects, infos, 1)
    await quiet(store)
    t.equal(store.gets, 4)
  })
  await t.test('large ones among them are not fetched ahead', async (t) => {
    const { store, objects } = bucket()
    const infos = Array.from({ length: 20 }, (_, i) => store.put(`mixed${i}`, i % 2 === 0 ? KiB : 3 * MiB))
    for (let i = 0; i < 10; i += 1) await readFile(objects, infos, i)
    await quiet(store)
    t.ok(store.bytes <= 5 * MiB + 42 * KiB, `${store.bytes} bytes`)
  })
})

t.test('however many are on their way for one program, Node takes none of it for a leak', async (t) => {
  const warnings: Error[] = []
  const note = (it: Error): number => warnings.push(it)
  process.on('warning', note)
  t.teardown(() => process.off('warning', note))
  const { store, objects } = bucket()
  const infos = Array.from({ length: 200 }, (_, i) => store.put(`small${String(i).padStart(3, '0')}`, KiB))
  const after = (i: number) => () => infos.slice(i + 1)
  for (const [i, info] of infos.slice(0, 12).entries()) {
    // From here on nothing comes any more, so that what is fetched ahead piles up.
    if (i === 3) store.stall()
    const reading = objects.open(info, after(i)).read({ start: 0, end: KiB }, never)
    if (i < 3) await reading
    else reading.catch(() => undefined)
  }
  await until('much to be on its way', () => store.underWay > 11)
  store.goOn()
  await quiet(store)
  t.same(warnings, [])
})
