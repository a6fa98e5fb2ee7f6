/** When a try at a request is given up. */
import t from 'tap'
import type { CancelSignal } from '../../src/cancellation.js'
import { silenceLimit, whileHeard } from '../../src/s3/silence.js'
import type { Milliseconds } from '../../src/units.js'
import { Awakening } from '../../src/s3/awakening.js'

const never = new AbortController().signal

const of = (limit: Milliseconds) => ({ first: limit, between: limit })

/** Ends when its signal says so. */
const deaf = (signal: CancelSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))

t.test('two tries fit into the patience of who waits, later ones may use all of it', async (t) => {
  t.same(
    [1, 2, 3, 4].map((tries) => silenceLimit(tries, 30_000)),
    [7_500, 15_000, 30_000, 30_000],
  )
})

t.test('silence ends it', async (t) => {
  const began = performance.now()
  await t.rejects(whileHeard(deaf, of(40), never), { name: 'TimeoutError' })
  t.ok(performance.now() - began >= 35)
})

/** Heard of all the time. */
const trickling = (length: Milliseconds) => (signal: CancelSignal, heard: () => void) =>
  new Promise<string>((resolve, reject) => {
    const timer = setInterval(heard, 10)
    const end = setTimeout(() => {
      clearInterval(timer)
      resolve('all of it')
    }, length)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      clearTimeout(end)
      reject(new Error('given up'))
    })
  })

t.test('whoever is heard of goes on for longer', async (t) => {
  t.equal(await whileHeard(trickling(1_100), of(1_000), never), 'all of it')
})

t.test('but not without end', async (t) => {
  await t.rejects(whileHeard(trickling(60_000), of(100), never), { name: 'TimeoutError' })
})

t.test('what does not heed its signal is not waited for', async (t) => {
  await t.rejects(
    whileHeard(() => new Promise(() => undefined), of(50), never),
    { name: 'TimeoutError' },
  )
})

t.test('it ends with the signal of who waits, now or already', async (t) => {
  const controller = new AbortController()
  const waiting = whileHeard(deaf, of(60_000), controller.signal)
  controller.abort()
  await t.rejects(waiting, { name: 'TimeoutError' })
  await t.rejects(
    whileHeard(async (signal) => signal.abortSignal.throwIfAborted(), of(60_000), AbortSignal.abort()),
    { name: 'TimeoutError' },
  )
})

/** Answers when it is told to. */
function answered(by: Promise<unknown>) {
  return async (signal: CancelSignal, heard: () => void): Promise<string> => {
    await Promise.race([by, deaf(signal)])
    heard()
    return 'answer'
  }
}

t.test(
  'who waits since a server was silent is not waited for once it answers others that were sent later',
  async (t) => {
    const awakening = new Awakening()
    const among = awakening.tries()
    const ask = (limit: Milliseconds, by: Promise<unknown> = new Promise(() => undefined), its = awakening.tries()) =>
      whileHeard(answered(by), of(limit), never, its)
    const outcomeOf = (asked: Promise<string>) => asked.catch((error: unknown) => (error as Error).name)

    const first = outcomeOf(ask(60_000, undefined, among))
    t.equal(await ask(60_000, Promise.resolve()), 'answer', 'it is slow, and answers others')
    t.equal(await outcomeOf(ask(20)), 'TimeoutError', 'it is silent')
    let answer = (): void => undefined
    const answering = new Promise<void>((resolve) => (answer = resolve))
    const sentLater = ask(60_000, answering)
    const last = ask(60_000, answering)
    answer()
    t.same(await Promise.all([sentLater, last, first]), ['answer', 'answer', 'TimeoutError'])

    const again = ask(60_000, new Promise((resolve) => setTimeout(resolve, 200)), among)
    t.equal(await outcomeOf(ask(20)), 'TimeoutError')
    t.equal(await ask(60_000, Promise.resolve()), 'answer')
    t.equal(await again, 'answer', 'once: it may be slow')
  },
)
