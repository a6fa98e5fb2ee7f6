import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import { KeyIndex } from '../../src/listing/key-index.js'
import { IndexTree } from '../../src/listing/key-tree.js'
import type { Entry } from '../../src/listing/listing.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import type { Key, Name } from '../../src/units.js'
import { anyObjects, inbox, messages, objectsOf, type Listed } from '../helpers/listed.js'
import { treeOfMaps } from './reference/tree-of-maps.js'

const times = { listedAt: 0, completeAt: 0 }

function treeOf(objects: readonly ObjectInfo[]): IndexTree {
  return new IndexTree(KeyIndex.of(inbox, objects), times)
}
function tree(...listed: (string | Listed)[]): IndexTree {
  return treeOf(objectsOf(listed))
}

interface Shown {
  readdir(names: readonly Name[]): Iterable<Entry> | undefined
}

/** All files by the paths that lead to them, and all folders. */
function walk(of: Shown, at: readonly Name[] = []): Map<string, Entry> {
  const found = new Map<string, Entry>()
  for (const entry of of.readdir(at) ?? []) {
    const path = [...at, entry.name]
    found.set(path.join('/'), entry)
    if (entry.kind === 'folder') for (const [inner, it] of walk(of, path)) found.set(inner, it)
  }
  return found
}

function names(path: string): Name[] {
  return path.split('/') as Name[]
}

t.test('a tree shows what one of maps does, in the same order, and finds it by name', async (t) => {
  fc.assert(
    fc.property(anyObjects, (objects) => {
      const [mine, reference] = [treeOf(objects), treeOfMaps(inbox, objects)]
      const shown = walk(mine)
      deepStrictEqual([...shown], [...walk(reference)])
      for (const [path, entry] of shown) {
        deepStrictEqual(mine.lookup(names(path)), entry)
        for (const other of [`${path}%2F`, `${path}/x`, `${path}~0123456789abcdef`, `${path}x`]) {
          deepStrictEqual(mine.lookup(names(other)), reference.lookup(names(other)))
        }
      }
      for (const { key } of objects) {
        const raw = names(key.slice(inbox.length))
        deepStrictEqual(mine.lookup(raw), reference.lookup(raw))
      }
      deepStrictEqual(mine.lookup([]), reference.lookup([]))
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

t.test('every key is reachable under exactly one path', async (t) => {
  fc.assert(
    fc.property(anyObjects, (objects) => {
      const files = [...walk(treeOf(objects)).values()].flatMap((it) => (it.kind === 'file' ? it.key : []))
      const wanted = objects.filter((it) => it.size > 0 || !it.key.endsWith('/')).map((it) => it.key)
      return files.length === wanted.length && wanted.every((key) => files.includes(key))
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

t.test('ten thousand names that are cut, and begin alike, are found as fast as others', async (t) => {
  const long = (n: number) => `${'x'.repeat(250)}${String(n).padStart(30, '0')}`
  const count = 10_000
  const of = treeOf(objectsOf(Array.from({ length: count }, (_, n) => (n % 2 === 0 ? long(n) : `${long(n)}/a`))))
  const shown = [...(of.readdir([]) ?? [])].map((it) => it.name)
  t.equal(new Set(shown).size, count)
  t.ok(of.lookup([shown[0] as Name]))
  const began = performance.now()
  for (let i = 0; i < count; i += 10) deepStrictEqual(of.lookup([shown[i] as Name])?.name, shown[i])
  // One of them took 50 ms and more when it went through those before it.
  const ms = (performance.now() - began) / (count / 10)
  t.ok(ms < 5, `${ms.toFixed(2)} ms`)
})

t.test('the files after one are all that follow it by key', async (t) => {
  const of = tree('1/a', '2/a', '2/b', '3/x/y', '4')
  const after = (path: string) => [...of.after(names(path))].map((it) => it.key.slice(inbox.length))
  t.same(after('2/a'), ['2/b', '3/x/y', '4'])
  t.same(after('4'), [])
  t.same(after('no/such'), [])
})

t.test('where an object and a folder share a name, the folder keeps it', async (t) => {
  const of = tree('a', 'a!', 'a.b', 'a/b')
  t.equal(of.lookup(['a' as Name])?.kind, 'folder')
  t.equal(of.lookup(['a%2F' as Name])?.kind, 'file')
})

t.test('a folder marker is a folder, one with content is also a file', async (t) => {
  const of = tree({ key: 'empty/', size: 0 }, { key: 'full/', size: 5 })
  t.same([...(of.readdir(['empty' as Name]) ?? [])], [])
  t.same(
    [...(of.readdir(['full' as Name]) ?? [])].map((it) => it.name),
    ['%2F'],
  )
})

t.test('a folder is as new as the newest below it', async (t) => {
  const of = tree(
    { key: '1/a', mtime: 7 },
    { key: '1/b/c', mtime: 9 },
    { key: '1/d', mtime: 8 },
    { key: '2', mtime: 10 },
  )
  t.equal(of.lookup(['1' as Name])?.mtime, 9)
  t.equal(of.lookup([])?.mtime, 10)
})

t.test('a tree may begin at a folder of the index', async (t) => {
  const objects = objectsOf(['A/B/1', 'A/B/2/x', 'A/C/3', 'A/B'])
  const of = new IndexTree(KeyIndex.of(inbox, objects), times, 'A/B/')
  t.same([...walk(of).keys()], ['1', '2', '2/x'])
  t.equal(of.size, 2)
  t.same(
    [...of.objects()].map((it) => it.key),
    [`${inbox}A/B/1`, `${inbox}A/B/2/x`],
  )
  t.equal(new IndexTree(KeyIndex.of(inbox, objects), times, 'A/D/').lookup(['x' as Name]), undefined)
})

t.test('what is recent is told by time', async (t) => {
  const of = tree({ key: 'a', mtime: 1 }, { key: 'b', mtime: 3 }, { key: 'c', mtime: 2 })
  t.same(
    [...of.recent(2)].map((it) => it.key),
    [`${inbox}b`, `${inbox}c`],
  )
  t.same(
    [...of.recentNamed('b', 2), ...of.recentNamed('a', 2)].map((it) => it.key),
    [`${inbox}b`],
  )
  t.equal(of.has(`${inbox}b` as Key), true)
  t.equal(of.has(`${inbox}d` as Key), false)
  t.equal(of.has('elsewhere/b' as Key), false)
})

t.test('100,000 messages make a tree', async (t) => {
  const of = treeOf([...messages(100_000)])
  let count = 0
  for (const entry of of.readdir([]) ?? []) if (entry.kind === 'folder') count += 1
  t.equal(count, 100_000)
  t.equal(of.lookup(['no-such' as Name]), undefined)
})
