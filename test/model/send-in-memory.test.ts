/** The model of `send/` against the sender, on a bucket in memory. AS2FS_RUNS asks for more. */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { senderWorld } from '../helpers/sender-world.js'
import { unzipped } from '../helpers/unzip.js'
import { MemoryDriver } from './memory-driver.js'
import { actions, type Action } from './send-actions.js'
import { run } from './send-model.js'

const runs = Number(process.env.AS2FS_RUNS ?? 60)
const isAskedFor = process.env.AS2FS_RUNS !== undefined
/** Of a usual run, on a slow machine; who asks for more waits for it. */
const timeLimit = isAskedFor ? 550_000 : 60_000
/** Fewer than this in that time have hardly tried anything. */
const fewest = isAskedFor ? runs : 20
const settle = 3_600_000

async function problems(t: Test, all: readonly Action[]): Promise<string[]> {
  const world = await senderWorld(t, { settle })
  try {
    return await run(new MemoryDriver(world), all, unzipped)
  } finally {
    await world.stop()
  }
}

t.test(`whatever is done, just what was closed is sent, once (${runs} sequences)`, { timeout: 600_000 }, async (t) => {
  const property = fc.asyncProperty(actions(20), async (all) => {
    const found = await problems(t, all)
    if (found.length > 0) throw new Error(found.join('\n'))
  })
  const details = await fc.check(property, {
    ...{ numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: timeLimit, markInterruptAsFailure: false },
  })
  t.comment(`${details.numRuns} sequences`)
  t.equal(details.failed ? await fc.asyncDefaultReportMessage(details) : undefined, undefined)
  t.ok(details.numRuns >= fewest, `${details.numRuns} of ${runs} sequences before the time was over`)
})

/** Sequences that once went wrong, or that show that the model sees what it should. */
const named: Readonly<Record<string, readonly Action[]>> = {
  'an answer is lost, and the gateway has taken the file before it is looked for': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
    { do: 'upload', faults: ['after', 'before'], isStalled: false, isWaitedFor: true },
    { do: 'crash' },
  ],
  'a file that waits is opened, gets an unfinished name, and is closed as it was': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
    { do: 'open', name: 'a', truncate: false },
    { do: 'rename', name: 'a', to: '.a' },
    { do: 'close', handle: 0 },
  ],
  'a file that waits is opened, goes into a folder, and is closed as it was': [
    { do: 'mkdir' },
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
    { do: 'open', name: 'a', truncate: false },
    { do: 'rename', name: 'a', to: 'd/a' },
    { do: 'close', handle: 0 },
  ],
  'a held file is opened, gets a final name, and is closed as it was': [
    { do: 'open', name: '.a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
    { do: 'open', name: '.a', truncate: false },
    { do: 'rename', name: '.a', to: 'a' },
    { do: 'close', handle: 0 },
  ],
  'of two that opened a file that waits one is killed, and the other writes': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
    { do: 'open', name: 'a', truncate: false },
    { do: 'open', name: 'a', truncate: false },
    { do: 'kill', handle: 1 },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
  ],
  'a file that nobody has closed is gone after a crash, and made anew': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 1, append: true },
    { do: 'crash' },
    { do: 'open', name: 'a', truncate: false },
    { do: 'write', handle: 0, size: 1, append: true },
    { do: 'close', handle: 0 },
  ],
  'of two that opened a held file one is killed, and the other writes': [
    { do: 'open', name: 'a', truncate: false },
    { do: 'close', handle: 0 },
    { do: 'open', name: 'a', truncate: false },
    { do: 'open', name: 'a', truncate: false },
    { do: 'kill', handle: 1 },
    { do: 'write', handle: 0, size: 10, append: true },
    { do: 'close', handle: 0 },
  ],
}
for (const [what, all] of Object.entries(named)) {
  t.test(what, async (t) => {
    t.same(await problems(t, all), [])
  })
}
