/** The disk of the state directory hangs for longer than callers wait: what was told to have failed is not done when it goes on. */
import t, { type Test } from 'tap'
import { Cancellation, type CancelSignal } from '../../src/cancellation.js'
import { diskCalls } from '../../src/journal/disk-calls.js'
import { globex, never, path, senderWorld, type SenderWorld } from '../helpers/sender-world.js'
import { until } from '../helpers/until.js'

const settle = 3_600_000

/** Writes of the journal wait while it hangs, and are done then. */
class HangingDisk {
  /** How many wait. */
  waiting = 0
  #goesOn: Promise<void> | undefined
  #goOn: () => void = () => undefined
  #passed = 0

  /** @param passed so many writes are done yet */
  hang(passed = 0): void {
    this.#passed = passed
    this.#goesOn = new Promise((resolve) => (this.#goOn = resolve))
  }

  goOn(): void {
    this.#goesOn = undefined
    this.#goOn()
  }

  async reached(): Promise<void> {
    if (this.#goesOn && this.#passed > 0) {
      this.#passed -= 1
      return
    }
    this.waiting += 1
    await this.#goesOn
    this.waiting -= 1
  }
}

function hangingDisk(t: Test): HangingDisk {
  const disk = new HangingDisk()
  const original = { ...diskCalls }
  diskCalls.write = async (...args) => {
    await disk.reached()
    return original.write(...args)
  }
  t.teardown(() => {
    disk.goOn()
    Object.assign(diskCalls, original)
  })
  return disk
}

type Call = (world: SenderWorld, signal: CancelSignal) => Promise<unknown>

const calls: Readonly<Record<string, Call>> = {
  'a rename': ({ sender }, signal) => sender.rename(globex, path('order.tmp'), path('order.edi'), signal),
  'a rename over another': ({ sender }, signal) => sender.rename(globex, path('order.tmp'), path('sent.edi'), signal),
  'a removal': ({ sender }, signal) => sender.unlink(globex, path('sent.edi'), signal),
  'a folder that is made': ({ sender }, signal) => sender.mkdir(globex, path('another'), signal),
  'a folder that is removed': ({ sender }, signal) => sender.rmdir(globex, path('empty'), signal),
  'a folder that is sent': ({ sender }, signal) => sender.rename(globex, path('batch'), path('batch.zip'), signal),
  'a time that is set': ({ sender }, signal) => sender.setMtime(globex, path('sent.edi'), 5_000, signal),
  'a release by hand': (world, signal) => world.sender.releaseHeld(world.row('order.tmp')!.id, signal),
  'a cancellation by hand': (world, signal) => world.sender.cancel(world.row('order.tmp')!.id, signal),
  'a file that is cut': ({ sender }, signal) => sender.truncate(globex, path('sent.edi'), 3, signal),
  'a file that is opened to be written': ({ sender }, signal) =>
    sender.open(globex, path('sent.edi'), { write: true, truncate: true }, signal),
}

async function world(t: Test): Promise<SenderWorld> {
  const it = await senderWorld(t, { settle })
  await it.write('order.tmp', 'an order')
  await it.write('sent.edi', 'another order')
  for (const name of ['batch', 'empty']) await it.sender.mkdir(globex, path(name), never())
  await it.write('batch/1.edi', 'one')
  await it.write('other.tmp', '')
  return it
}

/** All that may be told of what waits. */
const told = ({ sender }: SenderWorld): unknown => ({
  rows: sender
    .rows(globex)
    .map(({ path, state, reason, size, mtime }) => ({ path, state, reason, size, mtime }))
    .sort((a, b) => (a.path < b.path ? -1 : 1)),
  folders: [...sender.folders(globex)].sort(),
})

for (const [what, call] of Object.entries(calls)) {
  t.test(`${what} that waits behind others is not done`, async (t) => {
    const it = await world(t)
    const disk = hangingDisk(t)
    const before = told(it)
    disk.hang()
    const first = it.sender.rename(globex, path('other.tmp'), path('other2.tmp'), never())
    await until('the disk hangs', () => disk.waiting === 1)
    const cancellation = new Cancellation()
    const second = t.rejects(call(it, cancellation))
    await new Promise((resolve) => setImmediate(resolve))
    cancellation.abort()
    disk.goOn()
    await first
    await second
    await it.sender.rename(globex, path('other2.tmp'), path('other.tmp'), never())
    t.same(told(it), before)
    await it.restart()
    t.same(told(it), before, 'nor at the next start')
  })
}

for (const what of ['a rename', 'a folder that is sent', 'a release by hand', 'a cancellation by hand']) {
  t.test(`${what} while nothing else waits is not done either`, async (t) => {
    const it = await world(t)
    const disk = hangingDisk(t)
    const before = told(it)
    disk.hang()
    const cancellation = new Cancellation()
    const failure = what === 'a folder that is sent' ? { name: 'AbortError' } : { code: 'ETIMEDOUT' }
    const failed = t.rejects(calls[what]?.(it, cancellation) ?? Promise.resolve(), failure)
    await until('the disk hangs', () => disk.waiting === 1)
    cancellation.abort()
    disk.goOn()
    await failed
    t.same(told(it), before)
    await it.restart()
    t.same(told(it), before)
  })
}

t.test('a file that is being cut then is not complete, until it is cut to nothing', async (t) => {
  const it = await world(t)
  const disk = hangingDisk(t)
  const file = await it.sender.open(globex, path('sent.edi'), { write: true, truncate: false }, never())
  await file.write(Buffer.from('x'), 0, never())
  const other = { closed: async () => ({ isLast: true, killedBy: undefined }) }
  await file.flush(other, never())
  disk.hang()
  const cancellation = new Cancellation()
  const cutting = file.truncate(3, cancellation).catch(() => undefined)
  await until('the disk hangs', () => disk.waiting === 1)
  cancellation.abort()
  disk.goOn()
  await cutting
  await file.flush(other, never()).catch(() => undefined)
  await file.release()
  t.match(it.row('sent.edi'), { state: 'failed', error: /not answered in time/ })
  await it.write('sent.edi', 'anew')
  t.match(it.row('sent.edi'), { state: 'queued', size: 4 })
})

for (const passed of [0, 1, 2]) {
  t.test(`a cut of which the disk does ${passed} writes, and hangs, is done and told, or not sent`, async (t) => {
    const it = await world(t)
    const disk = hangingDisk(t)
    disk.hang(passed)
    const cancellation = new Cancellation()
    let answer: 'done' | 'failed' | undefined
    const cutting = it.sender.truncate(globex, path('sent.edi'), 3, cancellation).then(
      () => (answer ??= 'done'),
      () => (answer ??= 'failed'),
    )
    await until('the disk hangs', () => disk.waiting === 1)
    await new Promise((resolve) => setImmediate(resolve))
    // Who has not heard by now is told that it failed.
    answer ??= 'failed'
    cancellation.abort()
    disk.goOn()
    await cutting
    await until('its close', () => it.row('sent.edi')?.state !== 'open')
    const { state, size } = it.row('sent.edi') ?? {}
    const isCut = state === 'queued' && size === 3
    t.equal(isCut, answer === 'done', `${answer}: ${state} of ${size} bytes`)
  })
}

const unlocking: Readonly<Record<string, Call>> = {
  'a lock file that is renamed': ({ sender }, signal) =>
    sender.rename(globex, path('locked.edi.lock'), path('other.tmp'), signal),
  'a lock file that is removed': ({ sender }, signal) => sender.unlink(globex, path('locked.edi.lock'), signal),
}

for (const [what, call] of Object.entries(unlocking)) {
  t.test(`${what} is, though the disk hangs before the file that it locked is let go`, async (t) => {
    const it = await senderWorld(t, { settle })
    await it.write('locked.edi.lock', 'x')
    await it.write('locked.edi', 'an order')
    t.match(it.row('locked.edi'), { state: 'held', reason: 'lock' })
    const disk = hangingDisk(t)
    disk.hang(1)
    await call(it, never())
    t.equal(disk.waiting, 1)
    t.equal(it.row('locked.edi.lock'), undefined)
    disk.goOn()
    await until('it to be let go', () => it.row('locked.edi')?.state === 'queued')
  })
}

t.test('one that is being synced then is not complete', async (t) => {
  const it = await senderWorld(t, { settle })
  const disk = hangingDisk(t)
  const file = await it.sender.create(globex, path('order.edi'), never())
  await file.write(Buffer.from('an order'), 0, never())
  disk.hang()
  const cancellation = new Cancellation()
  const syncing = file.fsync(cancellation).catch(() => undefined)
  await until('the disk hangs', () => disk.waiting === 1)
  cancellation.abort()
  disk.goOn()
  await syncing
  const last = { closed: async () => ({ isLast: true, killedBy: undefined }) }
  await t.rejects(file.flush(last, never()))
  await file.release()
  t.match(it.row('order.edi'), { state: 'failed', error: /not answered in time/ })
})

t.test('a new file that nobody ever got is not there', async (t) => {
  const it = await senderWorld(t, { settle: 0, empty: 'send' })
  const file = await it.sender.create(globex, path('order.edi'), never())
  t.equal(it.row('order.edi')?.state, 'open')
  await file.disown()
  t.equal(it.row('order.edi'), undefined)
  await it.restart()
  t.equal(it.row('order.edi'), undefined)
  t.equal(it.puts('order.edi'), 0)
})

t.test('one that was there before is as it was', async (t) => {
  const it = await world(t)
  const file = await it.sender.open(globex, path('sent.edi'), { write: true, truncate: false }, never())
  await file.disown()
  t.match(it.row('sent.edi'), { state: 'queued', size: 13 })
})

t.test('one that was cut when it was opened, by who never got it, is not complete: it was another file', async (t) => {
  const it = await senderWorld(t, { settle: 0, empty: 'send' })
  await it.write('order.tmp', 'an order')
  const file = await it.sender.open(globex, path('order.tmp'), { write: true, truncate: true }, never())
  await file.disown()
  t.match(it.row('order.tmp'), { state: 'failed', error: /not answered in time/ })
})

t.test('a write or a close that comes too late to begin counts as one that failed', async (t) => {
  for (const what of ['write', 'flush'] as const) {
    const it = await senderWorld(t, { settle: 0 })
    const file = await it.sender.create(globex, path('order.edi'), never())
    await file.write(Buffer.from('half'), 0, never())
    const late = AbortSignal.abort()
    const last = { closed: async () => ({ isLast: true, killedBy: undefined }) }
    const rest = Buffer.from('rest')
    const tried: Promise<unknown> = what === 'write' ? file.write(rest, 4, late) : file.flush(last, late)
    await t.rejects(tried.then(() => undefined))
    await file.flush(last, never()).catch(() => undefined)
    await file.release()
    t.match(it.row('order.edi'), { state: 'failed', error: /not answered in time/ }, what)
  }
})
