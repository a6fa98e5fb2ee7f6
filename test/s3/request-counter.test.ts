/** How many requests there were in the last hour, and what they cost. */
import t from 'tap'
import { dollarsADay, requestKinds, type RequestCounts } from '../../src/s3/prices.js'
import { RequestCounter } from '../../src/s3/request-counter.js'

const minute = 60_000
const hour = 60 * minute

function counter() {
  let now = 5_000_000
  const requests = new RequestCounter({ monotonic: () => now })
  return { requests, pass: (time: number) => (now += time) }
}

function counts(some: Partial<RequestCounts>): RequestCounts {
  const zeros = requestKinds.map((it) => [it, 0] as const)
  return { ...(Object.fromEntries(zeros) as unknown as RequestCounts), ...some }
}

t.test('requests are counted by kind, in all and within the last hour', async (t) => {
  const { requests, pass } = counter()
  requests.count('list')
  requests.count('get')
  pass(30 * minute)
  requests.count('list')
  t.same(requests.lastHour, counts({ list: 2, get: 1 }))
  pass(30 * minute)
  t.same(requests.lastHour, counts({ list: 1 }), 'what is an hour old is not of the last hour')
  t.same(requests.total, counts({ list: 2, get: 1 }))
  pass(hour)
  t.same(requests.lastHour, counts({}))
})

t.test('each minute of the hour counts once, for as long as it goes on', async (t) => {
  const { requests, pass } = counter()
  for (let n = 1; n <= 200; n += 1) {
    requests.count('list')
    requests.count('put')
    t.same(requests.lastHour, counts({ list: Math.min(n, 60), put: Math.min(n, 60) }), `minute ${n}`)
    t.equal(requests.total.list, n)
    pass(minute)
  }
})

t.test('the time that the counts are of is the time there was, and an hour at most', async (t) => {
  const { requests, pass } = counter()
  t.equal(requests.span, 0)
  pass(20_000)
  t.equal(requests.span, 20_000)
  pass(hour - 21_000)
  t.equal(requests.span, hour - 1_000)
  pass(1_000)
  t.equal(requests.span, hour - minute, 'the first minute is no longer counted, the next has only begun')
  pass(10 * hour + 30_000)
  t.equal(requests.span, hour - minute / 2)
})

t.test('a day costs what its requests do at list prices', async (t) => {
  const rows: readonly (readonly [dollars: number, counts: Partial<RequestCounts>, within: number])[] = [
    [0.005, { list: 1_000 }, 24 * hour],
    [0.005, { put: 1_000 }, 24 * hour],
    [0.0004, { get: 1_000 }, 24 * hour],
    [0.0004, { head: 1_000 }, 24 * hour],
    [0.02, { createMultipart: 1_000, uploadPart: 2_000, completeMultipart: 1_000 }, 24 * hour],
    [0, { abortMultipart: 1_000 }, 24 * hour],
    // One LIST every five seconds.
    [0.0864, { list: 720 }, hour],
    [0.0864, { list: 12 }, minute],
  ]
  for (const [dollars, some, within] of rows)
    t.ok(Math.abs(dollarsADay(counts(some), within) - dollars) < 1e-9, JSON.stringify([some, within]))
})
