/** Who has a file open for writing, and whether all of them have closed it. */
import t, { type Test } from 'tap'
import type { Close, Closed } from '../../src/send/sender.js'
import { Writers } from '../../src/send/writing/writers.js'
import { until } from '../helpers/until.js'

const last: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }
const oneOfSeveral: Close = { closed: async () => ({ isLast: false, killedBy: undefined }) }
const untold = async (): Promise<void> => undefined

function writersOf(t: Test, onDoubt: () => void = () => t.fail('there was no doubt')): Writers {
  const writers = new Writers(onDoubt)
  t.teardown(() => writers.end())
  return writers
}

t.test('of several descriptors the last one’s close counts', async (t) => {
  const writers = writersOf(t)
  t.notOk(writers.areClosed, 'nobody has opened it')
  const writer = writers.opened()
  for (const close of [oneOfSeveral, oneOfSeveral]) {
    await writer.closed(close, untold)
    t.notOk(writers.areClosed)
  }
  await writer.closed(last, untold)
  t.ok(writers.areClosed)
  t.notOk(writers.isEmpty, 'its release has not come yet')
})

t.test('of several handles all must be closed', async (t) => {
  const writers = writersOf(t)
  const [one, other] = [writers.opened(), writers.opened()]
  await one.closed(last, untold)
  t.notOk(writers.areClosed)
  await other.closed(last, untold)
  t.ok(writers.areClosed)
  t.notOk(writers.released(one), 'not the last')
  t.ok(writers.released(other), 'the last')
  t.notOk(writers.released(other), 'once')
})

t.test('who writes after the last close, or while it is looked who closes, has it open still', async (t) => {
  const writers = writersOf(t)
  const writer = writers.opened()
  await writer.closed(last, untold)
  writer.wrote()
  t.notOk(writers.areClosed, 'after it')
  let answer: (closed: Closed) => void = () => undefined
  const closing = writer.closed({ closed: () => new Promise((resolve) => (answer = resolve)) }, untold)
  writer.wrote()
  answer({ isLast: true, killedBy: undefined })
  await closing
  t.notOk(writers.areClosed, 'meanwhile')
})

t.test('a close of which it is not known yet how it is done counts for none, and can be waited for', async (t) => {
  const writers = writersOf(t)
  const writer = writers.opened()
  let answer: (closed: Closed) => void = () => undefined
  const slow = writer.closed({ closed: () => new Promise((resolve) => (answer = resolve)) }, untold)
  await writer.closed(last, untold)
  t.notOk(writers.areClosed)
  let isKnown = false
  const known = writer.known().then(() => (isKnown = true))
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(isKnown)
  answer({ isLast: true, killedBy: undefined })
  await Promise.all([known, slow])
  t.ok(writers.areClosed)
})

t.test('the signal that ended its process is handed on', async (t) => {
  const signals: string[] = []
  const killed: Close = { closed: async () => ({ isLast: true, killedBy: 'SIGKILL' }) }
  await writersOf(t)
    .opened()
    .closed(killed, async (signal) => void signals.push(signal))
  t.strictSame(signals, ['SIGKILL'])
})

t.test('a release that is expected and does not come: somebody has it open after all', async (t) => {
  let doubts = 0
  const writers = writersOf(t, () => (doubts += 1))
  await writers.opened().closed(last, untold)
  writers.expectRelease()
  await until('the doubt', () => doubts === 1)
  t.notOk(writers.areClosed)
})
