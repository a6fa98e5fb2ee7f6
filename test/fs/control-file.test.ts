import t from 'tap'
import { ControlFile } from '../../src/fs/control-file.js'
import { clockOf } from '../helpers/clock-of.js'

function fileOf(length: { value: number }, clock: { time: number }): ControlFile {
  return new ControlFile(
    () => 'x'.repeat(length.value),
    1_100,
    clockOf(() => clock.time),
  )
}

t.test('what is opened is whole for whoever goes by a size of the last second', async (t) => {
  const [length, clock] = [{ value: 10 }, { time: 0 }]
  const file = fileOf(length, clock)
  const told = file.shown().bytes.length
  length.value = 1_000
  clock.time = 900
  t.ok(file.shown().bytes.length > told, 'who asks now is told the new size')
  const opened = file.opened()
  t.equal(opened.bytes.length, told, 'who was told the old one gets it whole')
  file.closed(opened)
  clock.time = 1_200
  t.equal(file.opened().bytes.length, 1_000)
})

t.test('one that has become shorter is shown at once', async (t) => {
  const [length, clock] = [{ value: 1_000 }, { time: 0 }]
  const file = fileOf(length, clock)
  file.shown()
  length.value = 10
  clock.time = 300
  t.equal(file.opened().bytes.length, 10)
})

t.test('while somebody has it open it stays as it is, but not for ever', async (t) => {
  const [length, clock] = [{ value: 10 }, { time: 0 }]
  const file = fileOf(length, clock)
  const followed = file.opened()
  const { madeAt, bytes } = followed
  length.value = 1_000
  clock.time = 1_000
  t.match(file.shown(), { madeAt, bytes })
  clock.time = 1_200
  t.equal(file.shown().bytes.length, 1_000, 'somebody follows it')
  file.closed(followed)
  clock.time = 5_000
  const [one, other] = [file.opened(), file.opened()]
  file.closed(one)
  length.value = 500
  clock.time = 6_000
  t.equal(file.shown().bytes.length, 1_000, 'one of two has it open yet')
  file.closed(other)
  t.equal(file.shown().bytes.length, 500)
})

t.test('who asks for the size of what he has opened, however late, is told no less than that', async (t) => {
  let text = '{"a": 100}\n'
  let now = 0
  const file = new ControlFile(
    () => text,
    1_100,
    clockOf(() => now),
  )
  const followed = file.opened()
  text = '{"a": 9}\n'
  now = 5_000
  const { bytes } = file.shown()
  t.ok(bytes.length >= followed.bytes.length)
  t.same(JSON.parse(Buffer.from(bytes).toString()), { a: 9 }, 'and what is there now is no other document')
  file.closed(followed)
  now = 6_000
  t.equal(Buffer.from(file.shown().bytes).toString(), text)
})

t.test('however often somebody looks, it is fresh within the time that a size is kept', async (t) => {
  const [length, clock] = [{ value: 10 }, { time: 0 }]
  const file = fileOf(length, clock)
  for (; clock.time < 10_000; clock.time += 100) {
    length.value = 10 + clock.time
    const opened = file.opened()
    t.ok(opened.bytes.length + 1_500 >= 10 + clock.time)
    file.closed(opened)
  }
})

t.test('who reads it over and over sees it get longer, too', async (t) => {
  let value = 'short'
  let now = 0
  const file = new ControlFile(
    () => value,
    1_100,
    clockOf(() => now),
  )
  const read = (): string => {
    file.shown()
    const opened = file.opened()
    // The kernel tells of the close when the next one has looked already.
    file.shown()
    file.closed(opened)
    return Buffer.from(opened.bytes).toString()
  }
  t.match(read(), 'short')
  value = 'much longer'
  let seen = ''
  for (; now < 5_000 && !seen.includes('longer'); now += 25) seen = read()
  t.match(seen, 'longer')
})
