/** What a mount takes until it can be used, and what its commands take. */
import type { Bench } from '../bench.js'
import { nothing, spent } from '../cpu.js'
import { near, type Item } from '../item.js'
import { runTimed } from '../processes.js'
import { spread } from '../figures/summaries.js'

/** Of a command that takes a moment. */
const repetitions = 5

export const startingItems: readonly Item[] = [
  {
    name: 'start',
    links: near,
    async do(bench) {
      bench.figures.push({
        row: { id: 'usable', words: 'mount, until it can be used' },
        unit: 'seconds',
        value: bench.mount.usableAfter / 1000,
        cpu: spent(nothing, bench.mount.cpu()),
      })
    },
  },
  { name: 'status', links: near, isOwn: true, do: status },
]

/** Its CPU time is the command's own. */
async function status(bench: Bench): Promise<void> {
  const { mount, sizes, signal } = bench
  const command = [...mount.contender.program, 'status', mount.mountpoint]
  const [times, cpus]: [number[], number[]] = [[], []]
  for (let n = 0; n < repetitions; n += 1) {
    const { time, cpu } = await runTimed(command, { limit: sizes.limit, signal })
    times.push(time)
    cpus.push(cpu)
  }
  await bench.figure({ id: 'status', words: 'as2fs status' }, async () => ({
    unit: 'seconds',
    value: (spread(times)?.median ?? 0) / 1000,
    cpu: spread(cpus)?.median ?? 0,
  }))
}
