/** What a reader receives are the bytes of the version it opened, or an error: under pressure, failures and replacement. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createObjects } from '../../src/data/cached-objects.js'
import type { Objects, OpenObject } from '../../src/data/objects.js'
import { FsError } from '../../src/errors.js'
import type { GetRequest, ObjectInfo, Store } from '../../src/s3/store.js'
import type { Key } from '../../src/units.js'
import { seededRandom } from '../helpers/faults.js'
import { ScatteredStore } from '../helpers/scattered-store.js'
import { until } from '../helpers/until.js'
import { systemClock } from '../../src/telemetry/clock.js'

const times = { clock: systemClock, lastAnswer: () => -Infinity }

const MiB = 1024 * 1024
const never = new AbortController().signal

function objectsOver(store: ScatteredStore, budget: number): Objects {
  const ignore = (): void => undefined
  const lastAnswer = (): number => store.answeredAt
  return createObjects({ ...times, lastAnswer, store, budget, deadline: 60_000, onGone: ignore, onReplaced: ignore })
}

/** Reads as the kernel's door does: what comes is copied at once. @returns whether it is right; undefined: an error */
async function readsRight(
  object: OpenObject,
  content: Buffer,
  position: number,
  length: number,
  signal = never,
): Promise<boolean | undefined> {
  let copy: Buffer
  try {
    copy = Buffer.from(await object.read({ start: position, end: position + length }, signal))
  } catch (error) {
    if (error instanceof FsError && ['EIO', 'ETIMEDOUT', 'ESTALE', 'ENOENT'].includes(error.code)) return undefined
    throw error
  }
  return copy.equals(content.subarray(position, position + length))
}

t.test('any sequence of reads, by two readers at once, in any budget', async () => {
  const sizes = [0, 1, 130_000, MiB, MiB + 1, 4 * MiB, 9 * MiB + 77]
  const read = fc.record({
    object: fc.nat(sizes.length - 1),
    place: fc.nat(1000),
    length: fc.oneof(fc.constant(128 * 1024), fc.integer({ min: 1, max: 3 * MiB })),
    /** Goes on where the last read ended. */
    goesOn: fc.boolean(),
    reopens: fc.boolean(),
  })
  const reader = fc.array(read, { maxLength: 25 })
  const budget = fc.constantFrom(1, MiB, 6 * MiB, 12 * MiB, 64 * MiB)
  await fc.assert(
    fc.asyncProperty(reader, reader, budget, fc.nat(), async (one, other, budget, seed) => {
      const store = new ScatteredStore({ seed })
      const infos = sizes.map((size, i) => store.put(`object${i}`, size))
      const objects = objectsOver(store, budget)
      const run = async (steps: typeof one): Promise<boolean> => {
        const open = infos.map((it) => objects.open(it))
        const ends = infos.map(() => 0)
        for (const { object: i, place, length, goesOn, reopens } of steps) {
          const info = infos[i]!
          const position = goesOn ? ends[i]! : Math.floor((info.size * place) / 1000)
          ends[i] = position + length
          const isRight = await readsRight(open[i]!, store.content(info), position, length)
          if (isRight !== true) return false
          if (reopens) {
            open[i]!.close()
            open[i] = objects.open(info)
          }
        }
        for (const it of open) it.close()
        return true
      }
      return (await Promise.all([run(one), run(other)])).every(Boolean)
    }),
    { numRuns: 150 },
  )
})

interface Storm {
  readonly store: ScatteredStore
  readonly budget: number
  readonly sizes: readonly number[]
  /** Of all readers, those that go from a place on; the others jump. */
  readonly sequential: number
  readonly readers: number
  readonly signalOf?: () => AbortSignal
}

/** Many readers of few objects in a cache that holds a part of them; each byte is compared. */
async function storm(t: Test, { store, budget, sizes, sequential, readers, signalOf }: Storm): Promise<void> {
  const random = seededRandom(5)
  const infos = sizes.map((size, i) => store.put(`large${i}`, size))
  const objects = objectsOver(store, budget)
  let [right, failed] = [0, 0]
  const reader = async (info: ObjectInfo, isSequential: boolean): Promise<void> => {
    const object = objects.open(info)
    const content = store.content(info)
    let position = Math.floor(random() * info.size)
    for (let reads = 0; reads < 160; reads += 1) {
      const length = 1 + Math.floor(random() * 256 * 1024)
      position = isSequential ? position % info.size : Math.floor(random() * info.size)
      const isRight = await readsRight(object, content, position, length, signalOf?.())
      if (isRight === false) throw new Error(`wrong bytes of ${info.key} at ${position}`)
      if (isRight === true) right += 1
      else failed += 1
      position += length
    }
    object.close()
  }
  await Promise.all(Array.from({ length: readers }, (_, i) => reader(infos[i % infos.length]!, i < sequential)))
  t.ok(right > readers * 120, `${right} reads were right, ${failed} failed, ${store.gets} GETs`)
  t.ok(objects.usage().used <= budget)
}

const many = { budget: 12 * MiB, sizes: [20 * MiB, 17 * MiB + 5, 8 * MiB, 2 * MiB], sequential: 16, readers: 24 }
/** Windows wide enough for the largest blocks, whose memory is used again. */
const wide = { budget: 56 * MiB, sizes: [40 * MiB, 40 * MiB + 3], sequential: 2, readers: 8 }

t.test('a storm of readers in a cache that is far too small', async (t) => {
  await storm(t, { store: new ScatteredStore({ seed: 1 }), ...many })
})

t.test('a storm in memory that is filled again and again', async (t) => {
  await storm(t, { store: new ScatteredStore({ seed: 11 }), ...wide })
})

t.test('a storm while every fourth answer is cut and bytes of dead connections still come', async (t) => {
  await storm(t, { store: new ScatteredStore({ seed: 2, failures: 0.25 }), ...many })
  await storm(t, { store: new ScatteredStore({ seed: 12, failures: 0.25 }), ...wide })
})

t.test('a storm of readers that give up', async (t) => {
  const random = seededRandom(3)
  const signalOf = (): AbortSignal => {
    const controller = new AbortController()
    if (random() < 0.2) setImmediate(() => controller.abort())
    return controller.signal
  }
  await storm(t, { store: new ScatteredStore({ seed: 3, failures: 0.1 }), ...many, signalOf })
  await storm(t, { store: new ScatteredStore({ seed: 13, failures: 0.1 }), ...wide, signalOf })
})

t.test('one who is killed soon says nothing of the bucket: the next one is answered', async (t) => {
  const store = new ScatteredStore({ seed: 8 })
  const info = store.put('slow', 9 * MiB)
  const objects = objectsOver(store, 12 * MiB)
  const content = store.content(info)
  store.stall()
  const killed = new AbortController()
  const first = readsRight(objects.open(info), content, 2 * MiB, 128 * 1024, killed.signal)
  killed.abort()
  t.equal(await first, undefined)
  const second = readsRight(objects.open(info), content, 2 * MiB, 128 * 1024)
  store.goOn()
  t.equal(await second, true)
})

t.test('a read that lies in many blocks waits for all of them at once', async (t) => {
  const store = new ScatteredStore({ seed: 9 })
  const info = store.put('wide', 40 * MiB)
  const objects = objectsOver(store, 64 * MiB)
  store.stall()
  const [start, length] = [9 * MiB + 132 * 1024, MiB]
  const isRight = readsRight(objects.open(info), store.content(info), start, length)
  await until('all of its GETs', () => store.underWay === 9)
  store.goOn()
  t.equal(await isRight, true)
  t.equal(await readsRight(objects.open(info), store.content(info), 20 * MiB, MiB), true)
  t.equal(store.gets, 10, 'one on the grid is a single GET')
})

t.test('replaced while it is read: the old bytes or ESTALE, never the new ones, never both in one', async (t) => {
  const store = new ScatteredStore({ seed: 4 })
  const info = store.put('replaced', 9 * MiB)
  const objects = objectsOver(store, 12 * MiB)
  const before = objects.open(info)
  const content = store.content(info)
  let stale = 0
  for (let position = 0; position < info.size; position += 256 * 1024) {
    if (position === 3 * MiB) store.put('replaced', 9 * MiB, 2)
    const isRight = await readsRight(before, content, position, 256 * 1024)
    t.not(isRight, false)
    if (isRight === undefined) stale += 1
  }
  t.ok(stale > 0)
  const now = store.put('replaced', 9 * MiB, 2)
  t.ok(await readsRight(objects.open(now), store.content(now), 0, 9 * MiB))
})

t.test('another size than the listing says: it was replaced', async (t) => {
  const store = new ScatteredStore({ seed: 6 })
  const info = { ...store.put('short', 1000), size: 1200 }
  const replaced: string[] = []
  const objects = createObjects({
    ...times,
    ...{ store, budget: MiB, deadline: 60_000, onGone: () => undefined },
    onReplaced: (key) => replaced.push(key),
  })
  await t.rejects(objects.open(info).read({ start: 0, end: 1200 }, never), { code: 'ESTALE' })
  t.same(replaced, ['short'])
})

t.test('gone: the listing is told', async (t) => {
  const store = new ScatteredStore({ seed: 7 })
  const info = { ...store.put('there', 10), key: 'gone' as ObjectInfo['key'] }
  const gone: string[] = []
  const objects = createObjects({
    ...times,
    ...{ store, budget: MiB, deadline: 60_000, onReplaced: () => undefined },
    onGone: (key) => gone.push(key),
  })
  await t.rejects(objects.open(info).read({ start: 0, end: 10 }, never), { code: 'ENOENT' })
  t.same(gone, ['gone'])
})

t.test('without ETags a version is told by its size and time', async (t) => {
  const asked: GetRequest[] = []
  const store = {
    get: async (request: GetRequest): Promise<Uint8Array> => {
      asked.push(request)
      const bytes = request.into ?? new Uint8Array(request.size ?? 0)
      return bytes.fill(String(asked.length).charCodeAt(0))
    },
  } as unknown as Store
  const ignore = (): void => undefined
  const objects = createObjects({
    ...{ ...times, store, budget: MiB, deadline: 60_000, onGone: ignore, onReplaced: ignore },
  })
  const content = async (mtime: number): Promise<string> => {
    const object = objects.open({ key: 'k' as Key, size: 3, mtime, etag: '' })
    try {
      return Buffer.from(await object.read({ start: 0, end: 3 }, never)).toString()
    } finally {
      object.close()
    }
  }
  t.equal(await content(1_000), '111')
  t.equal(await content(1_000), '111', 'it is known')
  t.equal(await content(5_000), '222', 'another time, another version')
  t.match(asked, [
    { size: 3, mtime: 1_000, etag: undefined },
    { size: 3, mtime: 5_000, etag: undefined },
  ])
})
