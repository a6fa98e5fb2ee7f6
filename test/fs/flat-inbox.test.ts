/** Each file of an inbox has one name in new/, and keeps it whatever else comes. */
import fc from 'fast-check'
import t from 'tap'
import { FlatInbox } from '../../src/fs/new/flat-inbox.js'
import { FlatRun } from '../../src/fs/new/flat-run.js'
import { KeyIndex } from '../../src/listing/key-index.js'
import { IndexTree } from '../../src/listing/key-tree.js'
import { compareKeys } from '../../src/s3/key-order.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import { fileId } from '../../src/taking/file-id.js'
import type { Key, Prefix } from '../../src/units.js'
import { flatName } from '../../src/view/flat-name.js'

const prefix = 'AS2/files/A/B/inbox/' as Prefix

function object(path: string, mtime: number): ObjectInfo {
  return { key: `${prefix}${path}` as Key, size: 1, mtime, etag: '' }
}

function inboxOf(objects: readonly ObjectInfo[]): FlatInbox {
  const sorted = [...objects].sort((a, b) => compareKeys(a.key, b.key))
  const tree = new IndexTree(KeyIndex.of(prefix, sorted), { listedAt: 0, completeAt: 0 })
  return new FlatInbox(tree, (run) => new FlatRun(run))
}

function namesOf(objects: readonly ObjectInfo[]): Map<string, string> {
  const inbox = inboxOf(objects)
  const positions = Array.from({ length: inbox.size }, (_, i) => i).filter((it) => inbox.isFile(it))
  return new Map(positions.map((it) => [inbox.object(it).key, inbox.name(it)]))
}

const path = fc.stringMatching(/^[ab_.~%0/]{1,7}$/)
const paths = fc.uniqueArray(path, { maxLength: 30 })

t.test('names differ, find their files again, and are at most 180 bytes', async (t) => {
  fc.assert(
    fc.property(paths, fc.array(fc.nat(5), { minLength: 30, maxLength: 30 }), (all, times) => {
      const objects = all.map((it, i) => object(it, times[i] ?? 0))
      const inbox = inboxOf(objects)
      const names = new Set<string>()
      for (let i = 0; i < inbox.size; i += 1) {
        const name = inbox.name(i)
        names.add(name)
        if (inbox.withName(name) !== i) t.fail(`${name} is not found again`)
        if (inbox.withId(fileId(inbox.object(i))) !== i) t.fail(`${name} is not found by its id`)
        if (name.includes('/') || name === '' || name === '.' || name === '..') t.fail(`${name} is no name`)
        if (Buffer.byteLength(name) > 180) t.fail(`${name} is too long`)
      }
      t.equal(names.size, inbox.size)
    }),
    { numRuns: 200 },
  )
})

t.test('what comes later changes nobody’s name', async (t) => {
  fc.assert(
    fc.property(paths, fc.nat(29), (all, count) => {
      const objects = all.map((it, i) => object(it, i))
      const [before, after] = [namesOf(objects.slice(0, count)), namesOf(objects)]
      for (const [key, name] of before)
        if (after.get(key) !== name) t.fail(`${key} was ${name}, is ${after.get(key) ?? ''}`)
    }),
    { numRuns: 200 },
  )
})

t.test('names in particular', async (t) => {
  const cases: Readonly<Record<string, string | RegExp>> = {
    '720784109397786/EN_856.txt': '720784109397786_EN_856.txt',
    'a/b/c.edi': 'a_b_c.edi',
    'c.edi': 'c.edi',
    'a//b': 'a_%2F_b',
    'a/../b': 'a_%2E%2E_b',
    'a/x\u0001y': 'a_x%01y',
    'a/100%0A': 'a_100%250A',
    [`1/${'ü'.repeat(200)}.edi`]: /^1_ü+~[0-9a-f]{16}\.edi$/,
    [`1/${'x'.repeat(200)}.${'y'.repeat(40)}`]: /^1_x+~[0-9a-f]{16}$/,
  }
  for (const [key, name] of Object.entries(cases)) {
    t.match(flatName(key), name)
    t.ok(Buffer.byteLength(flatName(key)) <= 180)
  }
})

t.test('markers of folders are no files', async (t) => {
  const marker = { ...object('a/', 1), size: 0 }
  t.same([...namesOf([marker, object('a/b', 1)]).values()], ['a_b'])
})
