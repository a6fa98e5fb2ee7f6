import t from 'tap'
import type { CancelSignal } from '../../src/cancellation.js'
import { FsError } from '../../src/errors.js'
import { Answerer } from '../../src/fuse/answer.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import { until } from '../helpers/until.js'

const ETIMEDOUT = -110
const EIO = -5

function answererOf(deadline = 60_000): Answerer {
  return new Answerer({ log: silentLogger(), clock: systemClock, deadline })
}

/** Calls, and collects every reply. */
function replies(answerer: Answerer, run: (signal: CancelSignal) => Promise<string>): (string | number)[] {
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
  let seen: CancelSignal | undefined
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

t.test('a reply that throws is an error to whoever waits, and to nobody else', async (t) => {
  const answerer = answererOf()
  const told: number[] = []
  answerer.answer(
    { operation: 'read', path: '/path' },
    () => {
      throw new Error('a bug in the binding')
    },
    (errno) => void told.push(errno),
    () => Promise.resolve('bytes'),
  )
  await until('a reply', () => told.length > 0)
  t.same(told, [EIO])
  t.match(answerer.counts, { underWay: 0 })
  answerer.close()
})

t.test('the deadline counts from when the caller began to wait', async (t) => {
  const answerer = answererOf(60_000)
  const told: number[] = []
  const never = () => new Promise<string>(() => undefined)
  const ask = (age: number) =>
    answerer.answer(
      { operation: 'read', path: '/path', age },
      () => undefined,
      (errno) => void told.push(errno),
      never,
    )
  ask(0)
  ask(61_000)
  await until('a reply', () => told.length > 0)
  t.same(told, [ETIMEDOUT])
  t.match(answerer.counts, { timedOut: 1, underWay: 1 })
  answerer.close()
})

t.test('who is being killed is let go, what was done for it is told, and others go on waiting', async (t) => {
  const answerer = answererOf()
  const told: number[] = []
  const signals: CancelSignal[] = []
  for (const id of [1, 2, undefined]) {
    answerer.answer(
      { operation: 'read', path: '/path', ...(id === undefined ? {} : { id }) },
      () => undefined,
      (errno) => void told.push(errno),
      (signal) => {
        signals.push(signal)
        return new Promise<string>(() => undefined)
      },
    )
  }
  answerer.abandon(2)
  answerer.abandon(2)
  answerer.abandon(7)
  t.same(told, [-4])
  t.same(
    signals.map((it) => it.aborted),
    [false, true, false],
  )
  t.match(answerer.counts, { underWay: 2 })
  answerer.close()
})
