import t from 'tap'
import { checkOf } from '../../src/cli/status-check.js'

const mount = (mountpoint: string, state: string, ...problems: readonly string[]) => {
  return { mountpoint, state, problems, pid: 1, bucket: 'b' }
}

t.test('one that is well is OK', async (t) => {
  t.same(checkOf([mount('/a', 'ok')]), { exitCode: 0, line: 'STATUS OK: /a is ok\n' })
})

t.test('the worst of all is told, with the first of what is wrong', async (t) => {
  const found = [mount('/a', 'ok'), mount('/b', 'degraded', 'S3 hangs.', 'A file failed.'), mount('/c', 'stopping')]
  t.same(checkOf(found), { exitCode: 2, line: 'STATUS CRITICAL: /b is degraded: S3 hangs. (and 1 more)\n' })
})

t.test('who can not be asked, or is not there, is unknown', async (t) => {
  const dead = { mountpoint: '/d', state: 'dead', problems: ['Its daemon has died.'] }
  t.equal(checkOf([mount('/a', 'degraded', 'x'), dead]).exitCode, 3)
  t.same(checkOf([]), { exitCode: 3, line: 'STATUS UNKNOWN: Nothing is mounted.\n' })
})

t.test('it is one line, whatever the server says', async (t) => {
  const { line } = checkOf([mount('/a', 'degraded', 'two\nlines')])
  t.equal(line.split('\n').length, 2)
})
