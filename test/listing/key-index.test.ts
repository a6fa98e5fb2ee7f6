import { deepStrictEqual, equal } from 'node:assert'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { KeyIndex } from '../../src/listing/key-index.js'
import { afterFolder, compareKeys } from '../../src/s3/key-order.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { anyKey, anyObjects, inbox, messages, objectsOf } from '../helpers/listed.js'

const below = (object: ObjectInfo) => object.key.slice(inbox.length)
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

t.test('keys are in UTF-8 binary order', async (t) => {
  fc.assert(
    fc.property(anyKey, anyKey, (a, b) => Math.sign(compareKeys(a, b)) === byBytes(a, b)),
    { numRuns: 5_000 },
  )
  t.ok(compareKeys('\u{1f600}', '\uffee') > 0, "JavaScript's own order says otherwise")
})

t.test('all below a folder is before the key that is said to be after it', async (t) => {
  fc.assert(
    fc.property(anyKey, anyKey, (folder, key) => {
      const path = `${folder}/`
      return (
        compareKeys(path + key, afterFolder(path)) < 0 &&
        (key.startsWith(path) || byBytes(key, path) < 0 === byBytes(key, afterFolder(path)) < 0)
      )
    }),
    { numRuns: 5_000 },
  )
  t.pass()
})

t.test('an index gives back what was put into it', async (t) => {
  fc.assert(
    fc.property(anyObjects, fc.array(anyKey, { maxLength: 5 }), (objects, asked) => {
      const index = KeyIndex.of(inbox, objects)
      deepStrictEqual([...index.objects()], objects)
      objects.forEach((object, position) => {
        deepStrictEqual(index.object(position), object)
        equal(index.find(below(object)), position)
      })
      for (const key of asked) {
        equal(index.lowerBound(key), objects.filter((it) => byBytes(below(it), key) < 0).length)
        equal(index.upperBound(key), objects.filter((it) => byBytes(below(it), key) <= 0).length)
      }
    }),
  )
  t.pass()
})

t.test('a range of keys is replaced as in a plain list', async (t) => {
  const bound = fc.option(anyKey, { nil: undefined })
  fc.assert(
    fc.property(anyObjects, anyObjects, bound, bound, (objects, others, after, through) => {
      const isIn = (it: ObjectInfo) =>
        (after === undefined || byBytes(below(it), after) > 0) &&
        (through === undefined || byBytes(below(it), through) <= 0)
      const fresh = others.filter(isIn)
      const [index, keys] = [KeyIndex.of(inbox, objects), new Set(objects.filter((it) => !isIn(it)))]
      const replaced = index.replaced({ after, through }, fresh)
      const wanted = [...keys, ...fresh].sort((a, b) => byBytes(a.key, b.key))
      deepStrictEqual([...replaced.objects()], wanted)
      deepStrictEqual([...index.objects()], objects, 'the old one stays as it was')
      equal(replaced.replaced({ after, through }, fresh), replaced, 'the same again changes nothing')
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a key is taken out of a large index without another copy of it', async (t) => {
  const index = KeyIndex.of(inbox, messages(10_000))
  const fewer = index.without('720784109395000/order.edi')
  t.equal(fewer.size, 9_999)
  t.equal(fewer.find('720784109395000/order.edi'), undefined)
  t.equal(fewer.find('720784109395001/order.edi'), 5_000)
  t.equal(index.without('no such key'), index)
})

t.test('the end of a folder is found, however many keys it holds', async (t) => {
  for (const count of [1, 2, 3, 4, 7, 500, 1_234]) {
    const keys = Array.from({ length: count }, (_, i) => `b/${String(i).padStart(5, '0')}`)
    const index = KeyIndex.of(inbox, objectsOf(['a', ...keys, 'c', 'd']))
    t.equal(index.endOf('b/', 1), 1 + count)
    t.equal(KeyIndex.of(inbox, objectsOf(keys)).endOf('b/', 0), count)
  }
})

t.test('the newest and the recent are told by time', async (t) => {
  const index = KeyIndex.of(
    inbox,
    objectsOf([
      { key: 'a', mtime: 5 },
      { key: 'b', mtime: 9 },
      { key: 'c', mtime: 2 },
      { key: 'd', mtime: 8 },
      { key: 'e', mtime: 1 },
    ]),
  )
  t.equal(index.newest(0, 5), 9)
  t.equal(index.newest(2, 3), 2)
  t.equal(index.newest(2, 2), 0)
  t.same(index.span(6), [1, 3])
  t.equal(index.span(10), undefined)
  t.same([...index.recent(5)].map(below), ['a', 'b', 'd'])
  t.same([...index.recent(5, 1, 3)].map(below), ['b'])
})

t.test('those of a name are found among the recent ones, in whatever folder', async (t) => {
  const keys = Array.from({ length: 2_000 }, (_, i) => [`${i % 7}/order-${i % 300}.edi`, `order-${i}.edi`]).flat()
  const sorted = [...new Set([...keys, 'x/y/', 'z/order-5.edi/order-6.edi', 'a-order-5.edi'])].sort()
  const index = KeyIndex.of(inbox, objectsOf(sorted.map((key, i) => ({ key, mtime: i % 11 }))))
  const last = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
  for (const name of ['order-5.edi', 'order-6.edi', 'order-1999.edi', 'order-299.edi', '', 'y', 'rder-5.edi', 'none']) {
    for (const [since, from, to] of [
      [0, 0, index.size],
      [5, 0, index.size],
      [11, 0, index.size],
      [3, 700, 1_301],
      [0, 40, 40],
    ] as const) {
      const expected = [...index.recent(since, from, to)].filter(({ key }) => last(key) === name)
      t.same([...index.recentNamed(name, since, from, to)], expected, `${name} since ${since}, ${from} to ${to}`)
    }
  }
  t.ok([...index.recentNamed('order-5.edi', 0)].length > 3, 'in several folders')
})

t.test('1,000,000 messages: found, replaced and counted, at about 60 bytes for each', async (t) => {
  const count = 1_000_000
  const before = bytesUsed()
  const index = KeyIndex.of(inbox, messages(count))
  const each = (bytesUsed() - before) / count
  t.ok(each < 90, `${each} bytes`)
  t.equal(index.size, count)
  for (const position of [0, 1, 499, 500, 123_456, count - 1]) {
    const key = `${720_784_109_390_000 + position}/order.edi`
    t.equal(index.find(key), position)
    t.match(index.object(position), { key: inbox + key, size: 2_000 + position, mtime: 1_000 * position })
  }
  t.equal(index.newest(0, count), 1_000 * (count - 1))
  t.same(index.span(1_000 * (count - 1) - 15 * 60_000), [count - 901, count - 1])
  const last = index.key(count - 10)
  const grown = index.replaced({ after: last, through: undefined }, [...messages(109, 720_784_109_390_000 + count - 9)])
  t.equal(grown.size, count + 100)
})

function bytesUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc()')
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
