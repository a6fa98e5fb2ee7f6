/** What time it is at the bucket, whatever is done to this machine's clock. */
import t from 'tap'
import { BucketClock } from '../../src/s3/bucket-clock.js'

const noon = Date.UTC(2026, 10, 24, 12)
const minute = 60_000

t.test('the bucket’s time', async (t) => {
  let now = noon
  let since = 5_000
  const pass = (ms: number): void => {
    now += ms
    since += ms
  }
  const clock = new BucketClock({ now: () => now, monotonic: () => since })
  const answers = (date: number, took = 50): void => {
    const sentAt = since
    pass(took)
    clock.note(date, sentAt, since)
  }
  const isAbout = (at: number): boolean => Math.abs((clock.now() ?? 0) - at) <= 1_100

  await t.test('is not known until it answers, whatever ours says', (t) => {
    t.equal(clock.now(), undefined)
    t.end()
  })
  await t.test('is ours while its dates, in whole seconds, may be the same', (t) => {
    answers(noon, 900)
    t.equal(clock.now(), now)
    t.end()
  })
  await t.test('is ahead or behind by what its dates say', (t) => {
    answers(noon + 10 * minute)
    t.ok(isAbout(noon + 10 * minute))
    answers(noon - 10 * minute)
    t.ok(isAbout(noon - 10 * minute))
    t.end()
  })
  await t.test('is not moved by an answer that was long in coming', (t) => {
    const before = clock.now() ?? 0
    answers(noon - 9 * minute, minute)
    t.equal(clock.now(), before + minute)
    t.end()
  })
  await t.test('goes on as it was when our clock is set, either way', (t) => {
    const before = clock.now() ?? 0
    now += 120 * minute
    t.equal(clock.now(), before)
    now -= 300 * minute
    pass(1_000)
    t.equal(clock.now(), before + 1_000)
    t.end()
  })
})

t.test('the first answer corrects a clock of ours that is wrong', (t) => {
  const clock = new BucketClock({ now: () => noon + 120 * minute, monotonic: () => 7 })
  clock.note(noon, 5, 7)
  t.ok(Math.abs((clock.now() ?? 0) - noon) <= 1_100)
  t.end()
})
