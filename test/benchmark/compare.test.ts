/** Whether something became slower is told of the work, and not of the noise or of the machine. */
import t from 'tap'
import { compared, direction } from '../../scripts/benchmark/verdict/compare.js'
import { spread, type Spread } from '../../scripts/benchmark/figures/summaries.js'
import { row } from './rows.js'

function of(...values: number[]): Spread {
  const found = spread(values)
  if (!found) throw new Error('no values')
  return found
}

t.test('what overlaps is noise, and so is a tenth', (t) => {
  t.equal(direction(of(1, 1.1, 1.2), of(1.15, 1.3, 1.4), 0.01), 0, 'one run was as fast as one of then')
  t.equal(direction(of(1, 1.01, 1.02), of(1.05, 1.06, 1.07), 0.01), 0)
  t.equal(direction(of(1, 1.1, 1.2), of(1.25, 1.3, 1.4), 0.01), 1)
  t.equal(direction(of(1.25, 1.3, 1.4), of(1, 1.1, 1.2), 0.01), -1)
  t.equal(direction(of(0.001, 0.002, 0.003), of(0.005, 0.006, 0.007), 0.01), 0, 'milliseconds of a whole program')
  t.end()
})

t.test('one run must differ by more: its noise is not known', (t) => {
  t.equal(direction(of(1), of(1.4), 0.01), 0)
  t.equal(direction(of(1), of(1.6), 0.01), 1)
  t.equal(direction(of(1, 1.01, 1.02), of(1.4), 0.01), 0)
  t.end()
})

t.test('CPU time is compared beside time, and memory is memory', (t) => {
  const then = [
    row('cp', 'as2fs', [1, 1.01, 1.02], { cpu: [400, 410, 420] }),
    row('rss', 'as2fs', [100, 101, 102], { unit: 'bytes' }),
    row('get', 'alone', [0.1, 0.11, 0.12], { unit: 'milliseconds', cpu: [0.03, 0.031, 0.032], id: 'client-small' }),
  ]
  const now = [
    row('cp', 'as2fs', [0.99, 1.01, 1.02], { cpu: [600, 610, 620] }),
    row('rss', 'as2fs', [200, 201, 202], { unit: 'bytes' }),
    row('get', 'alone', [0.1, 0.11, 0.12], { unit: 'milliseconds', cpu: [0.06, 0.062, 0.063], id: 'client-small' }),
  ]
  const { slower, faster, rows } = compared(then, now)
  t.equal(rows, 3)
  t.strictSame(faster, [])
  t.strictSame(
    slower.map(({ words, measure, then, now }) => [words, measure, then, now]).sort(),
    [
      ['the work cp', 'CPU', 0.41, 0.61],
      ['the work get', 'CPU', 0.031, 0.062],
      ['the work rss', 'memory', 101, 201],
    ],
    'CPU time in the unit of the row',
  )
  t.end()
})

t.test('a machine that is slower today is no fault of as2fs, and hides none', (t) => {
  const others = (factor: number) =>
    ['a', 'b', 'c'].map((id) =>
      row(
        id,
        'rclone',
        [1, 1.01, 1.02].map((it) => it * factor),
      ),
    )
  const then = [...others(1), row('a', 'as2fs', [1, 1.01, 1.02]), row('b', 'as2fs', [1, 1.01, 1.02])]
  const now = [...others(1.5), row('a', 'as2fs', [1.5, 1.51, 1.52]), row('b', 'as2fs', [2, 2.01, 2.02])]
  const { pace, slower } = compared(then, now)
  t.equal(pace.time, 1.5)
  t.strictSame(
    slower.map(({ words, times }) => [words, times.toFixed(2)]),
    [['the work b', '1.33']],
  )
  const [alone] = compared(then.slice(3), now.slice(3)).slower
  t.equal(alone?.words, 'the work b', 'without the others all is compared as it is')
  t.end()
})

t.test('what fails now is slower; other sizes, other links and the peers are nothing to compare with', (t) => {
  const then = [
    row('cp', 'as2fs', [1, 1.01, 1.02]),
    row('read', 'as2fs', [1, 1.01, 1.02], { words: 'read 1 GiB' }),
    row('find', 'as2fs', [1, 1.01, 1.02], { link: 'far' }),
    row('cp', 's3fs', [1, 1.01, 1.02]),
  ]
  const now = [
    row('cp', 'as2fs', []),
    row('read', 'as2fs', [9, 9, 9], { words: 'read 2 GiB' }),
    row('find', 'as2fs', [9, 9, 9]),
    row('cp', 's3fs', [9, 9, 9]),
  ]
  const { rows, slower } = compared(then, now)
  t.equal(rows, 1)
  t.strictSame(
    slower.map(({ words, now }) => [words, now]),
    [['the work cp', undefined]],
  )
  t.end()
})
