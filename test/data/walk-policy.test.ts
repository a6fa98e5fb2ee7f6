/** How many of the next files are fetched ahead of a program, by table. */
import t from 'tap'
import { nextCount, type WalkLimits } from '../../src/data/walk-policy.js'

const limits: WalkLimits = { first: 2, max: 32, passed: 8 }
const next = { skipped: 0, passed: 0 }

t.test('doubles with each very next file, up to its limit', async (t) => {
  let count = 0
  const counts = Array.from({ length: 7 }, () => (count = nextCount(count, next, limits)))
  t.same(counts, [2, 4, 8, 16, 32, 32, 32])
})

t.test('a file passed by leaves it as it is: programs read in parallel', async (t) => {
  t.equal(nextCount(8, { skipped: 1, passed: 1 }, limits), 8)
  t.equal(nextCount(0, { skipped: 3, passed: 3 }, limits), 0)
})

t.test('files passed by and come back to later do not hold it up', async (t) => {
  t.equal(nextCount(8, { skipped: 0, passed: 3 }, limits), 16)
})

t.test('many passed by close it: the program does not go by the listing', async (t) => {
  t.equal(nextCount(32, { skipped: 1, passed: 9 }, limits), 0)
  t.equal(nextCount(32, { skipped: 0, passed: 9 }, limits), 0)
  t.equal(nextCount(32, { skipped: 1, passed: 8 }, limits), 32)
})
