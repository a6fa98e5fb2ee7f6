/** Waiting for what goes on without the one who waits. */
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { CancelSignal } from '../src/cancellation.js'
import { inTime, late, orAborted, timeLimit, within } from '../src/patience.js'

const never = new Promise<never>(() => undefined)

t.test('what comes in time is had, what fails in time is thrown, and no timer stays', async (t) => {
  t.equal(await inTime(Promise.resolve('it'), 60_000), 'it')
  await t.rejects(inTime(Promise.reject(new Error('no')), 60_000), { message: 'no' })
  const timers = process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length
  await inTime(Promise.resolve(), 60_000)
  t.equal(process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length, timers)
})

t.test("what takes longer is late, and its failure is nobody's", async (t) => {
  let fail: (error: Error) => void = () => undefined
  const work = new Promise<never>((_resolve, reject) => (fail = reject))
  t.equal(await inTime(work, 1), late)
  fail(new Error('afterwards'))
  // An unhandled rejection would end the process before this.
  await new Promise((resolve) => setImmediate(resolve))
})

t.test('a signal ends the wait, not what is waited for', async (t) => {
  const controller = new AbortController()
  const waits = orAborted(never, controller.signal)
  controller.abort()
  await t.rejects(waits, { code: 'ETIMEDOUT' })
  await t.rejects(orAborted(Promise.reject(new Error('unheard')), controller.signal), { code: 'ETIMEDOUT' })
  t.equal(await orAborted(Promise.resolve('it'), new AbortController().signal), 'it')
})

t.test('of a wait that is over nothing is left at the signal', async (t) => {
  const { signal } = new AbortController()
  await orAborted(Promise.resolve(), signal)
  await t.rejects(orAborted(Promise.reject(new Error('no')), signal), { message: 'no' })
  t.same(getEventListeners(signal, 'abort'), [])
})

const untilAborted = (signal: CancelSignal): Promise<string> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted'), { once: true }))

t.test('a limit of time is kept though all that nobody holds is collected', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const collecting = setInterval(collect, 5)
  t.teardown(() => clearInterval(collecting))
  const { signal } = new AbortController()
  const limited = [
    within(100, signal, untilAborted),
    untilAborted(AbortSignal.any([signal, timeLimit(100)])),
    within(60_000, signal, () => untilAborted(AbortSignal.any([signal, timeLimit(100)]))),
  ]
  for (const it of limited) t.equal(await inTime(it, 20_000), 'aborted')
})

t.test('what is done within a time ends with the signal too, and leaves nothing there', async (t) => {
  const controller = new AbortController()
  const working = within(60_000, controller.signal, untilAborted)
  controller.abort()
  t.equal(await working, 'aborted')
  t.equal(await within(60_000, controller.signal, async ({ aborted }) => aborted), true)
  const { signal } = new AbortController()
  t.equal(await within(60_000, signal, async () => 'done'), 'done')
  t.same(getEventListeners(signal, 'abort'), [])
})

t.test('any number of works may end with the same signal, and nobody warns of it', async (t) => {
  const warned: Error[] = []
  const onWarning = (warning: Error): void => void warned.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const controller = new AbortController()
  const working = Array.from({ length: 50 }, () => within(60_000, controller.signal, untilAborted))
  await new Promise((resolve) => setTimeout(resolve, 10))
  controller.abort()
  t.equal((await Promise.all(working)).length, 50)
  t.same(warned, [])
})
