/** When a request of an upload is given up: never for being slow, always for standing still. */
import { getEventListeners, once } from 'node:events'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { Traffic } from '../../src/s3/traffic.js'
import { UploadLimits, watched, type UploadSteps } from '../../src/s3/upload-limits.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Key, Milliseconds } from '../../src/units.js'

const never = new AbortController().signal
const key = 'AS2/send/a' as Key
const limitsOf = (patience: Milliseconds) => new UploadLimits(patience, new Traffic(systemClock), systemClock)

/** Tells of so many bytes again and again; ends with the signal, or after a while. */
const moving = (bytes: number, every: Milliseconds, length: Milliseconds) => (signal: AbortSignal, it: UploadSteps) =>
  new Promise<string>((resolve, reject) => {
    const steps = setInterval(() => it.moved(bytes), every)
    const end = setTimeout(() => {
      clearInterval(steps)
      resolve('answered')
    }, length)
    signal.addEventListener('abort', () => {
      clearInterval(steps)
      clearTimeout(end)
      reject(new Error('given up'))
    })
  })
const silent = moving(0, 600_000, 600_000)

async function took(work: Promise<unknown>): Promise<Milliseconds> {
  const begun = performance.now()
  await work.catch(() => undefined)
  return performance.now() - begun
}

t.test('an answer that does not come is waited for so long, and longer the next time', async (t) => {
  const limits = limitsOf(100)
  const times: Milliseconds[] = []
  for (let tries = 0; tries < 5; tries += 1) {
    const trying = limits.within({ key, size: 0 }, never, silent)
    times.push(await took(trying))
    await t.rejects(trying, { name: 'TimeoutError' })
  }
  const expected = [100, 200, 400, 800, 800]
  for (const [at, least] of expected.entries())
    t.ok(times[at]! >= least - 10, `${times[at]} ms, not before ${least} ms`)
  t.equal(await limits.within({ key, size: 0 }, never, moving(0, 60_000, 600)), 'answered')
  t.ok((await took(limits.within({ key, size: 0 }, never, silent))) < 700, 'and then from the beginning')
})

t.test('an upload whose bytes move is slow, and goes on', async (t) => {
  t.equal(await limitsOf(500).within({ key, size: 10_000 }, never, moving(10, 20, 3_000)), 'answered')
})

t.test('but not for so long that it will never end', async (t) => {
  const crawling = limitsOf(300).within({ key, size: 400 }, never, moving(1, 20, 600_000))
  await t.rejects(crawling, { name: 'TimeoutError' })
})

t.test('an upload that stands still in the middle is given up', async (t) => {
  const trying = limitsOf(100).within({ key, size: 1e9 }, never, (signal, it) => {
    it.moved(200)
    return silent(signal, it)
  })
  await t.rejects(trying, { name: 'TimeoutError' })
})

t.test('S3 may say that it is at work, and then has the time that it needs', async (t) => {
  const slow = moving(0, 60_000, 1_000)
  const working = limitsOf(50).within({ key, size: 0 }, never, (signal, it) => {
    it.begun(30_000)
    return slow(signal, it)
  })
  t.equal(await working, 'answered')
})

t.test('it ends with the signal, now or already, and leaves nothing at one that lives on', async (t) => {
  const controller = new AbortController()
  const limits = limitsOf(60_000)
  const trying = limits.within({ key, size: 0 }, controller.signal, silent)
  controller.abort()
  await t.rejects(trying, { name: 'TimeoutError' })
  await t.rejects(limits.within({ key, size: 0 }, AbortSignal.abort(), async (it) => it.throwIfAborted()))
  const { signal } = new AbortController()
  await limits.within({ key, size: 0 }, signal, async () => 'answered')
  t.same(getEventListeners(signal, 'abort'), [])
})

t.test('a body tells what is taken of it, and ends with what carries it', async (t) => {
  const body = new PassThrough()
  let moved = 0
  const carrying = watched(body, (bytes) => (moved += bytes))
  body.write('12345')
  t.equal(String((await once(carrying, 'data'))[0]), '12345')
  t.equal(moved, 5)
  const closed = new Promise((resolve) => body.once('close', resolve))
  carrying.destroy()
  await closed
  t.ok(body.destroyed)
})
