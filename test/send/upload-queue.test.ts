/** When and how often what waits is run, by a run function that a test ends: nothing of S3, no disk. */
import t from 'tap'
import type { Test } from 'tap'
import { UploadQueue, type RunOptions } from '../../src/send/uploads/queue.js'
import { Turns, type WaitingFile } from '../../src/send/uploads/turns.js'
import { until } from '../helpers/until.js'

interface Run extends RunOptions {
  readonly id: string
  end(): void
  fail(): void
}

/** A queue that runs two at once, on a clock that a test sets forward. */
function world(t: Test, { hangsAfter = 60_000 } = {}) {
  const passed = { ms: 0 }
  const clock = { monotonic: () => performance.now() + passed.ms }
  const turns = new Turns(clock, { uploads: 2, large: 100 })
  const runs: Run[] = []
  const over: string[] = []
  const busy = new Set<string>()
  const looks: string[] = []
  const is: { wanting?: string } = {}
  const queue = new UploadQueue({
    run: (id, options) =>
      new Promise((resolve, reject) => {
        runs.push({ id, ...options, end: resolve, fail: () => reject(new Error('the disk')) })
      }),
    onOver: (id) => over.push(id),
    isFree: (id) => {
      looks.push(id)
      return !busy.has(id)
    },
    wanting: () => is.wanting,
    ...{ turns, clock, random: () => 0.5, hangsAfter },
  })
  t.teardown(async () => {
    for (const run of runs) run.end()
    await queue.close()
  })
  const put = (id: string, more: Partial<WaitingFile> = {}): void => {
    turns.update({
      ...{ id, path: id, station: 'ACME', partner: 'GLOBEX', state: 'queued', size: 1, tries: 0 },
      ...more,
    })
  }
  const ended = async (run: Run): Promise<void> => {
    turns.update({
      ...{ id: run.id, path: run.id, station: 'ACME', partner: 'GLOBEX', size: 1, tries: 1 },
      state: 'gone',
    })
    run.end()
    await until(`${run.id} to be over`, () => !queue.isRunning(run.id))
  }
  return { queue, turns, runs, over, busy, looks, is, passed, put, ended }
}

const ids = (runs: readonly Run[]): string => runs.map((it) => it.id).join(' ')

t.test('as many are run as may be at once, and the next one when one of them is over', async (t) => {
  const { queue, runs, over, put, ended } = world(t)
  for (const id of ['a', 'b', 'c']) put(id, { closedAt: id.charCodeAt(0) })
  queue.kick()
  t.equal(ids(runs), 'a b')
  t.ok(queue.isRunning('a'))
  t.notOk(queue.isRunning('c'))
  queue.kick()
  t.equal(ids(runs), 'a b', 'none twice')
  await ended(runs[0]!)
  t.equal(ids(runs), 'a b c', 'without being asked')
  t.strictSame(over, ['a'])
  t.strictSame([...queue.running()], ['b', 'c'])
})

t.test('what is due later is run then, without being asked', async (t) => {
  const { queue, runs, put } = world(t)
  put('a', { wait: 20 })
  queue.kick()
  t.equal(runs.length, 0)
  await until('its run', () => runs.length === 1)
})

t.test('a file that somebody changes is run when that one is done', async (t) => {
  const { queue, runs, busy, put } = world(t)
  busy.add('a')
  put('a')
  queue.kick()
  t.equal(runs.length, 0)
  busy.clear()
  queue.freed()
  await until('its run', () => runs.length === 1)
})

t.test('however long somebody changes a file, it is not looked at again and again', async (t) => {
  const { queue, looks, runs, busy, put } = world(t)
  busy.add('a')
  put('a')
  put('b', { wait: 100 })
  queue.kick()
  await until('the run of another', () => runs.length === 1)
  t.equal(ids(runs), 'b')
  const looked = looks.filter((id) => id === 'a').length
  t.ok(looked <= 3, 'at the beginning, and when the other was due, or just before')
  for (let i = 0; i < 100; i += 1) queue.freed()
  await until('one more look', () => looks.filter((id) => id === 'a').length > looked)
})

t.test('what could not be done is run again, not at once', async (t) => {
  const { queue, turns, runs, over, put } = world(t)
  put('a')
  queue.kick()
  runs[0]!.fail()
  await until('it to be over', () => over.length === 1)
  t.equal(runs.length, 1)
  t.ok((turns.waitOf('a') ?? 0) > 500)
  await until('a second run', () => runs.length === 2)
})

t.test('nothing is begun while something is wanting, and it is told what', async (t) => {
  const { queue, runs, is, put } = world(t)
  is.wanting = 'new keys'
  put('a')
  queue.kick()
  t.equal(runs.length, 0)
  t.equal(queue.waitsFor, 'new keys')
  delete is.wanting
  queue.kick()
  t.equal(runs.length, 1)
})

t.test('how far a run is, as long as it is under way', async (t) => {
  const { queue, runs, put, ended } = world(t)
  put('a')
  queue.kick()
  t.equal(queue.progress('a'), 0)
  runs[0]!.onProgress(7)
  t.equal(queue.progress('a'), 7)
  await ended(runs[0]!)
  runs[0]!.onProgress(8)
  t.equal(queue.progress('a'), 0, 'told too late')
})

t.test('those that failed are hastened; those that wait for their first try are not', async (t) => {
  const { queue, turns, put } = world(t)
  put('failed', { wait: 300_000, tries: 5, error: 'S3 has a problem.' })
  put('settling', { wait: 300_000 })
  queue.hasten()
  t.ok((turns.waitOf('failed') ?? 0) <= 500)
  t.ok((turns.waitOf('settling') ?? 0) > 200_000)
})

t.test('draining runs all that waits, whenever it is due, and ends when nothing does', async (t) => {
  const { queue, runs, put, ended } = world(t)
  for (const id of ['a', 'b', 'c']) put(id, { wait: 300_000 })
  let isDrained = false
  const drained = queue.drain(60_000).then(() => (isDrained = true))
  for (let i = 0; i < 3; i += 1) {
    await until('a run', () => runs.length > i)
    t.notOk(isDrained)
    await ended(runs[i]!)
  }
  await drained
  t.equal(ids(runs), 'a b c')
})

t.test('draining ends when its time is over, whatever is under way', async (t) => {
  const { queue, runs, put } = world(t)
  put('a')
  await queue.drain(10)
  t.equal(runs.length, 1)
  t.ok(queue.isRunning('a'))
})

t.test('draining without any time begins nothing, and leaves what settles to settle', async (t) => {
  const { queue, turns, runs, put } = world(t)
  put('a', { wait: 300_000 })
  await queue.drain(0)
  t.equal(runs.length, 0)
  t.ok((turns.waitOf('a') ?? 0) > 200_000)
})

t.test('closed, it ends what is under way, waits for it, and begins nothing any more', async (t) => {
  const { queue, runs, passed, put } = world(t)
  put('a')
  put('b', { wait: 60_000 })
  queue.kick()
  const closed = queue.close()
  t.ok(runs[0]!.signal.aborted)
  runs[0]!.fail()
  await closed
  passed.ms += 60_000
  queue.kick()
  t.equal(ids(runs), 'a')
})

t.test('one of which nothing is heard holds up no other', async (t) => {
  const { queue, runs, put, ended } = world(t, { hangsAfter: 200 })
  for (const id of ['a', 'b', 'c', 'd']) put(id, { closedAt: id.charCodeAt(0) })
  queue.kick()
  t.equal(ids(runs), 'a b')
  const moving = setInterval(() => runs[1]!.onProgress(1), 20)
  t.teardown(() => clearInterval(moving))
  await until('another in the place of the one that hangs', () => runs.length > 2)
  t.equal(ids(runs), 'a b c', 'b moves')
  await until('another in the place of c', () => runs.length > 3)
  await ended(runs[0]!)
  t.strictSame([...queue.running()], ['b', 'c', 'd'])
})
