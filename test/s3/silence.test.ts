/** When a try at a request is given up. */
import t from 'tap'
import { silenceLimit, whileHeard } from '../../src/s3/silence.js'

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

t.test('whoever is heard of goes on, however long it takes', async (t) => {
  const began = performance.now()
  const answer = await whileHeard(
    (signal, heard) =>
      new Promise<string>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('given up')))
        const timer = setInterval(() => {
          heard()
          if (performance.now() - began < 300) return
          clearInterval(timer)
          resolve('all of it')
        }, 10)
      }),
    100,
    never,
  )
  t.equal(answer, 'all of it')
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
