/** Sets of ids hold what a Set would, in 64 bytes each at most. */
import fc from 'fast-check'
import t from 'tap'
import {
  fileId,
  idWords,
  isPackedIds,
  packIds,
  readId,
  unpackIds,
  writeId,
  type FileId,
} from '../../src/taking/file-id.js'
import { IdSet } from '../../src/taking/id-set.js'

const idOf = (number: number): FileId =>
  fileId({ key: `AS2/files/A/B/inbox/${number}/x`, etag: 'e', size: 1, mtime: 0 })
const words = (number: number): Uint32Array => writeId(idOf(number), new Uint32Array(4))

t.test('an id is the same after it was written and read', async (t) => {
  for (let i = 0; i < 100; i += 1) t.equal(readId(words(i)), idOf(i))
})

t.test('the same key with another content is another file; without an ETag, with another time', async (t) => {
  const version = { key: 'k', etag: 'e', size: 1, mtime: 1 }
  t.equal(fileId(version), fileId({ ...version, mtime: 2 }))
  for (const other of [{ key: 'l' }, { etag: 'f' }, { size: 2 }])
    t.not(fileId(version), fileId({ ...version, ...other }))
  t.not(fileId({ ...version, etag: '' }), fileId({ ...version, etag: '', mtime: 2 }))
})

t.test('what was added is there, what was left out is not, and nothing else', async (t) => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(60) }),
    fc.record({ leaveOut: fc.nat(60) }),
    fc.record({ clear: fc.constant(true) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const set = new IdSet()
      const model = new Set<FileId>()
      for (const it of steps) {
        if ('add' in it) {
          t.equal(set.add(words(it.add)), !model.has(idOf(it.add)))
          model.add(idOf(it.add))
        } else if ('leaveOut' in it) {
          set.filter((ids, at) => readId(ids, at) !== idOf(it.leaveOut))
          model.delete(idOf(it.leaveOut))
        } else {
          set.clear()
          model.clear()
        }
      }
      const found: FileId[] = []
      set.forEach((ids, at) => found.push(readId(ids, at)))
      t.same(new Set(found), model)
      t.equal(set.size, model.size)
      for (let i = 0; i <= 60; i += 1) t.equal(set.has(words(i)), model.has(idOf(i)))
    }),
    { numRuns: 40 },
  )
})

t.test('90,000 marks take at most 64 bytes of memory each', async (t) => {
  const set = new IdSet()
  for (let i = 0; i < 90_000; i += 1) set.add(words(i))
  t.equal(set.size, 90_000)
  t.ok(set.bytes <= 64 * 90_000, `${set.bytes / 90_000} bytes`)
})

t.test('ids that come in the order of another set are as quickly in one that grows', async (t) => {
  const first = new IdSet()
  for (let i = 0; i < 30_000; i += 1) first.add(words(i))
  const second = new IdSet()
  const before = process.cpuUsage()
  first.forEach((ids, at) => second.add(ids, at))
  const { user } = process.cpuUsage(before)
  t.equal(second.size, 30_000)
  // Where each goes by the order of the first, it takes twenty times as long.
  t.ok(user < 200_000, `${Math.round(user / 1_000)} ms`)
})

t.test('ids in pieces are all that there are, and packed they are the same', async (t) => {
  const set = new IdSet()
  set.reserve(70)
  const room = set.bytes
  for (let i = 0; i < 70; i += 1) set.add(words(i))
  t.equal(set.bytes, room, 'there was room for them')
  const found: FileId[] = []
  for (const piece of set.pieces(32)) {
    const packed = packIds(piece)
    t.ok(isPackedIds(packed))
    const ids = unpackIds(packed)
    for (let at = 0; at < ids.length; at += idWords) found.push(readId(ids, at))
  }
  t.same(found.sort(), Array.from({ length: 70 }, (_, i) => idOf(i)).sort())
  for (const senseless of [
    '',
    'A',
    packIds(words(1)).slice(0, -1),
    `${packIds(words(1))}A`,
    `${packIds(words(1)).slice(0, -1)}=`,
    7,
  ]) {
    t.notOk(isPackedIds(senseless), String(senseless))
  }
})
