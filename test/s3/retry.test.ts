import t from 'tap'
import { backoff } from '../../src/s3/retry.js'

t.test('waiting doubles, is spread, and has an end', async (t) => {
  const longest = [1, 2, 3, 4, 5, 6].map((tries) => backoff(tries, 100, 2_000, () => 1))
  t.same(longest, [100, 200, 400, 800, 1_600, 2_000])
  const shortest = [1, 2, 3, 4, 5, 6].map((tries) => backoff(tries, 100, 2_000, () => 0))
  t.same(shortest, [50, 100, 200, 400, 800, 1_000])
})
