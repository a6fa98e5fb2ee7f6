/** What a mount costs in memory, and what is left of it after a storm. */
import type { Milliseconds } from '../../../src/units.js'
import type { Bench } from '../bench.js'
import { near, type Item } from '../item.js'
import type { Row } from '../results.js'
import { messagesIn } from '../server/worlds.js'
import { count } from './messages.js'
import { allInboxes } from './partners.js'
import { file, files } from './reading.js'

const statsEach = 30
/** What a mount that has listed something does afterwards is over by then. */
const rest: Milliseconds = 3_000

export const loadItems: readonly Item[] = [
  { name: 'memory', links: near, world: ({ mass }) => mass, do: memoryListed },
  { name: 'storm', links: near, do: storm },
]

async function memoryListed(bench: Bench): Promise<void> {
  const messages = messagesIn(bench.sizes.mass)
  await bench.run(['ls', bench.mount.mountpoint])
  await bench.pause(rest)
  const before = bench.mount.memory().now
  await bench.memory({ id: 'memory-rest', words: 'memory at rest' }, 'now')
  await bench.command({ id: 'mass', words: `ls of ${count(messages)} messages` }, allInboxes(bench.mount.station), {
    lines: messages,
  })
  await bench.pause(rest)
  await bench.memory({ id: 'memory-listed', words: `memory ${rest / 1000} s later` }, 'now')
  await bench.figure({ id: 'memory-message', words: `memory for each of ${count(messages)} messages` }, async () => ({
    unit: 'bytes',
    value: (bench.mount.memory().now - before) / messages,
  }))
}

/** A mount that has had many calls at once should answer the next as before. */
async function storm(bench: Bench): Promise<void> {
  const seconds = bench.sizes.storm / 1000
  await bench.run(['ls', bench.mount.inbox('FLAT')])
  await stats(bench, { id: 'stat', words: 'one stat' }, 0)
  // Past the page cache, or the mount would hardly be asked.
  const script = `end=$(($(date +%s) + ${seconds}))
for path; do
  while [ "$(date +%s)" -lt $end ]; do dd if="$path" of=/dev/null bs=128k iflag=nocache || exit 1; done &
done
wait`
  await bench.run(['sh', '-c', script, 'sh', ...files(bench, 'SIXTEEN')])
  await stats(bench, { id: 'stat-after-storm', words: `one stat, after ${seconds} s of 16 readers` }, statsEach)
}

/** Of files that the kernel does not know yet. */
async function stats(bench: Bench, row: Row, from: number): Promise<void> {
  const paths = Array.from({ length: statsEach }, (_, n) => file(bench, 'FLAT', from + n))
  await bench.figure(row, async () => ({ unit: 'milliseconds', value: await bench.program('stat-time', ...paths) }))
}
