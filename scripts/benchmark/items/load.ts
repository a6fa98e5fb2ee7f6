/** What a mount costs in memory, and what is left of it after a storm. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Item } from '../item.js'
import { count } from './messages.js'
import { file, files, size } from './reading.js'

const statsEach = 30

export const loadItems: readonly Item[] = [
  {
    name: 'memory-listed',
    delay: 'never',
    async do(bench) {
      await bench.run(['ls', bench.mount.mountpoint])
      await pause(2000, undefined, { signal: bench.signal })
      await memory(bench, 'memory at rest', 'now')
      const { mass } = bench.sizes
      const work = `memory with ${count(mass)} messages listed`
      await memory(bench, work, 'now', () => bench.run(['ls', bench.mount.inbox('MASS')]))
    },
  },
  {
    name: 'memory-read',
    delay: 'never',
    async do(bench) {
      const work = `memory, at most, while ${size(bench.sizes.big)} is read`
      await memory(bench, work, 'peak', () => bench.run(['dd', `if=${file(bench, 'BIG')}`, 'of=/dev/null', 'bs=1M']))
    },
  },
  { name: 'storm', delay: 'never', do: storm },
]

async function memory(bench: Bench, work: string, which: 'now' | 'peak', first?: () => Promise<unknown>) {
  await bench.figure(work, async () => {
    await first?.()
    return { unit: 'bytes', value: bench.mount.memory()[which] }
  })
}

/** A mount that has had many calls at once should answer the next as before. */
async function storm(bench: Bench): Promise<void> {
  const seconds = bench.sizes.storm / 1000
  await bench.run(['ls', bench.mount.inbox('FLAT')])
  await stats(bench, 'one stat', 0)
  // Past the page cache, or the mount would hardly be asked.
  const script = `end=$(($(date +%s) + ${seconds}))
for path; do
  while [ "$(date +%s)" -lt $end ]; do dd if="$path" of=/dev/null bs=128k iflag=nocache || exit 1; done &
done
wait`
  await bench.run(['sh', '-c', script, 'sh', ...files(bench, 'SIXTEEN')])
  await stats(bench, `one stat, after ${seconds} s of 16 readers`, statsEach)
}

/** Of files that the kernel does not know yet. */
async function stats(bench: Bench, work: string, from: number): Promise<void> {
  const paths = Array.from({ length: statsEach }, (_, n) => file(bench, 'FLAT', from + n))
  await bench.figure(work, async () => ({ unit: 'milliseconds', value: await bench.program('stat-time', ...paths) }))
}
