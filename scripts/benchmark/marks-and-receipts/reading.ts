/** 20,000 receipts that nobody has read, 25 ms away: how long it takes, and whether others notice. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Milliseconds } from '../../../src/units.js'
import { spread } from '../figures/summaries.js'
import type { Mount } from '../mount.js'
import { folder, receiptsOf, seconds, type Line, type Measuring } from './measuring.js'

const world = { partners: 1, each: 2_000, sent: 20_000 }
const delay: Milliseconds = 25
/** Between two of the same kind. */
const apart: Milliseconds = 150
/** How long they are measured before anything is read. */
const without: Milliseconds = 20_000

/** @param reads at a time */
export async function measureReading(measuring: Measuring, reads: number): Promise<readonly Line[]> {
  const { server, workspace } = measuring
  await server.make(world)
  await server.delay(delay)
  try {
    const flags = ['--mdn-reads', String(reads)]
    return await measuring.mounted({ world, directory: workspace.directory('reading'), flags }, async (mount) => {
      await readdir(folder(mount, 'inbox'))
      const beside = new Beside(measuring, mount)
      const alone = await beside.during(() => measuring.pause(without))
      if (receiptsOf(mount).read > 0) throw new Error('receipts are read before anybody has asked for them')
      const cpu = mount.cpu().ofThreads
      let time: Milliseconds = 0
      const meanwhile = await beside.during(async () => {
        await readdir(join(mount.mountpoint, '.as2fs/mdn/incoming'))
        time = await allRead(measuring, mount)
      })
      const floor = (world.sent * delay) / reads
      return [
        [`${world.sent} receipts, ${reads} at a time`, seconds(time), `${seconds(floor)}: no less is possible`],
        ['CPU time meanwhile', seconds(mount.cpu().ofThreads - cpu), ''],
        ...[...meanwhile].map(([what, times]) => compared(what, times, alone.get(what) ?? [])),
      ]
    })
  } finally {
    await server.delay(0)
    await server.unmake(world)
  }
}

function compared(what: string, times: readonly Milliseconds[], alone: readonly Milliseconds[]): Line {
  const [now, before] = [middleAndLate(times), middleAndLate(alone)]
  const times100 = now.map((it, i) => `× ${(it / (before[i] ?? NaN)).toFixed(2)}`)
  const told = (of: readonly number[]): string => `${of.map((it) => it.toFixed(1)).join(', ')} ms`
  return [
    `${what}, median and 95 of 100`,
    `${told(now)}: ${times100.join(', ')}`,
    `${told(before)}, while none are read`,
  ]
}

function middleAndLate(times: readonly Milliseconds[]): readonly [Milliseconds, Milliseconds] {
  const sorted = [...times].sort((a, b) => a - b)
  return [spread(times)?.median ?? NaN, sorted[Math.floor(sorted.length * 0.95)] ?? NaN]
}

function allRead(measuring: Measuring, mount: Mount): Promise<Milliseconds> {
  return measuring.until(async () => {
    // Who asks all the time would be measured as well.
    await measuring.pause(200)
    const { read, left } = receiptsOf(mount)
    return left === 0 && read === world.sent
  })
}

/** What else is done meanwhile. */
class Beside {
  readonly #measuring: Measuring
  readonly #mount: Mount
  /** Of each kind: what was read before would be in memory. */
  #acts = 0

  constructor(measuring: Measuring, mount: Mount) {
    this.#measuring = measuring
    this.#mount = mount
  }

  /** @returns times by what was done, until that has ended */
  async during(work: () => Promise<void>): Promise<ReadonlyMap<string, readonly Milliseconds[]>> {
    const inbox = folder(this.#mount, 'inbox')
    const messages = await readdir(inbox)
    // Not in order: what comes next would be read ahead.
    const message = (n: number): string => messages[(n * 7_919) % messages.length] ?? ''
    const file = (n: number): string => join(folder(this.#mount, 'send'), `order-${n}.edi`)
    let hasEnded = false
    const again = async (act: (n: number) => Promise<unknown>): Promise<readonly Milliseconds[]> => {
      const times: Milliseconds[] = []
      while (!hasEnded) {
        const n = (this.#acts += 1)
        const began = performance.now()
        await act(n)
        times.push(performance.now() - began)
        await this.#measuring.pause(apart)
      }
      return times
    }
    const all = Promise.all([
      again(() => readdir(inbox)),
      again((n) => readFile(join(inbox, message(n), 'order.edi'))),
      again((n) => writeFile(file(n), 'order')),
    ])
    await Promise.race([work(), all])
    hasEnded = true
    const [looks, reads, writes] = await all
    return new Map([
      ['ls of an inbox', looks],
      ['read of a message', reads],
      ['file into send/', writes],
    ])
  }
}
