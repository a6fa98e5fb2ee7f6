/** The verdict says which aims hold, and where as2fs is behind. */
import t from 'tap'
import type { Report } from '../../scripts/benchmark/figures/saved.js'
import type { Summary } from '../../scripts/benchmark/figures/summaries.js'
import { screen } from '../../scripts/benchmark/verdict/screen.js'
import { judged, rowsOfBefore, type Verdict } from '../../scripts/benchmark/verdict/verdict.js'
import { row } from './rows.js'

function reportOf(rows: readonly Summary[]): Report {
  const machine = { cpu: '2 × CPU', memory: '8 GiB', kernel: 'Linux 6', disk: 'ext4', load: 0.1, versions: {} }
  return {
    when: '2026-11-29T02:00:00.000Z',
    machine,
    scale: 'quick',
    runs: 3,
    contenders: ['as2fs', 'rclone', 's3fs'],
    rows,
  }
}

/** Aims that were judged, by their first words. */
function held({ aims }: Verdict): Record<string, boolean> {
  return Object.fromEntries(aims.flatMap(({ words, judgement }) => (judgement ? [[words, judgement.holds]] : [])))
}

t.test('an aim is missed if one peer is too near', (t) => {
  const own = row('cp', 'as2fs', [1, 1, 1])
  const words = 'copy of 1,000 files of 2 KiB, plain: 1.5 × faster than both peers'
  const by = (...peers: Summary[]) => held(judged(reportOf([own, ...peers]), undefined))
  t.strictSame(by(row('cp', 'rclone', [3, 3, 3]), row('cp', 's3fs', [1.4, 1.4, 1.4])), { [words]: false })
  t.strictSame(by(row('cp', 'rclone', [3, 3, 3]), row('cp', 's3fs', [1.6, 1.6, 1.6])), { [words]: true })
  t.strictSame(by(row('cp', 'rclone', [3, 3, 3]), row('cp', 's3fs', [])), { [words]: true }, 'one gave up after 75 s')
  t.strictSame(by(), {}, 'nobody to compare with')
  const broken = { failure: 's3fs does not mount' }
  t.strictSame(by(row('cp', 's3fs', [], broken)), {}, 'what a peer can’t do makes nobody faster')
  t.strictSame(by(row('cp', 's3fs', [], broken), row('cp', 'rclone', [1.4, 1.4, 1.4])), { [words]: false })
  t.end()
})

t.test('what as2fs could not do misses its aim, whatever the peers did', (t) => {
  const rows = [row('cp', 'as2fs', []), row('cp', 'rclone', []), row('status', 'as2fs', [])]
  const verdict = judged(reportOf(rows), undefined)
  t.strictSame(Object.values(held(verdict)), [false, false])
  t.equal(verdict.isGood, false)
  t.end()
})

t.test('bounds are of the median, CPU time in milliseconds', (t) => {
  const rows = [
    row('client-small', 'alone', [0.5, 0.5, 0.5], { unit: 'milliseconds', cpu: [0.03, 0.05, 0.9] }),
    row('status', 'as2fs', [0.05, 0.11, 0.12]),
    row('send-small', 'as2fs', [0.15, 0.16, 0.3], { words: 'cp of 100 files of 2 KiB to send' }),
    row('send-waiting', 'as2fs', [0.15, 0.17, 0.3], { words: 'cp of 100 files of 2 KiB to send, where 4,000 wait' }),
    row('read', 'as2fs', [1, 1, 1]),
    row('client-big', 'alone', [0.5, 0.5, 0.5]),
  ]
  t.strictSame(held(judged(reportOf(rows), undefined)), {
    'CPU of a GET in the client alone, plain': true,
    'and at ≥ 0.5 of the speed of the client alone, plain': true,
    'cp into send/, durable': true,
    'cp into send/ where thousands wait, durable': false,
    'as2fs status': false,
  })
  t.end()
})

t.test('as2fs is behind where a peer was faster in every run', (t) => {
  const rows = [
    row('a', 'as2fs', [1, 1.1, 1.2]),
    row('a', 'rclone', [0.7, 0.8, 0.9]),
    row('a', 's3fs', [0.9, 1, 1.05]),
    row('b', 'as2fs', [1, 1, 1]),
    row('b', 'rclone', [0.99, 0.99, 0.99]),
  ]
  const { behind } = judged(reportOf(rows), undefined)
  t.strictSame(
    behind.map(([own, peer]) => [own.id, peer.contender]),
    [['a', 'rclone']],
  )
  t.end()
})

t.test(
  '25 ms away nothing is to be slower than before: than another day, or than another checkout in the same run',
  (t) => {
    const far = { link: 'far' } as const
    const now = [row('cp', 'as2fs', [2, 2.01, 2.02], far), row('cp', 'before', [1, 1.01, 1.02], far)]
    const words = '25 ms away: nothing slower than before'
    t.strictSame(held(judged(reportOf(now), undefined)), {}, 'nothing to compare with')
    const before = rowsOfBefore(now)
    const verdict = judged(reportOf(now), before)
    t.strictSame(held(verdict), { [words]: false })
    t.match(screen(reportOf(now), verdict, 'DIR'), /the work cp \(25 ms\), time: 1\.01 s → 2\.01 s, 2\.0 ×/)
    const same = judged(reportOf(now), [row('cp', 'as2fs', [2, 2.01, 2.02], far)])
    t.strictSame(held(same), { [words]: true })
    t.equal(same.isGood, true)
    t.end()
  },
)
