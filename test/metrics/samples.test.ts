import t from 'tap'
import { Samples } from '../../src/metrics/samples.js'
import { Histogram } from '../../src/telemetry/histogram.js'

function linesOf(samples: Samples, name: string): string[] {
  return samples
    .text()
    .split('\n')
    .filter((it) => it.startsWith(name))
}

t.test('whatever an AS2 id is, its line can be read', (t) => {
  const samples = new Samples()
  samples.add('as2fs_degraded', 1, 'a "quoted" \\ id\nof two lines')
  t.same(linesOf(samples, 'as2fs_degraded'), ['as2fs_degraded{reason="a \\"quoted\\" \\\\ id\\nof two lines"} 1'])
  t.end()
})

t.test('what has the same labels is one line', (t) => {
  const samples = new Samples()
  samples.add('as2fs_degraded', 1, 'bucket')
  samples.add('as2fs_degraded', 2, 'bucket')
  t.same(linesOf(samples, 'as2fs_degraded'), ['as2fs_degraded{reason="bucket"} 3'])
  t.end()
})

t.test('labels that are missing are a mistake', (t) => {
  t.throws(() => new Samples().add('as2fs_degraded', 1), RangeError)
  t.end()
})

t.test('a histogram adds up, and ends with all that there were', (t) => {
  const times = new Histogram([0.001, 1])
  for (const ms of [0.5, 1, 2, 5_000, -3]) times.observe(ms)
  t.same(times.figures, { limits: [0.001, 1], within: [3, 4], count: 5, sum: 5.0035 })
  t.end()
})
