import fc from 'fast-check'
import t from 'tap'
import { buildKeyTree, compareNames } from '../../src/listing/key-tree.js'
import type { KeyTree } from '../../src/listing/listing.js'
import type { ObjectInfo } from '../../src/s3/store.js'
import type { Key, Name, Prefix } from '../../src/units.js'

const prefix = 'AS2/files/A/B/inbox/' as Prefix

function tree(keys: readonly (string | [key: string, size: number])[]): KeyTree {
  const objects = keys.map((it): ObjectInfo => {
    const [key, size] = typeof it === 'string' ? [it, 1] : it
    return { key: (prefix + key) as Key, size, mtime: 1_000, etag: 'e' }
  })
  objects.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
  return buildKeyTree(prefix, objects, 0)
}

/** All keys by the paths that lead to them. */
function walk(of: KeyTree, at: readonly Name[] = []): Map<string, Key> {
  const found = new Map<string, Key>()
  for (const entry of of.readdir(at) ?? []) {
    const path = [...at, entry.name]
    if (entry.kind === 'file') found.set(path.join('/'), entry.key)
    else for (const [inner, key] of walk(of, path)) found.set(inner, key)
  }
  return found
}

t.test('every key is reachable under exactly one path', async (t) => {
  const segment = fc
    .array(fc.constantFrom('a', '%', '2', 'F', '.', '\n', 'é'), { maxLength: 4 })
    .map((it) => it.join(''))
  const key = fc.array(segment, { minLength: 1, maxLength: 4 }).map((it) => it.join('/'))
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 12 }), (keys) => {
      const wanted = keys.filter((it) => it !== '').map((it) => prefix + it)
      const found = walk(tree(keys.filter((it) => it !== '')))
      const reached = [...found.values()]
      return reached.length === new Set(reached).size && new Set(wanted).size === reached.length
    }),
    { numRuns: 3_000 },
  )
  t.pass('3,000 buckets')
})

t.test('what readdir shows, lookup finds', async (t) => {
  const of = tree(['1/a', '1', 'x//y', '.', '..', 'a\nb'])
  for (const [path, key] of walk(of)) {
    const entry = of.lookup(path.split('/') as Name[])
    t.equal(entry?.kind === 'file' && entry.key, key, path)
  }
})

t.test('where an object and a folder share a name, the folder keeps it', async (t) => {
  const of = tree(['a', 'a/b'])
  t.equal(of.lookup(['a' as Name])?.kind, 'folder')
  t.equal(of.lookup(['a%2F' as Name])?.kind, 'file')
})

t.test('a folder marker is a folder, one with content is also a file', async (t) => {
  const of = tree([
    ['empty/', 0],
    ['full/', 5],
  ])
  t.same(of.readdir(['empty' as Name]), [])
  t.same(
    of.readdir(['full' as Name])?.map((it) => it.name),
    ['%2F'],
  )
})

t.test('a folder is as new as the newest below it', async (t) => {
  t.equal(tree(['1/a']).lookup(['1' as Name])?.mtime, 1_000)
})

t.test('names are in UTF-8 binary order', async (t) => {
  const names = ['\u{1f600}', '\uffee', 'z', 'a', 'ab', 'é']
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  t.same([...names].sort(compareNames), byBytes)
})

t.test('100,000 messages make a tree', async (t) => {
  const keys = Array.from({ length: 100_000 }, (_, i) => `${720784109390000 + i}/order.edi`)
  const objects = keys.map((key): ObjectInfo => ({ key: (prefix + key) as Key, size: 1, mtime: 1, etag: 'e' }))
  const of = buildKeyTree(prefix, objects, 0)
  t.equal(of.readdir([])?.length, 100_000)
  t.equal(of.lookup(['no-such' as Name]), undefined)
})
