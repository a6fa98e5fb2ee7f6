/** The delay of the bucket, as the quickest answers tell it. */
import t from 'tap'
import { Quickest } from '../../src/data/quickest.js'

t.test('the quickest of the last seconds counts', (t) => {
  const quickest = new Quickest()
  t.equal(quickest.took, undefined)
  const steps = [
    { took: 30, now: 0, expected: 30 },
    { took: 20, now: 1_000, expected: 20 },
    { took: 90, now: 2_000, expected: 20 },
    { took: 20, now: 5_000, expected: 20 },
    { took: 90, now: 14_999, expected: 20 },
    // The network is another one by now.
    { took: 60, now: 15_000, expected: 60 },
    { took: 1, now: 15_001, expected: 1 },
  ]
  for (const { took, now, expected } of steps) {
    quickest.note(took, now)
    t.equal(quickest.took, expected, `${took} ms at ${now}`)
  }
  t.end()
})
