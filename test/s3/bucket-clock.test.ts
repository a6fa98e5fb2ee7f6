import t from 'tap'
import { BucketClock } from '../../src/s3/bucket-clock.js'
import { clockOf } from '../helpers/clock-of.js'

const noon = Date.UTC(2026, 10, 24, 12)
const minute = 60_000

t.test('the bucket’s time', async (t) => {
  let now = noon
  const clock = new BucketClock(clockOf(() => now))

  await t.test('is ours until it answers', (t) => {
    t.equal(clock.now(), noon)
    t.end()
  })
  await t.test('stays ours while its dates, in whole seconds, may be the same', (t) => {
    clock.note(noon, noon + 100, noon + 900)
    t.equal(clock.now(), noon)
    t.end()
  })
  await t.test('is ahead or behind by what its dates say', (t) => {
    clock.note(noon + 10 * minute, noon, noon + 50)
    t.ok(Math.abs(clock.now() - (noon + 10 * minute)) <= 1_000)
    t.ok(Math.abs(clock.local(noon + 10 * minute) - noon) <= 1_000)
    clock.note(noon - 10 * minute, noon, noon + 50)
    t.ok(Math.abs(clock.now() - (noon - 10 * minute)) <= 1_000)
    t.end()
  })
  await t.test('is not moved by an answer that was long in coming', (t) => {
    const before = clock.now()
    clock.note(noon - 9 * minute, noon, noon + minute)
    t.equal(clock.now(), before)
    t.end()
  })
  await t.test('is right again after our clock was set', (t) => {
    now = noon + 60 * minute
    clock.note(noon - 10 * minute, now, now + 50)
    t.ok(Math.abs(clock.now() - (noon - 10 * minute)) <= 1_000)
    t.end()
  })
})
