/** What every store's reads keep to. */
import type { Test } from 'tap'
import type { ByteRange } from '../../../src/s3/store.js'
import { bytesOf, failureOf, freshPrefix, get, keyOf, listAll, patience, type Subject } from './subject.js'

export async function testReading(t: Test, subject: Subject): Promise<void> {
  const { store } = subject

  await t.test('an object is read whole, whatever its size', async (t) => {
    const prefix = freshPrefix()
    for (const size of [0, 1, 4_095, 65_536, 3_000_001]) {
      const key = keyOf(prefix, String(size))
      await subject.put(key, bytesOf(size))
      t.ok((await get(store, key)).equals(bytesOf(size)), `${size} bytes`)
    }
  })

  await t.test('a range is read as asked for, and ends with the object', async (t) => {
    const [prefix, whole] = [freshPrefix(), bytesOf(100_000)]
    const key = keyOf(prefix, 'order.edi')
    await subject.put(key, whole)
    const ranges: ByteRange[] = [
      { start: 0, end: 1 },
      { start: 1, end: 2 },
      { start: 0, end: 100_000 },
      { start: 99_999, end: 100_000 },
      { start: 99_999, end: 200_000 },
      { start: 4_096, end: 70_001 },
    ]
    for (const range of ranges) {
      const bytes = await store.get({ key, range }, patience())
      t.ok(whole.subarray(range.start, range.end).equals(bytes), JSON.stringify(range))
    }
    const behind = store.get({ key, range: { start: 100_000, end: 100_001 } }, patience())
    t.same(await failureOf(behind), ['EIO', 'permanent'], 'behind the end there is nothing')
  })

  await t.test('memory that fits is used, other memory is not', async (t) => {
    const key = keyOf(freshPrefix(), 'order.edi')
    await subject.put(key, bytesOf(1_000))
    const into = new Uint8Array(500)
    t.equal(await store.get({ key, range: { start: 500, end: 1_000 }, into }, patience()), into)
    t.ok(bytesOf(1_000).subarray(500).equals(into))
    const part = await store.get({ key, range: { start: 900, end: 2_000 }, into }, patience())
    t.not(part, into)
    t.ok(bytesOf(1_000).subarray(900).equals(part))
  })

  await t.test('the version that was listed is read, or none', async (t) => {
    const key = keyOf(freshPrefix(), 'order.edi')
    await subject.put(key, bytesOf(100))
    const etag = (await store.head(key, patience()))!.etag
    const range = { start: 10, end: 20 }
    t.ok(bytesOf(100).equals(await store.get({ key, etag }, patience())))
    t.ok(
      bytesOf(100)
        .subarray(10, 20)
        .equals(await store.get({ key, etag, range }, patience())),
    )
    await subject.put(key, bytesOf(200))
    t.same(await failureOf(store.get({ key, etag }, patience())), ['ESTALE', 'condition'])
    t.same(await failureOf(store.get({ key, etag, range }, patience())), ['ESTALE', 'condition'])
    await subject.delete(key)
    t.same(await failureOf(store.get({ key, etag }, patience())), ['ENOENT', 'absent'], 'gone')
    t.same(await failureOf(store.get({ key, etag, range }, patience())), ['ENOENT', 'absent'])
  })

  await t.test('an ETag is the same wherever it is shown', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'order.edi')
    await subject.put(key, bytesOf(100))
    const [listed] = (await listAll(store, { prefix })).objects
    const head = await store.head(key, patience())
    t.match(listed?.etag, /^[0-9a-f]{32}$/)
    t.match(head, { key, size: 100, etag: listed?.etag })
    // Some servers know whole seconds here.
    t.equal(Math.floor((head?.mtime ?? 0) / 1000), Math.floor((listed?.mtime ?? 0) / 1000))
  })

  await t.test('what is not there is absent', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'never was.edi')
    t.equal(await store.head(key, patience()), undefined)
    t.same(await failureOf(store.get({ key }, patience())), ['ENOENT', 'absent'])
    await subject.put(key, bytesOf(1))
    await subject.delete(key)
    t.equal(await store.head(key, patience()), undefined)
    t.same((await listAll(store, { prefix })).keys, [])
  })

  await t.test('a read that is given up fails in time', async (t) => {
    const key = keyOf(freshPrefix(), 'order.edi')
    await subject.put(key, bytesOf(1))
    t.same(await failureOf(store.get({ key }, AbortSignal.abort())), ['ETIMEDOUT', 'transient'])
    t.same(await failureOf(store.head(key, AbortSignal.abort())), ['ETIMEDOUT', 'transient'])
  })
}
