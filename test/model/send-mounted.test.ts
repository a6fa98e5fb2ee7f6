/**
 * The model of `send/` against a real mount: real processes and system calls, a daemon that is killed, a network that fails.
 * AS2FS_SEED repeats a run's sequences, AS2FS_SECONDS asks for more of them.
 */
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { unzipped } from '../helpers/unzip.js'
import { modelWorld, type ModelWorld } from './model-world.js'
import { MountedDriver } from './mounted-driver.js'
import { actions, type Action } from './send-actions.js'
import { run, type Tally } from './send-model.js'

const seed = Number(process.env.AS2FS_SEED ?? Date.now() % 1_000_000)
const milliseconds = Number(process.env.AS2FS_SECONDS ?? 30) * 1_000
/** For making a sequence that failed shorter. */
const toShrink = 60_000
/** More than there is time for. */
const most = Math.ceil(milliseconds / 200)
/** For chance to bring what must have happened. */
const toBeLucky = 30_000
const fewest = 8
/** What must have happened, or nothing was tested. */
const wanted = [
  ...['sent', 'sent as an archive', 'rename', 'dup', 'kill', 'outage', 'take', 'truncate', 'unlink'],
  ...['crash within an upload', 'crash while a file is open'],
]

class Sequences {
  readonly tally: Tally = new Map()
  count = 0
  readonly #world: ModelWorld
  readonly #until = performance.now() + milliseconds
  #hasFailed = false

  constructor(world: ModelWorld) {
    this.#world = world
  }

  async problems(all: readonly Action[]): Promise<string[]> {
    this.count += 1
    const driver = new MountedDriver(this.#world, `P${this.count}`, this.tally)
    await driver.start()
    return run(driver, all, unzipped, this.tally)
  }

  /** @throws an error that says what is wrong */
  async mustBeWell(all: readonly Action[]): Promise<void> {
    // When the time is over, what would be tried yet counts as well.
    if (this.#isOver()) return
    let found: string[]
    try {
      found = await this.problems(all)
    } catch (error) {
      this.#hasFailed = true
      throw error
    }
    if (found.length === 0) return
    this.#hasFailed = true
    throw new Error(found.join('\n'))
  }

  missing(): string[] {
    return wanted.filter((it) => !this.tally.has(it))
  }

  #isOver(): boolean {
    const over = performance.now() - this.#until
    if (this.#hasFailed) return over > toShrink
    return over > toBeLucky || (over > 0 && this.count >= fewest && this.missing().length === 0)
  }
}

async function sequences(t: Test, flags: readonly string[]): Promise<Sequences> {
  const world = await modelWorld(flags)
  t.teardown(async () => {
    if (!t.passing()) t.comment(world.mounted.log.slice(-20_000))
    await world.close()
  })
  const them = new Sequences(world)
  const property = fc.asyncProperty(actions(20), (all) => them.mustBeWell(all))
  await fc.assert(property, { seed, numRuns: most, endOnFailure: false })
  t.comment(`${them.count} sequences:`, Object.fromEntries(them.tally), `taken: ${world.taken}`)
  return them
}

const settles = { 'uploads that begin when they are told to': '1h', 'uploads that begin at once': '0' }
for (const [what, settle] of Object.entries(settles)) {
  t.test(`${what} (AS2FS_SEED=${seed})`, { timeout: milliseconds * 2 + 2 * toShrink }, async (t) => {
    const them = await sequences(t, ['--settle', settle])
    t.ok(them.count >= fewest, `${them.count} sequences`)
    t.same(them.missing(), [])
  })
}
