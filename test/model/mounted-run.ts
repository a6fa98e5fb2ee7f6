/**
 * Random sequences on a real mount, until the time is over: settle time, seed and seconds are the arguments. On stdout, as
 * JSON, what came of it. A process of its own: the test runner keeps account of every promise, and takes its time at the end.
 */
import fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { unzipped } from '../helpers/unzip.js'
import { modelWorld, type ModelWorld } from './model-world.js'
import { MountedDriver } from './mounted-driver.js'
import { actions, type Action } from './send-actions.js'
import { run, type Tally } from './send-model.js'

const [, , settle = '', seed = '0', seconds = '0'] = process.argv
const milliseconds = Number(seconds) * 1_000
/** For making a sequence that failed shorter. */
const toShrink = 60_000
/** More than there is time for. */
const most = Math.ceil(milliseconds / 200)
/** For chance to bring what must have happened. */
const toBeLucky = 60_000
const fewest = 8
/** What must have happened, or nothing was tested. */
const wanted = [
  ...['sent', 'sent as an archive', 'rename', 'dup', 'outage', 'take', 'truncate', 'unlink'],
  ...['kill of a writer', 'kill of an heir'],
  ...['crash within an upload', 'crash while a file is open'],
]

const closed: Action = { do: 'close', handle: 0 }
const written = (name: string): Action[] => [
  { do: 'open', name, truncate: false },
  { do: 'write', handle: 0, size: 100, append: true },
]
/** Tried before those of chance, which seldom brings all that is wanted in so short a time. */
const first: readonly Action[][] = [
  [
    ...[{ do: 'mkdir' } as const, ...written('d/a'), closed, { do: 'pack', to: 'z.zip' } as const],
    { do: 'upload', faults: [], isStalled: false, isWaitedFor: true },
  ],
  [
    ...[...written('.a'), { do: 'rename', name: '.a', to: '.b' } as const, closed],
    { do: 'truncate', name: '.b', size: 10 },
    { do: 'unlink', name: '.b' },
  ],
  [
    ...[...written('a'), { do: 'dup', handle: 0, heir: 'child' } as const, { do: 'kill', handle: 0 } as const],
    ...[...written('.b'), { do: 'kill', handle: 0 } as const],
    ...[...written('b'), { do: 'crash' } as const],
  ],
  [
    ...[{ do: 'outage' } as const, ...written('a'), closed, { do: 'take' } as const],
    { do: 'upload', faults: ['after', 'after'], isStalled: true, isWaitedFor: false },
    { do: 'crash' },
  ],
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

/** What came of it. */
export interface Outcome {
  readonly count: number
  readonly tally: Readonly<Record<string, number>>
  readonly taken: number
  /** What must have happened, and did not. */
  readonly missing: readonly string[]
  /** What is wrong, with the sequence that shows it. */
  readonly error: string | undefined
}

async function outcome(): Promise<Outcome> {
  const starting = modelWorld(['--settle', settle])
  process.on('disconnect', () => void leave(starting))
  const world = await starting
  try {
    const them = new Sequences(world)
    const property = fc.asyncProperty(actions(20), (all) => them.mustBeWell(all))
    const examples = first.map((all): [Action[]] => [all])
    const details = await fc.check(property, { seed: Number(seed), numRuns: most, endOnFailure: false, examples })
    const error = details.failed ? await fc.asyncDefaultReportMessage(details) : undefined
    if (error !== undefined) process.stderr.write(`${world.mounted.log.slice(-20_000)}\n`)
    const { count, tally } = them
    const cause = details.errorInstance instanceof Error ? details.errorInstance.message : ''
    return {
      ...{ count, tally: Object.fromEntries(tally), taken: world.taken, missing: them.missing() },
      error: error && `${cause}\n${error}`,
    }
  } finally {
    await world.close()
  }
}

/** Whoever started this has ended, e.g. for time: no daemon and no mount outlives it. */
async function leave(starting: Promise<ModelWorld>): Promise<void> {
  try {
    const world = await starting
    await world.mounted.kill('SIGKILL').catch(() => undefined)
    await world.close()
  } finally {
    process.exit(1)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // A request that a killed program or daemon never answered keeps Node from ending by itself: it would spin for ever.
  process.stdout.write(JSON.stringify(await outcome()), () => process.exit())
}
