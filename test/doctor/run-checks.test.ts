/** Checks are run together where they can be, each for so long at most, and told in their order. */
import t from 'tap'
import { failure, ok, skipped, warning, type Check, type Finding } from '../../src/doctor/check.js'
import { runChecks, type RunOptions } from '../../src/doctor/run-checks.js'
import { UsageError } from '../../src/errors.js'

const group = 'machine'

function check(name: string, run: Check['run'] | Finding, more: Partial<Check> = {}): Check {
  return { name, group, run: typeof run === 'function' ? run : async () => run, ...more }
}

async function told(checks: readonly Check[], options: Partial<RunOptions> = {}): Promise<string[]> {
  const lines: string[] = []
  const { signal: interrupt } = new AbortController()
  await runChecks(checks, {
    ...{ limit: 5_000, overall: 10_000, grace: 100, interrupt },
    onResult: ({ name, mark, text }) => void lines.push(`${name}: ${mark}: ${text}`),
    ...options,
  })
  return lines
}

const hangs: Check['run'] = () => new Promise(() => undefined)

t.test('what needs something that is not well is skipped, and says what that is', async (t) => {
  const lines = await told([
    check('a', failure('It is broken.')),
    check('b', ok('fine'), { needs: ['a'] }),
    check('c', ok('fine'), { needs: ['b'] }),
    check('d', warning('Beware.')),
    check('e', ok('fine'), { needs: ['d'] }),
    check('f', skipped('not asked for')),
    check('g', ok('fine'), { needs: ['f'] }),
  ])
  t.same(lines, [
    'a: failure: It is broken.',
    'b: skipped: not looked at before this is well: a',
    'c: skipped: not looked at before this is well: a',
    'd: warning: Beware.',
    'e: ok: fine',
    'f: skipped: not asked for',
    'g: skipped: not asked for',
  ])
})

t.test('a mistake is its sentence, whatever else is thrown is told as such', async (t) => {
  const thrown = (error: Error) => check('a', () => Promise.reject(error))
  t.same(await told([thrown(new UsageError('Do this.'))]), ['a: failure: Do this.'])
  t.same(await told([thrown(new Error('oops'))]), ['a: failure: it could not be looked at (oops)'])
})

t.test('one that hangs is given up, and those beside it are not waited for with it', async (t) => {
  const lines = await told([
    check('a', hangs, { limit: 1_000 }),
    check('b', ok('fine')),
    check('c', async () => [ok('one'), ok('two')]),
  ])
  t.equal(lines[0], 'a: failure: nothing was heard within 1 s')
  t.equal(lines[1], 'b: ok: fine')
  t.same(lines.slice(2), ['c: ok: one', 'c: ok: two'])
})

t.test('all together have a limit, whatever each of them has', async (t) => {
  const lines = await told([check('a', hangs), check('b', hangs, { needs: [] })], { overall: 200 })
  t.equal(lines.length, 2)
  for (const line of lines) t.match(line, /nothing was heard/)
})

t.test('what a check has begun is ended in the time after its signal', async (t) => {
  let isEnded = false
  const cleansUp: Check['run'] = (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        isEnded = true
        resolve(warning('What was begun is ended.'))
      })
    })
  t.same(await told([check('a', cleansUp, { limit: 50 })], { grace: 5_000 }), ['a: warning: What was begun is ended.'])
  t.ok(isEnded)
  const interrupt = new AbortController()
  const lines = told([check('a', cleansUp)], { grace: 5_000, interrupt: interrupt.signal })
  interrupt.abort()
  t.same(await lines, ['a: warning: What was begun is ended.'])
  t.match(await told([check('a', ok('fine'))], { interrupt: interrupt.signal }), [/skipped: .* interrupted/])
})

t.test('what is needed comes before what needs it', async (t) => {
  await t.rejects(told([check('a', ok(''), { needs: ['b'] }), check('b', ok(''))]), /needs b/)
})
