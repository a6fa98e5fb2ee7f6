import fc from 'fast-check'
import t from 'tap'
import { packFolder } from '../../src/fuse/packed-folder.js'

const since = 1_774_000_000_000

/** As the binding reads it. */
function unpacked(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString().split('\0')
}

t.test('every entry has its type, its name, its size and its time, whatever its length and script', async (t) => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 250 }).filter((it) => !it.includes('\0'))
  const kind = fc.constantFrom('file' as const, 'folder' as const)
  const numbers = { size: fc.maxSafeNat(), mtime: fc.integer({ min: 1 }) }
  const entry = fc.record(
    { kind, name, ...numbers, identity: name },
    { requiredKeys: ['kind', 'name', 'size', 'mtime'] },
  )
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 200 }), (entries) => {
      const wanted = entries.flatMap(({ kind, name, identity }) => {
        if (kind === 'folder') return [`d${name}`]
        return identity === undefined ? [`f${name}`] : [`F${name}`, identity]
      })
      const { names, sizesAndTimes } = packFolder(entries, since)
      const numbers = entries.flatMap((it) => [it.size, it.mtime])
      return (
        unpacked(names).join('\0') === [...wanted, ''].join('\0') &&
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
