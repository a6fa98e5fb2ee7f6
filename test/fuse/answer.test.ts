import t from 'tap'
import { FsError } from '../../src/errors.js'
import { Answerer } from '../../src/fuse/answer.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const ETIMEDOUT = -110
const EIO = -5

function answererOf(deadline = 60_000): Answerer {
  return new Answerer({ log: silentLogger(), deadline })
}

/** Calls, and collects every reply. */
function replies(answerer: Answerer, run: (signal: AbortSignal) => Promise<string>): (string | number)[] {
  const all: (string | number)[] = []
  answerer.answer(
    { operation: 'read', path: '/path' },
    (result: string) => void all.push(result),
    (errno) => void all.push(errno),
    run,
  )
  return all
}

t.test('a result is replied once', async (t) => {
  const answerer = answererOf()
  const all = replies(answerer, () => Promise.resolve('bytes'))
  await until('a reply', () => all.length > 0)
  t.same(all, ['bytes'])
  t.match(answerer.counts, { calls: 1, failed: 0, underWay: 0 })
  answerer.close()
})

t.test('whatever is thrown becomes an errno: at once, later, and what is no error', async (t) => {
  const answerer = answererOf()
  const thrown: [() => Promise<string>, number][] = [
    [() => Promise.reject(new FsError('ENOENT', 'It is not there.')), -2],
    [() => Promise.reject(new Error('a bug')), EIO],
    [
      () => {
        throw new TypeError('a bug that does not wait for a promise')
      },
      EIO,
    ],
    [() => Promise.reject(Object.assign(new Error(), { name: 'AbortError' })), ETIMEDOUT],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a library may do
    [() => Promise.reject('just text'), EIO],
  ]
  for (const [run, errno] of thrown) {
    const all = replies(answerer, run)
    await until('a reply', () => all.length > 0)
    t.same(all, [errno])
  }
  t.match(answerer.counts, { calls: 5, failed: 5, underWay: 0 })
  answerer.close()
})

t.test('past the deadline it is ETIMEDOUT, the operation is told, and its late result goes nowhere', async (t) => {
  const answerer = answererOf(50)
  let finish: (text: string) => void = () => undefined
  let seen: AbortSignal | undefined
  const all = replies(answerer, (signal) => {
    seen = signal
    return new Promise((resolve) => (finish = resolve))
  })
  await until('a reply', () => all.length > 0)
  t.same(all, [ETIMEDOUT])
  t.ok(seen?.aborted)
  finish('too late')
  await new Promise((resolve) => setImmediate(resolve))
  t.same(all, [ETIMEDOUT])
  t.match(answerer.counts, { timedOut: 1, failed: 1, underWay: 0 })
  answerer.close()
})
