import { deepStrictEqual, ok } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { listWhole } from '../../src/listing/list-whole.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { StoreError } from '../../src/s3/store-error.js'
import { anyKey, inbox } from '../helpers/listed.js'
import { MemoryStore, type MemoryStoreOptions } from '../helpers/memory-store.js'

const { signal } = new AbortController()
/** What guesses may cost beyond the pages themselves. @see list-whole.ts */
const guesses = 7

/** @returns how many LISTs it took, and how many of them were under way at once */
async function whole(
  keys: Iterable<string>,
  options: MemoryStoreOptions = {},
): Promise<{ objects: ObjectInfo[]; found: ObjectInfo[]; lists: number; most: number }> {
  const store = new MemoryStore(options)
  const objects = [...keys].map((key) => store.set(inbox + key, 'x', 1_000))
  store.set('AS2/files/A/B/inbox0/', 'x')
  objects.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  let [now, most] = [0, 0]
  store.intercept = () => {
    now += 1
    most = Math.max(most, now)
    setImmediate(() => (now -= 1))
    return { hold: new Promise((resolve) => setImmediate(resolve)) }
  }
  const index = await listWhole(store, inbox, signal)
  return { objects, found: [...index.objects()], lists: store.count('list'), most }
}

function* numbered(count: number, of: (n: number) => string): Generator<string> {
  for (let n = 0; n < count; n += 1) yield of(n)
}

t.test(
  'what is found is what a listing in one piece finds, however the keys lie and however short the pages are',
  async (t) => {
    const clustered = fc
      .array(fc.tuple(anyKey, fc.integer({ min: 1, max: 40 })), { maxLength: 6 })
      .map((clusters) =>
        clusters.flatMap(([key, count]) => [...numbered(count, (n) => `${key}${String(n).padStart(3, '0')}`)]),
      )
    const numbers = fc.array(
      fc.integer({ min: 0, max: 999_999 }).map((n) => `${String(n).padStart(6, '0')}/x`),
      { maxLength: 150 },
    )
    const keys = fc.oneof(fc.array(anyKey, { maxLength: 150 }), clustered, numbers).map((them) => [...new Set(them)])
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 9 }), async (them, pageLimit) => {
        const { objects, found, lists } = await whole(them, { pageLimit })
        deepStrictEqual(found, objects)
        const pages = Math.max(1, Math.ceil(objects.length / pageLimit))
        ok(lists <= pages + Math.max(guesses, lists / 16), `${lists} LISTs for ${pages} pages`)
      }),
      { numRuns: 600 },
    )
    t.pass()
  },
)

for (const [what, of] of [
  ['messages that count up', (n: number) => `${720_784_109_390_000 + n}/order.edi`],
  ['messages with gaps', (n: number) => `${720_784_109_390_000 + n * 86_413}/order.edi`],
  ['files in one folder', (n: number) => `${7_207_841_093_000_000 + n}.edi`],
  ['random names', (n: number) => `${((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0')}-${n}`],
  ['one folder of them', (n: number) => `archive/2026/${String(n).padStart(7, '0')}`],
  ['names beyond the BMP', (n: number) => `\u{1f600}${String(n).padStart(7, '0')}`],
] as const) {
  t.test(`100,000 ${what}: at most 107 LISTs, several at a time`, async (t) => {
    const { objects, found, lists, most } = await whole(numbered(100_000, of))
    t.equal(found.length, 100_000)
    t.ok(found.every((it, i) => it.key === objects[i]?.key))
    t.ok(lists <= 107, `${lists} LISTs`)
    t.ok(most >= 4 && most <= 6, `${most} at a time`)
  })
}

t.test('a view of few pages is listed one after the other', async (t) => {
  t.equal((await whole(numbered(3_000, String))).lists, 3)
  t.equal((await whole([])).lists, 1)
})

t.test('one LIST that fails ends them all', async (t) => {
  const store = new MemoryStore()
  for (const key of numbered(20_000, (n) => String(1e9 + n))) store.set(inbox + key, 'x')
  let calls = 0
  store.intercept = () =>
    (calls += 1) === 9 ? { before: new StoreError('EACCES', 'permanent', 'AccessDenied', 'No.', {}) } : undefined
  await t.rejects(listWhole(store, inbox, signal), { code: 'EACCES' })
  const asked = store.count('list')
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(store.count('list'), asked, 'nothing goes on')
})
