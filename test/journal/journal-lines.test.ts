import fc from 'fast-check'
import t from 'tap'
import { formatLine, LineParser, parseJournal } from '../../src/journal/lines.js'

const entries = fc.array(fc.record({ id: fc.string(), text: fc.string(), size: fc.nat() }), { maxLength: 6 })

t.test('of a journal cut anywhere, all whole lines are read, and nothing else', async (t) => {
  fc.assert(
    fc.property(entries, (all) => {
      const lines = all.map((it) => formatLine(it))
      const bytes = Buffer.from(lines.join(''))
      const ends = lines.map((_, i) => Buffer.byteLength(lines.slice(0, i + 1).join('')))
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const { entries: read, isDamaged } = parseJournal<unknown>(bytes.subarray(0, cut).toString())
        t.same(read, all.slice(0, ends.filter((end) => end <= cut).length))
        t.notOk(isDamaged)
      }
    }),
    { numRuns: 20 },
  )
})

t.test('a line that is bad though others follow is damage, and costs no other line', async (t) => {
  const lines = [{ id: 1 }, { id: 2 }, { id: 3 }].map((it) => formatLine(it))
  const [first = '', second = '', third = ''] = lines
  for (const bad of [second.replace('2', '7'), second.slice(3), '\n', 'nonsense\n']) {
    const { entries: read, isDamaged } = parseJournal<unknown>(first + bad + third)
    t.same(read, [{ id: 1 }, { id: 3 }])
    t.ok(isDamaged)
  }
})

t.test('a last line of garbage was never acknowledged', async (t) => {
  const { entries: read, isDamaged } = parseJournal<unknown>(`${formatLine({ id: 1 })}\0\0\0\0\n`)
  t.same(read, [{ id: 1 }])
  t.notOk(isDamaged)
})

t.test('a journal says the same in whatever pieces it comes', async (t) => {
  const bad = ['nonsense\n', '\n', 'half a li', '\0\0\0', '\0\0\n']
  const some = fc.array(
    fc.oneof(
      fc.record({ text: fc.string(), n: fc.nat(3) }).map((it) => formatLine(it)),
      fc.constantFrom(...bad),
    ),
    {
      maxLength: 6,
    },
  )
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 40 }), (lines, size) => {
      const text = lines.join('')
      const entries: unknown[] = []
      const parser = new LineParser((entry) => entries.push(entry))
      const buffer = Buffer.alloc(size)
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; at += size) {
        // As a file is read: into the same memory.
        parser.push(buffer.subarray(0, bytes.copy(buffer, 0, at, at + size)))
      }
      t.same({ entries, ...parser.end() }, parseJournal(text))
    }),
    { numRuns: 200 },
  )
})
