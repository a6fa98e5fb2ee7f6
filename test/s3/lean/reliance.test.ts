/** When objects are asked for without the SDK. */
import t from 'tap'
import { Reliance } from '../../../src/s3/lean/reliance.js'

class Hand {
  at = 0
  monotonic(): number {
    return this.at
  }
}

t.test('not before the SDK was given an object, nor after an unusual answer until it was given another', async (t) => {
  const clock = new Hand()
  const it = new Reliance(clock)
  t.notOk(it.isGiven)
  it.give()
  t.ok(it.isGiven)
  it.note('unusual', clock.at)
  t.notOk(it.isGiven)
  it.give()
  t.ok(it.isGiven, 'a connection may just have been closed')
})

t.test('several in a row, and it rests, longer and longer; one that is usual, and all is forgotten', async (t) => {
  const clock = new Hand()
  const it = new Reliance(clock)
  for (const rest of [0, 1_000, 10_000, 60_000, 600_000, 600_000]) {
    it.note('unusual', clock.at)
    it.give()
    if (rest > 0) {
      clock.at += rest - 1
      t.notOk(it.isGiven, `before ${rest} ms`)
      clock.at += 1
    }
    t.ok(it.isGiven, `after ${rest} ms`)
  }
  it.note('usual', clock.at)
  it.note('unusual', clock.at)
  it.give()
  t.ok(it.isGiven)
})

t.test('what was under way when another failed is none in a row', async (t) => {
  const clock = new Hand()
  const it = new Reliance(clock)
  it.give()
  clock.at = 5_000
  for (let n = 0; n < 64; n += 1) it.note('silent', 0)
  it.give()
  clock.at += 10_000
  t.ok(it.isGiven, 'as after one')
  it.note('unusual', 15_000)
  it.give()
  clock.at += 59_999
  t.notOk(it.isGiven, 'and then longer')
})

t.test('after a silence, for which somebody has waited, it rests at once', async (t) => {
  const clock = new Hand()
  const it = new Reliance(clock)
  it.give()
  it.note('silent', clock.at)
  it.give()
  t.notOk(it.isGiven)
  clock.at += 10_000
  t.ok(it.isGiven)
  it.note('silent', clock.at)
  it.give()
  clock.at += 60_000
  t.notOk(it.isGiven, 'and then for long')
})
