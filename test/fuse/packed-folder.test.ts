import fc from 'fast-check'
import t from 'tap'
import { packFolder } from '../../src/fuse/packed-folder.js'

/** As the binding reads it. */
function unpacked(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString().split('\0')
}

t.test('a folder begins with itself and the one above', async (t) => {
  t.same(unpacked(packFolder([])), ['d.', 'd..', ''])
})

t.test('every entry has its type and its name, whatever its length and script', async (t) => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 250 }).filter((it) => !it.includes('\0'))
  const entry = fc.record({ kind: fc.constantFrom('file' as const, 'folder' as const), name })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const wanted = entries.map((it) => (it.kind === 'folder' ? 'd' : 'f') + it.name)
      const [, , ...found] = unpacked(packFolder(entries))
      return found.join('\0') === [...wanted, ''].join('\0')
    }),
  )
  t.pass()
})
