/** Work in the background: when it runs, and when it does not any more. */
import t from 'tap'
import { BackgroundJob } from '../src/background-job.js'
import { until } from './helpers/until.js'

/** A job whose runs a test ends, one by one. */
function heldJob(): { job: BackgroundJob; runs: { end: () => void; signal: AbortSignal }[] } {
  const runs: { end: () => void; signal: AbortSignal }[] = []
  const job = new BackgroundJob((signal) => new Promise((end) => runs.push({ end, signal })))
  return { job, runs }
}

/** Timers fire in the order of their times: whatever was to come within a millisecond has come when this one does. */
const timersSetBefore = () => new Promise((resolve) => setTimeout(resolve, 2))
const count = (runs: readonly unknown[], wanted: number) => until(`${wanted} runs`, () => runs.length >= wanted)

t.test('asked for while it runs, however often, it runs once more when that run is over', async (t) => {
  const { job, runs } = heldJob()
  job.now()
  t.equal(runs.length, 1, 'at once')
  job.now()
  job.now()
  t.equal(runs.length, 1, 'one at a time')
  runs[0]!.end()
  await count(runs, 2)
  runs[1]!.end()
  await job.idle()
  t.equal(runs.length, 2)
})

t.test('a later time takes the place of an earlier one, and the other way round', async (t) => {
  const { job, runs } = heldJob()
  job.in(0)
  job.in(600_000)
  await timersSetBefore()
  t.equal(runs.length, 0)
  job.in(1)
  await count(runs, 1)
  runs[0]!.end()
  await job.idle()
})

t.test('a run that comes before the time does for it', async (t) => {
  let runs = 0
  const job = new BackgroundJob(() => void (runs += 1))
  job.in(1)
  job.now()
  await job.idle()
  await timersSetBefore()
  t.equal(runs, 1)
})

t.test('one that is put off does not run', async (t) => {
  const { job, runs } = heldJob()
  job.in(1)
  job.putOff()
  await timersSetBefore()
  t.equal(runs.length, 0)
})

t.test('a run may say when the next one is', async () => {
  let runs = 0
  const job = new BackgroundJob(() => {
    runs += 1
    if (runs < 3) job.in(1)
  })
  job.now()
  await until('three runs', () => runs === 3)
})

t.test('stopped, it tells the run that is under way, waits for it, and never runs again', async (t) => {
  const { job, runs } = heldJob()
  job.now()
  job.now()
  let isOver = false
  const stopped = job.stop().then(() => (isOver = true))
  t.ok(runs[0]!.signal.aborted)
  await new Promise((resolve) => setImmediate(resolve))
  t.notOk(isOver, 'it waits')
  runs[0]!.end()
  await stopped
  job.now()
  job.in(0)
  await timersSetBefore()
  t.equal(runs.length, 1)
  t.ok(job.isStopped)
})
