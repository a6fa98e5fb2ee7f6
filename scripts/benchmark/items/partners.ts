/** Looking at many partners: at all of them again and again, or at one among them. */
import type { Milliseconds } from '../../../src/units.js'
import type { Bench } from '../bench.js'
import { near, nearAndFar, type Item } from '../item.js'
import type { Row } from '../results.js'
import type { Sizes } from '../sizes.js'
import { bucketOf, messageKey, messagesIn, partnerAt, type World } from '../server/worlds.js'
import { count } from './messages.js'

/** Longer than a listing of as2fs lives (`--list-ttl 5s`). */
const expiry: Milliseconds = 6_000
/** What a mount that has listed something does afterwards is over by then. */
const rest: Milliseconds = 3_000
/** In as many inboxes a message comes between two looks at all of them. */
const mostArrivals = 20

type WorldOf = (sizes: Sizes) => World
type WorkIn = (bench: Bench, id: string, world: World) => Promise<void>

export const partnerItems: readonly Item[] = [
  inWorld('partners-find', ({ some }) => some, find),
  inWorld('partners-ls', ({ some }) => some, poll),
  inWorld('partners-crowd', ({ crowd }) => crowd, poll),
  inWorld('partners-mixture', ({ mixture }) => mixture, poll),
  inWorld('partners-one', ({ crowd }) => crowd, lookAtOne),
  ...[0, 1].map((n): Item => {
    const world: WorldOf = ({ mass, spreads }) => spreads[n] ?? mass
    return { ...inWorld(`partners-memory-${n + 1}`, world, memory), links: near }
  }),
]

function inWorld(name: string, world: WorldOf, work: WorkIn): Item {
  return {
    name,
    links: nearAndFar,
    world,
    // As fresh as as2fs is: else it shows what comes five minutes later.
    flags: { rclone: ['--dir-cache-time', '5s'] },
    do: (bench) => work(bench, name, world(bench.sizes)),
  }
}

function later({ id, words }: Row, came = ''): Row {
  return { id: `${id}-later`, words: `${words}, ${expiry / 1000} s later${came}` }
}

async function find(bench: Bench, id: string, world: World): Promise<void> {
  // All is looked at; as2fs shows the same files in new/ as well.
  const command = ['find', bench.mount.station, '-path', '*/inbox/*', '-type', 'f']
  const expected = { lines: messagesIn(world) }
  const row = { id, words: `find -type f, ${wordsFor(world)}` }
  await bench.command(row, command, expected)
  await bench.pause(expiry)
  await bench.command(later(row), command, expected)
}

/** All that came before is to be seen. */
async function poll(bench: Bench, id: string, world: World): Promise<void> {
  const row = { id, words: `ls */inbox, ${wordsFor(world)}` }
  await bench.command(row, allInboxes(bench.mount.station), { lines: linesOfAll(world) })
  const keys = arrivalsIn(world, 0)
  try {
    for (const key of keys) await bench.server.put(key, 2048, bucketOf(world))
    await bench.pause(expiry)
    const lines = linesOfAll(world) + keys.length
    await bench.command(later(row, `, ${keys.length} came`), allInboxes(bench.mount.station), { lines })
  } finally {
    for (const key of keys) await bench.server.remove(key, bucketOf(world))
  }
}

/**
 * Keys of messages that come for some partners, all over the alphabet.
 * @param round from 0: they come after those of the rounds before
 */
export function arrivalsIn(world: World, round: number): readonly string[] {
  const arrivals = Math.min(mostArrivals, world.partners)
  const first = messagesIn(world) + round * arrivals
  return Array.from({ length: arrivals }, (_, n) => messageKey(Math.floor((n * world.partners) / arrivals), first + n))
}

async function lookAtOne(bench: Bench, id: string, world: World): Promise<void> {
  const command = ['ls', bench.mount.inbox(partnerAt(world.partners >> 1))]
  await bench.command({ id, words: `ls of one inbox, ${wordsFor(world)}` }, command, { lines: world.each })
}

async function memory(bench: Bench, id: string, world: World): Promise<void> {
  await bench.run(['ls', bench.mount.mountpoint])
  await bench.pause(rest)
  const before = bench.mount.memory().now
  await bench.figure({ id, words: `memory for a message, ${wordsFor(world)}` }, async () => {
    await bench.run(allInboxes(bench.mount.station))
    await bench.pause(rest)
    return { unit: 'bytes', value: (bench.mount.memory().now - before) / messagesIn(world) }
  })
}

/** Looks at the inboxes of all. @param station the folder of all partners */
export function allInboxes(station: string): readonly string[] {
  return ['sh', '-c', 'cd "$1" && ls */inbox', 'sh', station]
}

/** The name of each folder, its messages, and an empty line between two; of one alone its messages. */
export function linesOfAll(world: World): number {
  return messagesIn(world) + (world.partners > 1 ? 2 * world.partners - 1 : 0)
}

export function wordsFor({ partners, each, first = each }: World): string {
  return first === each
    ? `${count(partners)} × ${count(each)} messages`
    : `1 × ${count(first)} and ${count(partners - 1)} × ${count(each)} messages`
}
