/** What `status` says of the bucket, from how its calls went. */
import t from 'tap'
import { HealthWatch, probeWhileUnwell } from '../../src/s3/health.js'
import { Traffic } from '../../src/s3/traffic.js'
import type { StoreError } from '../../src/s3/store-error.js'
import type { Key, Prefix } from '../../src/units.js'
import { accessDenied, keysRefused, MemoryStore, unreachable } from '../helpers/memory-store.js'
import { until } from '../helpers/until.js'
import { clockOf } from '../helpers/clock-of.js'

const prefix = 'AS2/' as Prefix
const { signal } = new AbortController()

function watched() {
  const clock = { time: 1_000 }
  const traffic = new Traffic(clockOf(() => clock.time))
  const watch = new HealthWatch(
    clockOf(() => clock.time),
    traffic,
  )
  const store = new MemoryStore()
  const seen = watch.watch(store)
  const ask = async (before?: StoreError): Promise<void> => {
    store.intercept = () => (before ? { before } : undefined)
    await seen.list({ prefix }, signal).catch(() => undefined)
  }
  return { ask, watch, clock, traffic }
}

t.test('it is well until a call fails, and again with the next that does not', async (t) => {
  const { ask, watch, clock } = watched()
  t.same(watch.health, { state: 'ok', since: 1_000, problem: undefined })
  clock.time = 2_000
  await ask(unreachable())
  t.match(watch.health, { state: 'unreachable', since: 2_000, problem: /can’t be reached/ })
  clock.time = 3_000
  await ask(unreachable())
  t.match(watch.health, { state: 'unreachable', since: 2_000 }, 'since the first of them')
  await ask()
  t.same(watch.health, { state: 'ok', since: 3_000, problem: undefined })
})

t.test('refused keys are another thing than a bucket that is away', async (t) => {
  const { ask, watch } = watched()
  await ask(keysRefused())
  t.match(watch.health, { state: 'refused', problem: /access key is not known/ })
})

t.test('an answer about one key says that the bucket is well', async (t) => {
  const { ask, watch } = watched()
  await ask(unreachable())
  await ask(accessDenied())
  t.match(watch.health, { state: 'ok', problem: undefined })
})

t.test('what the keys may not list is named until they may', async (t) => {
  const { ask, watch } = watched()
  await ask(accessDenied())
  await ask(accessDenied())
  t.same(watch.refusedListings, ['The keys are not allowed to (AccessDenied).'])
  await ask(unreachable())
  t.equal(watch.refusedListings.length, 1, 'an outage says nothing of it')
  await ask()
  t.same(watch.refusedListings, [])
})

t.test('while it is not well it is asked, though nobody else does', async (t) => {
  const watch = new HealthWatch(
    clockOf(() => 0),
    new Traffic(clockOf(() => 0)),
  )
  const store = new MemoryStore()
  const seen = watch.watch(store)
  t.teardown(probeWhileUnwell(watch, seen, prefix, 10))
  store.intercept = () => ({ before: unreachable() })
  await seen.list({ prefix }, signal).catch(() => undefined)
  await until('it to be asked', () => store.calls.length > 1)
  t.equal(watch.health.state, 'unreachable')
  store.intercept = undefined
  await until('it to be well', () => watch.health.state === 'ok')
  const asked = store.calls.length
  await seen.head('AS2/a' as Key, signal)
  t.ok(store.calls.length <= asked + 2, 'and then no more')
})

t.test('the calls go through unchanged', async (t) => {
  const store = new MemoryStore()
  const seen = new HealthWatch(
    clockOf(() => 0),
    new Traffic(clockOf(() => 0)),
  ).watch(store)
  store.set('AS2/a', 'content')
  t.match(await seen.list({ prefix }, signal), { objects: [{ key: 'AS2/a', size: 7 }] })
  store.intercept = () => ({ before: accessDenied() })
  await t.rejects(seen.list({ prefix }, signal), { code: 'EACCES' })
})

t.test('a bucket that answers nobody is told of while they still wait', async (t) => {
  const { watch, clock, traffic } = watched()
  const flow = traffic.begin('read')
  clock.time += 7_000
  t.equal(watch.health.state, 'ok')
  clock.time += 2_000
  t.match(watch.health, { state: 'unreachable', since: 1_000, problem: 'S3 has not answered for 9 s.' })
  const other = traffic.begin('read')
  other.answered()
  t.equal(watch.health.state, 'ok', 'others are answered')
  clock.time += 9_000
  t.equal(watch.health.state, 'unreachable')
  flow.end()
  other.end()
  t.equal(watch.health.state, 'ok', 'nobody waits')
})

t.test('an upload that hangs is told of though all else is answered', async (t) => {
  const { watch, clock, traffic } = watched()
  const upload = traffic.begin('upload', 'AS2/send/a' as Key)
  const moving = traffic.begin('upload', 'AS2/send/b' as Key)
  const answerAll = () => {
    const read = traffic.begin('read')
    read.answered()
    read.end()
  }
  for (let second = 0; second < 61; second += 1) {
    t.same(watch.hangingUploads, second < 60 ? [] : ['No answer to an upload for 60 s (AS2/send/a).'])
    t.equal(watch.health.state, 'ok')
    clock.time += 1_000
    moving.moved()
    answerAll()
  }
  clock.time += 60_000
  t.match(watch.hangingUploads, [/for 121 s \(AS2\/send\/a\), nor to 1 more\.$/])
  upload.end()
  moving.end()
  t.same(watch.hangingUploads, [])
})

t.test('an upload that nobody answers is an outage, unless its bytes move', async (t) => {
  const { watch, clock, traffic } = watched()
  const upload = traffic.begin('upload', 'AS2/send/a' as Key)
  clock.time += 15_000
  upload.moved()
  clock.time += 15_000
  t.equal(watch.health.state, 'ok')
  clock.time += 6_000
  t.match(watch.health, { state: 'unreachable', problem: 'S3 has not answered for 21 s.' })
  upload.end()
})
