/** What every store's uploads keep to. */
import { createHash } from 'node:crypto'
import type { Test } from 'tap'
import type { Key } from '../../../src/units.js'
import {
  bytesOf,
  failureOf,
  freshPrefix,
  get,
  keyOf,
  listAll,
  patience,
  put,
  smallestPart,
  streamOf,
  type Subject,
} from './subject.js'

export async function testWriting(t: Test, subject: Subject): Promise<void> {
  const { store, differences } = subject

  await t.test('an object holds just the bytes that were put', async (t) => {
    const prefix = freshPrefix()
    for (const size of [0, 1, 65_537, smallestPart + 1]) {
      const [key, bytes] = [keyOf(prefix, `${size} bytes + 100%/🚚.edi`), bytesOf(size)]
      const result = await put(store, key, bytes)
      t.equal(result.etag, createHash('md5').update(bytes).digest('hex'))
      t.ok(result.requestId)
      t.ok((await get(store, key)).equals(bytes), `${size} bytes`)
    }
    t.match((await listAll(store, { prefix })).objects, [{ size: 0 }, { size: 1 }, { size: smallestPart + 1 }, {}])
  })

  await t.test('a second put replaces the first', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'order.edi')
    await put(store, key, bytesOf(100))
    await put(store, key, bytesOf(50))
    t.ok((await get(store, key)).equals(bytesOf(50)))
    t.equal((await listAll(store, { prefix })).objects.length, 1, 'one version is listed')
  })

  await t.test('a put only where nothing is', async (t) => {
    const key = keyOf(freshPrefix(), 'order.edi')
    await put(store, key, bytesOf(100), true)
    const again = await failureOf(put(store, key, bytesOf(50), true))
    const isIgnored = differences.includes('If-None-Match is ignored by PutObject into a versioned bucket')
    t.same(again, isIgnored ? 'it did not fail' : ['EEXIST', 'condition'])
    t.equal((await get(store, key)).length, isIgnored ? 50 : 100)
  })

  await t.test('a key that is too long is refused as such', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'x'.repeat(1025 - prefix.length))
    const isOtherwise = differences.includes('a key that is too long is an InvalidObjectName')
    const expected = [isOtherwise ? 'EINVAL' : 'ENAMETOOLONG', 'permanent']
    t.same(await failureOf(put(store, key, bytesOf(1))), expected)
  })

  await t.test('a put that is given up before it began has no effect', async (t) => {
    const key = keyOf(freshPrefix(), 'order.edi')
    const given = store.put({ key, size: 3, body: () => streamOf(bytesOf(3)) }, AbortSignal.abort())
    t.same(await failureOf(given), ['ETIMEDOUT', 'transient'])
    t.equal(await store.head(key, patience()), undefined)
  })
}

/** Multipart uploads too are what one file becomes. */
export async function testMultipart(t: Test, { store, differences }: Subject): Promise<void> {
  const upload = (key: Key, id: string, number: number, bytes: Buffer) =>
    store.uploadPart(key, id, { number, size: bytes.length, body: () => streamOf(bytes) }, patience())

  const isWithoutEtag = differences.includes('CompleteMultipartUpload answers an empty ETag')
  await t.test('parts become one object when they are completed, and not before', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'large + 100%/🚚.zip')
    const parts = [bytesOf(smallestPart), bytesOf(smallestPart + 7).reverse(), bytesOf(1)]
    const id = await store.createMultipart(key, patience())
    // The second one twice, and the last one first.
    await upload(key, id, 2, bytesOf(smallestPart))
    const third = await upload(key, id, 3, parts[2]!)
    const [first, second] = await Promise.all([upload(key, id, 1, parts[0]!), upload(key, id, 2, parts[1]!)])
    t.same((await listAll(store, { prefix })).keys, [])
    t.equal(await store.head(key, patience()), undefined)
    const completed = store.completeMultipart(key, id, [first, second, third], true, patience())
    // Without an ETag nobody can tell what became of it.
    if (isWithoutEtag) t.same(await failureOf(completed), ['EIO', 'transient'])
    const result = await completed.catch(() => undefined)
    t.ok((await get(store, key)).equals(Buffer.concat(parts)))
    const etag = (await store.head(key, patience()))?.etag
    t.match(etag, /^[0-9a-f]{32}-3$/)
    if (isWithoutEtag) return
    t.equal(result?.etag, etag)
    t.ok(result?.requestId)
  })

  await t.test('parts are completed only where nothing is', async (t) => {
    const key = keyOf(freshPrefix(), 'large.zip')
    const isIgnored = differences.includes('If-None-Match is ignored by CompleteMultipartUpload')
    const id = await store.createMultipart(key, patience())
    const part = await upload(key, id, 1, bytesOf(10))
    const other = await store.createMultipart(key, patience())
    const others = await upload(key, other, 1, bytesOf(20))
    const done = isWithoutEtag ? ['EIO', 'transient'] : 'it did not fail'
    t.same(await failureOf(store.completeMultipart(key, other, [others], true, patience())), done)
    const late = await failureOf(store.completeMultipart(key, id, [part], true, patience()))
    t.same(late, isIgnored ? done : ['EEXIST', 'condition'])
    t.equal((await get(store, key)).length, isIgnored ? 10 : 20)
    await store.abortMultipart(key, id, patience())
  })

  await t.test('what is aborted leaves nothing, and can’t go on', async (t) => {
    const prefix = freshPrefix()
    const key = keyOf(prefix, 'large.zip')
    const id = await store.createMultipart(key, patience())
    const part = await upload(key, id, 1, bytesOf(10))
    await store.abortMultipart(key, id, patience())
    t.same((await listAll(store, { prefix })).keys, [])
    const isOtherwise = differences.includes('CompleteMultipartUpload after an abort is an InternalError')
    const expected = isOtherwise ? ['EIO', 'transient'] : ['ENOENT', 'absent']
    t.same(await failureOf(store.completeMultipart(key, id, [part], false, patience())), expected)
    t.same(await failureOf(upload(key, id, 2, bytesOf(10))), ['ENOENT', 'absent'])
    await store.abortMultipart(key, id, patience())
    t.equal(await store.head(key, patience()), undefined)
  })

  await t.test('a part that is not what was uploaded is refused', async (t) => {
    const key = keyOf(freshPrefix(), 'large.zip')
    const id = await store.createMultipart(key, patience())
    const part = await upload(key, id, 1, bytesOf(10))
    const wrong = [{ ...part, etag: '0'.repeat(32) }]
    t.same(await failureOf(store.completeMultipart(key, id, wrong, false, patience())), ['EIO', 'transient'])
    t.equal(await store.head(key, patience()), undefined)
    await store.abortMultipart(key, id, patience())
  })
}
