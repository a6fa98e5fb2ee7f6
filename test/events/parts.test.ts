/** The small parts of following: the newest, the oldest few, two streams as one, health in events. */
import fc from 'fast-check'
import t from 'tap'
import { healthEvents } from '../../src/events/health-events.js'
import { merged } from '../../src/events/merged.js'
import { oldest } from '../../src/events/oldest.js'
import { Recent } from '../../src/events/recent.js'

t.test('of very many, the oldest few are the first few of all when sorted', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat()), fc.integer({ min: 1, max: 9 }), (all, most) => {
      const sorted = [...all].sort((a, b) => a - b).slice(0, most)
      t.same(
        oldest(all, most, (a, b) => a - b),
        sorted,
      )
    }),
  )
  t.end()
})

async function* streamed(all: readonly number[]): AsyncGenerator<number, undefined> {
  for (const it of all) yield await Promise.resolve(it)
}

t.test('two streams in order are one in order, with all of both', async (t) => {
  for (const [a, b] of [
    [[], []],
    [[1], []],
    [[], [1]],
    [
      [1, 4, 4, 9],
      [2, 4, 5],
    ],
    [
      [7, 8],
      [1, 2],
    ],
  ] as const) {
    const all: number[] = []
    for await (const it of merged(streamed(a), streamed(b), (x, y) => x <= y)) all.push(it)
    t.same(
      all,
      [...a, ...b].sort((x, y) => x - y),
    )
  }
})

t.test('two streams are both closed when nobody reads on', async (t) => {
  const closed: string[] = []
  async function* closing(name: string): AsyncGenerator<number, undefined> {
    try {
      for (;;) yield await Promise.resolve(1)
    } finally {
      closed.push(name)
    }
  }
  for await (const it of merged(closing('a'), closing('b'), () => true)) if (it === 1) break
  t.same(closed.sort(), ['a', 'b'])
})

t.test('the newest are read from a number on, and who is too slow is told so', (t) => {
  const recent = new Recent<number>(10)
  let told = 0
  const end = recent.onNew(() => (told += 1))
  t.same(recent.from(0), [])
  recent.add([1, 2, 3])
  t.same(recent.from(1), [2, 3])
  t.equal(recent.end, 3)
  recent.add(Array.from({ length: 30 }, (_, i) => 4 + i))
  t.equal(recent.end, 33)
  t.equal(recent.from(1), undefined)
  t.same(recent.from(31), [32, 33])
  for (let i = 0; i < 100; i += 1) recent.add([i])
  t.equal(recent.from(recent.end - 20 - 1), undefined, 'no more than twice as many are kept')
  t.same(recent.from(recent.end - 2), [98, 99])
  t.equal(told, 102)
  end()
  recent.add([1])
  t.equal(told, 102)
  t.end()
})

t.test('where some may have been missed, everybody begins anew', (t) => {
  const recent = new Recent<number>(10)
  recent.add([1, 2])
  const next = recent.end
  recent.invalidate()
  t.equal(recent.from(next), undefined)
  t.same(recent.from(recent.end), [])
  t.end()
})

t.test('health is told in events', (t) => {
  const well = { isLost: false, areRefused: false }
  const lost = { isLost: true, areRefused: false }
  const refused = { isLost: false, areRefused: true }
  const both = { isLost: true, areRefused: true }
  for (const [told, state, events] of [
    [well, 'ok', []],
    [well, 'unreachable', ['bucket-lost']],
    [well, 'unusable', ['bucket-lost']],
    [well, 'refused', ['keys-refused']],
    [lost, 'ok', ['bucket-back']],
    [lost, 'unreachable', []],
    [lost, 'refused', ['bucket-back', 'keys-refused']],
    [refused, 'ok', ['keys-accepted']],
    [refused, 'refused', []],
    [refused, 'unreachable', ['bucket-lost']],
    [both, 'ok', ['bucket-back', 'keys-accepted']],
    [both, 'refused', ['bucket-back']],
  ] as const) {
    const [now, names] = healthEvents(told, state)
    t.same(names, events, `${JSON.stringify(told)}, ${state}`)
    t.same(healthEvents(now, state)[1], [], 'once')
  }
  t.end()
})
