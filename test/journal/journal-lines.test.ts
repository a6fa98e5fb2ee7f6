import fc from 'fast-check'
import t from 'tap'
import { formatLine, parseJournal } from '../../src/journal/lines.js'

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
