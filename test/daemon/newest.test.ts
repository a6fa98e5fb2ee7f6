/** The first of many, as if all had been sorted. */
import fc from 'fast-check'
import t from 'tap'
import { Newest } from '../../src/daemon/newest.js'

t.test('the first of many are those that sorting all of them brings, in order', (t) => {
  const numbers = fc.uniqueArray(fc.integer(), { maxLength: 300 })
  fc.assert(
    fc.property(numbers, fc.nat(50), (all, most) => {
      const newest = new Newest<number>(most, (a, b) => b - a)
      for (const it of all) newest.add(it)
      t.same(newest.list(), [...all].sort((a, b) => b - a).slice(0, most))
      t.equal(newest.isCut, all.length > most)
    }),
    { numRuns: 200 },
  )
  t.end()
})
