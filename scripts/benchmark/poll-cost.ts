/** `scripts/poll-cost`: what a program that looks at all inboxes again and again costs a day, measured on a real mount. */
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { dollarsADay } from '../../src/s3/prices.js'
import type { Milliseconds } from '../../src/units.js'
import { contendersOf } from './contenders.js'
import { allInboxes, arrivalsIn, linesOfAll, wordsFor } from './items/partners.js'
import { Mount } from './mount.js'
import { run } from './processes.js'
import { table } from './figures/table.js'
import { links } from './link.js'
import { BenchServer } from './server/client.js'
import { bucketOf, type World } from './server/worlds.js'
import { Workspace } from './workspace.js'

const worlds: readonly World[] = [
  { partners: 1, each: 100_000 },
  { partners: 10, each: 10, first: 100_000 },
  { partners: 10, each: 100 },
  { partners: 100, each: 100 },
  { partners: 300, each: 5 },
  { partners: 1_000, each: 10 },
  { partners: 1_000, each: 100 },
]
/** `--list-ttl` is 5 s: a look after that long is the most that polling can cost. */
const apart: Milliseconds = 5_500
const limit: Milliseconds = 120_000
const second: Milliseconds = 1_000
const day: Milliseconds = 86_400 * second
const intervals: readonly (readonly [words: string, length: Milliseconds])[] = [
  ['every 5 s', 5 * second],
  ['every minute', 60 * second],
  ['every 5 minutes', 300 * second],
]
/** `--reconcile`: what was known is compared with all that there is. */
const reconcile: Milliseconds = 600 * second

interface Cost {
  readonly world: World
  /** LISTs of a first look, which has all that there is. */
  readonly whole: number
  /** LISTs of a look after the ttl, when something came. */
  readonly look: number
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '8' } } })
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds wants a number from 1')
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
const workspace = new Workspace(tmpdir())
const server = new BenchServer()
try {
  await server.start(workspace.root, stop.signal)
  const costs: Cost[] = []
  for (const world of worlds) {
    process.stderr.write(`${wordsFor(world)}\n`)
    await server.make(world)
    costs.push(await measured(world))
    await server.unmake(world)
  }
  process.stdout.write(`${asTable(costs)}\n`)
} finally {
  await server.close()
  await workspace.close()
}

async function measured(world: World): Promise<Cost> {
  const [own] = contendersOf({ as2fs: undefined, before: undefined, rclone: 'rclone', against: [] })
  const [link] = links
  if (!own || !link) throw new Error('there is no as2fs')
  const mount = await Mount.start({ contender: own, server, link, workspace, bucket: bucketOf(world) }, stop.signal)
  let lines = linesOfAll(world)
  const look = async (): Promise<number> => {
    const { LIST: before = 0 } = await server.counts(own.accessKey)
    const { stdout } = await run(allInboxes(mount.station), { limit, signal: stop.signal })
    const seen = stdout.split('\n').length - 1
    if (seen !== lines) throw new Error(`${seen} lines instead of ${lines}, ${wordsFor(world)}`)
    const { LIST: after = 0 } = await server.counts(own.accessKey)
    return after - before
  }
  try {
    const whole = await look()
    let sum = 0
    for (let round = 0; round < rounds; round += 1) {
      const keys = arrivalsIn(world, round)
      for (const key of keys) await server.put(key, 2048, bucketOf(world))
      lines += keys.length
      await pause(apart, undefined, { signal: stop.signal })
      sum += await look()
    }
    return { world, whole, look: sum / rounds }
  } finally {
    await mount.end()
  }
}

function asTable(costs: readonly Cost[]): string {
  const head = ['partners × messages', 'LISTs a look', ...intervals.map(([words]) => words)]
  const rows = costs.map(({ world, whole, look }) => [
    wordsFor(world).replace(/ messages$/, ''),
    look.toLocaleString('en', { maximumFractionDigits: 1 }),
    ...intervals.map(([, length]) => costOf((day / length) * look + (day / Math.max(length, reconcile)) * whole)),
  ])
  return table(head, rows)
}

/** @param lists a day */
function costOf(lists: number): string {
  const dollars = dollarsADay({ list: lists }, day)
  return `${Math.round(lists).toLocaleString('en')}, $${dollars.toFixed(2)}`
}
