/** When a try at a request is given up. */
import t from 'tap'
import { silenceLimit, whileHeard } from '../../src/s3/silence.js'
import type { Milliseconds } from '../../src/units.js'

const never = new AbortController().signal

/** Ends when its signal says so. */
const deaf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))

t.test('two tries fit into the patience of who waits, later ones may use all of it', async (t) => {
  t.same(
    [1, 2, 3, 4].map((tries) => silenceLimit(tries, 30_000)),
    [7_500, 15_000, 30_000, 30_000],
  )
})

t.test('silence ends it', async (t) => {
  const began = performance.now()
  await t.rejects(whileHeard(deaf, 40, never), { name: 'TimeoutError' })
  t.ok(performance.now() - began >= 35)
})

/** Heard of all the time. */
const trickling = (length: Milliseconds) => (signal: AbortSignal, heard: () => void) =>
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
  t.equal(await whileHeard(trickling(1_100), 1_000, never), 'all of it')
})

t.test('but not without end', async (t) => {
  await t.rejects(whileHeard(trickling(60_000), 100, never), { name: 'TimeoutError' })
})

t.test('what does not heed its signal is not waited for', async (t) => {
  await t.rejects(
    whileHeard(() => new Promise(() => undefined), 50, never),
    { name: 'TimeoutError' },
  )
})

t.test('it ends with the signal of who waits, now or already', async (t) => {
  const controller = new AbortController()
  const waiting = whileHeard(deaf, 60_000, controller.signal)
  controller.abort()
  await t.rejects(waiting, { name: 'TimeoutError' })
  await t.rejects(
    whileHeard(async (signal) => signal.throwIfAborted(), 60_000, AbortSignal.abort()),
    { name: 'TimeoutError' },
  )
})
