/** How what a doctor found is shown. */
import t from 'tap'
import { doctorLines, verdictOf } from '../../src/cli/doctor-text.js'
import type { Mark, Result } from '../../src/doctor/check.js'

const result = (name: string, mark: Mark, text: string, group: Result['group'] = 'machine'): Result => ({
  name,
  mark,
  text,
  group,
})
const names = ['Node', '/dev/fuse', 'keys', 'clock', 'send']

function shown(results: readonly Result[], columns?: number, env: NodeJS.ProcessEnv = {}): string {
  const lines = doctorLines(names, { columns, env })
  return results.map((it) => lines.line(it)).join('') + lines.verdict(true, 'A mount would work.')
}

t.test('in a pipe it is a line each, aligned, without colours', async (t) => {
  const long = 'It is not well, for a reason that takes more words than a terminal has room for in one line: do this.'
  t.equal(
    shown([
      result('Node', 'ok', '20'),
      result('/dev/fuse', 'failure', long),
      result('keys', 'warning', 'Beware.', 'bucket'),
    ]),
    `This machine\n  ✔ Node       20\n  ✘ /dev/fuse  ${long}\n\nBucket\n  ! keys       Beware.\n\nA mount would work.\n`,
  )
})

t.test('at a terminal it is wrapped and coloured, unless NO_COLOR is set', async (t) => {
  const results = [result('Node', 'ok', 'one two three four five six seven eight nine ten')]
  t.equal(
    shown(results, 50, { NO_COLOR: '1' }),
    'This machine\n  ✔ Node       one two three four five six seven\n               eight nine ten\n\nA mount would work.\n',
  )
  t.match(shown(results, 50), '\x1b[32m✔\x1b[0m')
  t.notMatch(shown(results, 50, { TERM: 'dumb' }), '\x1b')
})

t.test('what is skipped for one reason is one line', async (t) => {
  const why = 'not looked at before this is well: server'
  t.equal(
    shown([
      result('Node', 'skipped', 'not needed'),
      result('keys', 'skipped', why, 'bucket'),
      result('clock', 'skipped', why, 'bucket'),
      result('send', 'skipped', why, 'bucket'),
    ]),
    `This machine\n  - Node       not needed\n\nBucket\n  - keys … send  ${why}\n\nA mount would work.\n`,
  )
})

t.test('what strangers called things moves no cursor', async (t) => {
  t.notMatch(shown([result('Node', 'failure', 'a\x1b[2Jb')]), '\x1b')
})

t.test('the verdict names what a mount fails for', async (t) => {
  const well = result('Node', 'ok', '20')
  const verdict = (results: readonly Result[], isMount = true) => verdictOf([well, ...results], isMount)
  t.same(verdict([]), { works: true, text: 'A mount would work.' })
  t.same(verdict([result('read', 'warning', 'x')]), { works: true, text: 'A mount would work, with 1 warning.' })
  t.same(verdict([result('keys', 'failure', 'x'), result('keys', 'failure', 'y'), result('disk', 'failure', 'z')]), {
    works: false,
    text: 'A mount would not work: keys, disk.',
  })
  t.match(verdict([], false), { works: true, text: /^This machine could mount; name a bucket/ })
  t.match(verdict([result('send', 'skipped', 'not looked at, as the time for all checks was over')]), { works: false })
})
