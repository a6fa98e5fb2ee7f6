/** How objects are cut: the blocks of one object cover it, on their grids, without a gap. */
import fc from 'fast-check'
import t from 'tap'
import { blockAt, blockFrom, largestUnit, smallestUnit, units, wholeLimit } from '../../src/data/blocks.js'

const size = fc.integer({ min: 1, max: 40 * 1024 * 1024 })
const unit = fc.constantFrom(...units)

t.test('a small object is one block', async (t) => {
  t.same(blockAt(700, smallestUnit, 1000), { start: 0, end: 1000 })
  t.same(blockAt(wholeLimit - 1, smallestUnit, wholeLimit), { start: 0, end: wholeLimit })
  t.same(blockFrom(700, largestUnit, 1000), { start: 0, end: 1000 })
})

t.test('a large one ends with a shorter block', async (t) => {
  t.same(blockAt(5_000_000, largestUnit, 5_000_001), { start: largestUnit, end: 5_000_001 })
  t.same(blockAt(wholeLimit, smallestUnit, wholeLimit + 1), { start: wholeLimit, end: wholeLimit + 1 })
})

t.test('the block at a position holds it and lies on its grid', async () => {
  fc.assert(
    fc.property(size, fc.nat(), unit, (size, place, unit) => {
      const position = place % size
      const { start, end } = blockAt(position, unit, size)
      if (start > position || end <= position || end > size) return false
      return size <= wholeLimit ? start === 0 && end === size : start % unit === 0 && end - start <= unit
    }),
  )
})

t.test('blocks fetched ahead follow one another and never reach back over more than the smallest unit', async () => {
  fc.assert(
    fc.property(size, fc.nat(), fc.array(unit, { minLength: 1 }), (size, place, wanted) => {
      let position = place % size
      for (let i = 0; position < size; i += 1) {
        const { start, end } = blockFrom(position, wanted[i % wanted.length]!, size)
        const reach = size <= wholeLimit ? size : smallestUnit
        if (start > position || position - start >= reach || end <= position) return false
        position = end
      }
      return true
    }),
  )
})
