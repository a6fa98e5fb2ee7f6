/** What every store's listings keep to. */
import type { Test } from 'tap'
import type { Prefix } from '../../../src/units.js'
import {
  bytesOf,
  failureOf,
  freshPrefix,
  get,
  inBinaryOrder,
  keyOf,
  listAll,
  patience,
  type Subject,
} from './subject.js'

const oddNames: readonly string[] = [
  'plain.edi',
  'with space and  two.edi',
  ' begins and ends ',
  'plus+plus and%2Bescape',
  '100% a%20b',
  'percent%',
  '%',
  '%00%zz',
  'tab\tnewline\nreturn\rend',
  'control \u0001\u001f\u007f',
  'next line \u0085 and line separator \u2028',
  '..',
  '../up',
  '../../../up',
  'down/../up',
  '.',
  './here',
  'empty//segment',
  'empty///two',
  '/at the start',
  'at the end/',
  '&amp; <xml> "quotes" \'too\' ]]>',
  '?query=1&list-type=2#fragment',
  'back\\slash|pipe;semi:colon,comma=$@!*()[]{}^`~',
  'umlaut Größe composed and Gro\u0308ße decomposed',
  '訂單.edi',
  'emoji 🚚📦.edi',
  // In JavaScript's order, which is UTF-16's, the first of these two comes after the second.
  'private use \uE000',
  'beyond the BMP \u{10FFFD}',
  '\uFFFD',
  '\u{1F600}',
  'noncharacter \uFFFE',
]
const longest = 1024

export async function testListing(t: Test, { store, put }: Subject): Promise<void> {
  await t.test('odd keys are listed as they are, in the order of their bytes, and read', async (t) => {
    const prefix = freshPrefix()
    const room = longest - prefix.length
    const full = keyOf(prefix, 'é'.repeat(Math.floor(room / 2)) + 'x'.repeat(room % 2))
    t.equal(Buffer.byteLength(full), longest)
    const keys = [...oddNames.map((it) => keyOf(prefix, it)), full]
    for (const key of keys) await put(key, Buffer.from(`content of ${key}`))
    const { keys: listed } = await listAll(store, { prefix })
    t.same(listed, inBinaryOrder(keys))
    for (const key of keys) {
      t.equal((await get(store, key)).toString(), `content of ${key}`, encodeURI(key))
      t.match(await store.head(key, patience()), { key, size: Buffer.byteLength(`content of ${key}`) })
    }
    await t.test('page by page they are the same', async (t) => {
      for (const maxKeys of [1, 3]) t.same((await listAll(store, { prefix, maxKeys })).keys, listed)
    })
    await t.test('each of them is a place to start after', async (t) => {
      for (const startAfter of keys) {
        const page = await listAll(store, { prefix, startAfter })
        t.same(page.keys, listed.slice(listed.indexOf(startAfter) + 1), encodeURI(startAfter))
      }
    })
    await t.test('and the prefix of a listing', async (t) => {
      for (const folder of ['../', './', 'empty//', '/', 'down/../', '../../'].map((it) => prefix + it)) {
        const expected = listed.filter((it) => it.startsWith(folder))
        t.same((await listAll(store, { prefix: folder as Prefix })).keys, expected, folder)
      }
    })
  })

  await t.test('folders are rolled up, each once, however small the pages', async (t) => {
    const prefix = freshPrefix()
    const names = ['a', 'b/', 'b/1', 'b/2/x', 'c 🚚/1', 'c%2F/1', 'd+/1', 'e//1', 'f', '/g', '../h', 'z/1', 'z/2']
    for (const name of names) await put(keyOf(prefix, name), bytesOf(1))
    const folders = inBinaryOrder(['/', '../', 'b/', 'c 🚚/', 'c%2F/', 'd+/', 'e/', 'z/'].map((it) => prefix + it))
    for (const maxKeys of [1, 2, 3, 1000]) {
      const { keys, prefixes } = await listAll(store, { prefix, delimiter: '/', maxKeys })
      t.same({ keys, prefixes }, { keys: [`${prefix}a`, `${prefix}f`], prefixes: folders }, `pages of ${maxKeys}`)
    }
    const inside = await listAll(store, { prefix: `${prefix}b/` as Prefix, delimiter: '/' })
    t.match(inside, { keys: [`${prefix}b/`, `${prefix}b/1`], prefixes: [`${prefix}b/2/`] }, 'a marker is an object')
  })

  await t.test('more keys than a page holds, from anywhere', async (t) => {
    const prefix = freshPrefix()
    const keys = Array.from({ length: 1_050 }, (_, i) => keyOf(prefix, String(i).padStart(5, '0')))
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => put(key, bytesOf(3))))
    }
    const whole = await listAll(store, { prefix })
    t.same(whole.keys, keys)
    t.ok(whole.pages > 1)
    t.same((await listAll(store, { prefix, startAfter: keyOf(prefix, '00011') })).keys, keys.slice(12))
    t.same((await listAll(store, { prefix, startAfter: keyOf(prefix, '00011+') })).keys, keys.slice(12), 'not a key')
    t.same((await listAll(store, { prefix, startAfter: keys[1_049]! })).keys, [], 'after the last')
    t.same((await listAll(store, { prefix, startAfter: keyOf(freshPrefix(), '') })).keys, [], 'behind the prefix')
    t.equal((await store.list({ prefix, maxKeys: 2 }, patience())).objects.length, 2)
  })

  await t.test('what is put or deleted is so in the next listing', async (t) => {
    const subject = { prefix: freshPrefix() }
    t.same(await listAll(store, subject), { objects: [], keys: [], prefixes: [], pages: 1 })
    const key = keyOf(subject.prefix, 'order.edi')
    const before = Date.now()
    await put(key, bytesOf(10))
    const [object] = (await listAll(store, subject)).objects
    t.match(object, { key, size: 10 })
    t.ok(Math.abs((object?.mtime ?? 0) - before) < 60_000, 'LastModified is the time of the put')
  })

  await t.test('a listing that is given up fails in time', async (t) => {
    const given = store.list({ prefix: freshPrefix() }, AbortSignal.abort())
    t.same(await failureOf(given), ['ETIMEDOUT', 'transient'])
  })
}
