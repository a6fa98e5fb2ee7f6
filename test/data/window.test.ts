/** How far ahead a reader's object is fetched, by table. */
import fc from 'fast-check'
import t from 'tap'
import { nextWindow, widestAt, type Window, type WindowLimits } from '../../src/data/window.js'

const KiB = 1024
const limits: WindowLimits = { opensAfter: 256 * KiB, first: 1024 * KiB, max: 8192 * KiB, slack: 1024 * KiB }
const step = 128 * KiB

function after(...starts: readonly number[]): Window {
  let window: Window | undefined
  for (const start of starts) window = nextWindow(window, { start, end: start + step }, limits)
  return window!
}
const sequence = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i * step)

t.test('stays closed for a look at the beginning', async (t) => {
  t.match(after(0), { ahead: 0, frontier: step })
})

t.test('opens when the run is long enough', async (t) => {
  t.match(after(...sequence(2)), { ahead: limits.first, frontier: 2 * step })
  t.match(after(...sequence(2, 640 * KiB)), { ahead: limits.first }, 'in the middle too')
})

t.test('doubles each time as much was read as it held, up to its limit', async (t) => {
  const table: [reads: number, ahead: number][] = [
    [2, 1024],
    [9, 1024],
    [10, 2048],
    [25, 2048],
    [26, 4096],
    [57, 4096],
    [58, 8192],
    [300, 8192],
  ]
  for (const [reads, ahead] of table) t.equal(after(...sequence(reads)).ahead, ahead * KiB, `${reads} reads`)
})

t.test('may become wider where the bucket is far: never less than 2 GB/s would need, up to a limit', async (t) => {
  const MiB = 1024 * KiB
  t.equal(widestAt(undefined), 32 * MiB)
  t.equal(widestAt(0.5), 16 * MiB)
  t.equal(widestAt(10.25), 20_500_000)
  t.equal(widestAt(25), 32 * MiB)
})

t.test('closes on a jump, forward and back, and opens again where the reader goes on', async (t) => {
  const far = 100_000 * KiB
  t.match(after(...sequence(30), far), { ahead: 0, frontier: far + step, run: step })
  t.match(after(...sequence(30, far), 0), { ahead: 0, run: step })
  t.match(after(...sequence(30), far, far + step), { ahead: limits.first })
})

t.test('the kernel’s own reads ahead arrive in any order: they are no jumps', async (t) => {
  const shuffled = [1, 0, 3, 2, 6, 4, 5, 7].map((i) => i * step)
  t.match(after(0, ...shuffled), { frontier: 8 * step, ahead: limits.first })
})

t.test('the same bytes again are no progress', async (t) => {
  const again = Array.from({ length: 50 }, () => 0)
  t.match(after(...again), { run: step, ahead: 0, frontier: step })
  t.equal(after(...sequence(2), ...again).ahead, limits.first)
})

t.test('shrinks with its limits when others come to read', async (t) => {
  const wide = after(...sequence(300))
  const read = { start: wide.frontier, end: wide.frontier + step }
  t.equal(nextWindow(wide, read, { ...limits, first: step, max: step }).ahead, step)
})

t.test('never holds more than was read on end, whatever is read', async () => {
  const reads = fc.array(fc.tuple(fc.nat(40_000), fc.integer({ min: 1, max: 1024 })), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(reads, (all) => {
      let window: Window | undefined
      for (const [start, length] of all) {
        window = nextWindow(window, { start: start * KiB, end: (start + length) * KiB }, limits)
        if (window.ahead > limits.max || window.ahead > Math.max(limits.first, 2 * window.run)) return false
      }
      return true
    }),
  )
})
