/** Gives each piece of work to each contender in turn, as often as wanted. */
import type { Milliseconds } from '../../src/units.js'
import { contendersOf, type Contender } from './contenders.js'
import { alone, aloneName } from './items/alone.js'
import { loadItems } from './items/load.js'
import { messageItems } from './items/messages.js'
import { partnerItems } from './items/partners.js'
import { readingItems } from './items/reading.js'
import { sendingItems } from './items/sending.js'
import { Bench, failureOf, type Item, type Surroundings } from './item.js'
import { Mount } from './mount.js'
import { isNamed, type Options } from './options.js'
import { OverLimit } from './processes.js'
import type { Result } from './results.js'
import { BenchServer } from './server/client.js'
import { bucketOf } from './server/worlds.js'
import { Workspace } from './workspace.js'

/** Before every answer of the server: none, and what S3 is away. */
const delays: readonly Milliseconds[] = [0, 25]
/** What took longer is not done again: the second digit does not matter any more. */
const longEnough: Milliseconds = 20_000

const items: readonly Item[] = [...messageItems, ...partnerItems, ...readingItems, ...sendingItems, ...loadItems]
export const itemNames: readonly string[] = [...items.map((it) => it.name), aloneName]

/** All that is measured; whatever happens, nothing is left behind. */
export async function runAll(options: Options, say: (line: string) => void, signal: AbortSignal): Promise<Result[]> {
  const workspace = new Workspace()
  const server = new BenchServer()
  try {
    await server.start(options.sizes)
    return await new Runner({ options, server, workspace, say, signal }).all()
  } finally {
    await server.close()
    await workspace.close()
  }
}

class Runner {
  readonly #results: Result[] = []

  readonly #around: Surroundings
  readonly #contenders: readonly Contender[]

  constructor(around: Surroundings) {
    this.#around = around
    this.#contenders = contendersOf(around.options.before, around.options.against)
  }

  async all(): Promise<Result[]> {
    for (const delay of delays) {
      await this.#around.server.delay(delay)
      if (this.#isWanted(aloneName)) await this.#alone(delay)
      for (const item of items) {
        if (this.#isWanted(item.name) && item.delay !== (delay === 0 ? 'always' : 'never'))
          await this.#inItsWorld(item, delay)
      }
    }
    return this.#results
  }

  #isWanted(name: string): boolean {
    const { only } = this.#around.options
    return only === undefined || isNamed(name, only)
  }

  async #alone(delay: Milliseconds): Promise<void> {
    for (let run = 1; run <= this.#around.options.runs; run += 1) {
      this.#around.say(`${aloneName}, ${delay} ms, run ${run}`)
      const figures = await alone(this.#around.server, this.#around.options.sizes, this.#around.signal)
      this.#results.push(...figures.map((it) => ({ ...it, item: aloneName, contender: 'alone' as const, delay, run })))
    }
  }

  async #inItsWorld(item: Item, delay: Milliseconds): Promise<void> {
    const { server, options } = this.#around
    const world = item.world?.(options.sizes)
    if (!world) return this.#item(item, delay)
    await server.make(world)
    try {
      await this.#item(item, delay)
    } finally {
      await server.unmake(world)
    }
  }

  async #item(item: Item, delay: Milliseconds): Promise<void> {
    const tired = new Set<Contender>()
    for (let run = 1; run <= this.#around.options.runs; run += 1) {
      for (const contender of this.#contenders) {
        if (tired.has(contender)) continue
        const began = Date.now()
        this.#around.say(`${item.name}, ${delay} ms, ${contender.name}, run ${run}`)
        const figures = await this.#do(item, contender)
        this.#results.push(...figures.map((it) => ({ ...it, item: item.name, contender: contender.name, delay, run })))
        const isOver = figures.some((it) => it.failure !== undefined)
        if (
          isOver ||
          Date.now() - began > longEnough + (item.name === 'storm' ? this.#around.options.sizes.storm : 0)
        ) {
          tired.add(contender)
        }
      }
    }
  }

  async #do(item: Item, contender: Contender): Promise<Bench['figures']> {
    const { server, workspace, signal, say, options } = this.#around
    const world = item.world?.(options.sizes)
    const how = { flags: item.flags?.[contender.name], bucket: world && bucketOf(world) }
    const mount = await Mount.start(contender, server, workspace, signal, how)
    try {
      const bench = new Bench(mount, this.#around)
      try {
        await item.do(bench)
      } catch (error) {
        signal.throwIfAborted()
        // What is wrong stands in the table; the others go on.
        if (!(error instanceof OverLimit)) say(`${item.name}, ${contender.name}: ${failureOf(error)}`)
      }
      return bench.figures
    } finally {
      await mount.end()
    }
  }
}
