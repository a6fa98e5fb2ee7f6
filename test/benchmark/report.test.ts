/** The tables show medians, their spread, what was spent, and where as2fs is behind. */
import t from 'tap'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { withFigures } from '../../scripts/benchmark/figures/document.js'
import { markdown } from '../../scripts/benchmark/figures/report.js'
import { load, save, type Report } from '../../scripts/benchmark/figures/saved.js'
import { summaries } from '../../scripts/benchmark/figures/summaries.js'
import type { Result } from '../../scripts/benchmark/results.js'
import { row } from './rows.js'

const machine = {
  cpu: '2 × CPU',
  memory: '8 GiB',
  kernel: 'Linux 6',
  disk: 'ext4',
  load: 0.1,
  versions: { as2fs: '1' },
}
const report: Report = {
  ...{ when: '2026-11-29T02:00:00.000Z', machine, scale: 'quick', runs: 3, contenders: ['as2fs', 'rclone', 's3fs'] },
  rows: [
    row('cp', 'as2fs', [0.9, 1, 1.1], { cpu: [500, 510, 520], requests: 1003 }),
    row('cp', 'rclone', [0.5, 0.5, 0.6], { cpu: [100, 110, 120], requests: 3006 }),
    row('cp', 's3fs', []),
    row('get', 'alone', [0.5], { unit: 'milliseconds', cpu: [0.03] }),
  ],
}

t.test('a row has what each took, and a mark where as2fs is behind', (t) => {
  const cells = markdown(report)
    .split('\n')
    .filter((it) => it.startsWith('| the work'))
    .map((it) => it.split('|').map((cell) => cell.trim()))
  t.strictSame(cells, [
    [
      '',
      'the work cp',
      '1.00 s ±10%',
      '0.51 s',
      '1,003',
      '0.50 s ±10%',
      '▼ 0.50',
      '0.11 s',
      '3,006',
      '> 75 s',
      '> 75',
      '',
      '',
      '',
    ],
    ['', 'the work get', '0.50 ms', '0.030 ms', ''],
  ])
  t.end()
})

t.test('a median is of the runs that came to an end; its requests are all', (t) => {
  const one: Omit<Result, 'run'> = {
    ...{ row: { id: 'ls', words: 'ls' }, unit: 'seconds', value: 3, cpu: 30, requests: { LIST: 2 } },
    ...{ contender: 'as2fs', link: 'plain' },
  }
  const results: Result[] = [
    { ...one, run: 1 },
    { ...one, value: 1, cpu: 10, requests: { LIST: 1, GET: 3 }, run: 2 },
    { ...one, value: undefined, failure: '> 75 s', run: 3 },
    { ...one, contender: 's3fs', run: 1 },
  ]
  t.match(summaries(results), [
    { value: { median: 2, least: 1, most: 3 }, cpu: { median: 30 }, requests: 2, isListing: false, failure: '> 75 s' },
    { value: { median: 3 }, isListing: true },
  ])
  t.end()
})

t.test('what was saved is what is read; another file is refused in a sentence', (t) => {
  const file = join(t.testdir(), 'figures.json')
  save(file, report)
  t.match(load(file), report)
  writeFileSync(file, '{"format": 1}')
  t.throws(() => load(file), { message: /figures\.json is not of scripts\/bench --save/ })
  t.throws(() => load(join(t.testdirName, 'absent')), { message: /absent has no figures that can be read/ })
  t.end()
})

t.test('tables take the place of others in a document, once and again', (t) => {
  const [begin, end] = ['<!-- figures: made by scripts/bench, see above -->', '<!-- end of figures -->']
  const once = withFigures(`before\n${begin}\nold\n${end}\nafter\n`, '\nnew\n', 'it')
  t.equal(once, `before\n${begin}\n\nnew\n\n${end}\nafter\n`)
  t.equal(withFigures(once, 'new', 'it'), once)
  t.throws(() => withFigures('nothing', 'new', 'it'), { message: /it has no place for figures/ })
  t.end()
})
