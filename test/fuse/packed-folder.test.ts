import fc from 'fast-check'
import t from 'tap'
import { packFolder } from '../../src/fuse/packed-folder.js'

const since = 1_774_000_000_000

/** As the binding reads it. */
function unpacked(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString().split('\0')
}

t.test('a folder begins with itself and the one above', async (t) => {
  t.same(unpacked(packFolder([], since).names), ['d.', 'd..', ''])
})

t.test('every entry has its type, its name, its size and its time, whatever its length and script', async (t) => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 250 }).filter((it) => !it.includes('\0'))
  const kind = fc.constantFrom('file' as const, 'folder' as const)
  const entry = fc.record({ kind, name, size: fc.maxSafeNat(), mtime: fc.integer({ min: 1 }) })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const wanted = [...entries.map((it) => (it.kind === 'folder' ? 'd' : 'f') + it.name), ''].join('\0')
      const { names, ownNames, sizesAndTimes } = packFolder(entries, since)
      const [, , ...found] = unpacked(names)
      const numbers = entries.flatMap((it) => [it.size, it.mtime])
      return (
        found.join('\0') === wanted &&
        unpacked(ownNames).join('\0') === wanted &&
        numbers.length === sizesAndTimes.length &&
        numbers.every((it, i) => it === sizesAndTimes[i])
      )
    }),
  )
  t.pass()
})

t.test('what has no time has that of the mount', async (t) => {
  const { sizesAndTimes } = packFolder([{ kind: 'folder', name: 'x', size: 0, mtime: 0 }], since)
  t.same([...sizesAndTimes], [0, since])
})
