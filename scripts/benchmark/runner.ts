/** Gives each piece of work to each contender in turn, as often as wanted. */
import { Bench, failureOf, type Surroundings } from './bench.js'
import { contendersOf, type Contender } from './contenders.js'
import { alone, aloneName } from './items/alone.js'
import { loadItems } from './items/load.js'
import { messageItems } from './items/messages.js'
import { partnerItems } from './items/partners.js'
import { readingItems } from './items/reading.js'
import { sendingItems } from './items/sending.js'
import { startingItems } from './items/starting.js'
import type { Item } from './item.js'
import { links, type Link } from './link.js'
import { Mount } from './mount.js'
import type { Options } from './options.js'
import { isPlanned, longEnough, plannedFor, plannedRuns } from './plan.js'
import type { Figure, Result } from './results.js'
import { BenchServer } from './server/client.js'
import { bucketOf } from './server/worlds.js'
import { Workspace } from './workspace.js'

const items: readonly Item[] = [
  ...startingItems,
  ...messageItems,
  ...partnerItems,
  ...readingItems,
  ...sendingItems,
  ...loadItems,
]
export const itemNames: readonly string[] = [...items.map((it) => it.name), aloneName]

/** All that is measured; whatever happens, nothing is left behind. */
export async function runAll(options: Options, say: (line: string) => void, signal: AbortSignal): Promise<Result[]> {
  const workspace = new Workspace(options.place)
  const server = new BenchServer()
  try {
    await server.start(workspace.root, signal, options.sizes)
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
    this.#contenders = contendersOf(around.options.lineup)
  }

  async all(): Promise<Result[]> {
    const { server, options } = this.#around
    for (const link of links) {
      await server.delay(link.delay)
      if (isPlanned(aloneName, link, options)) await this.#alone(link)
      for (const item of items) {
        if (item.links.includes(link.name) && isPlanned(item.name, link, options)) await this.#inItsWorld(item, link)
      }
    }
    return this.#results
  }

  async #alone(link: Link): Promise<void> {
    for (let run = 1; run <= this.#around.options.runs; run += 1) {
      this.#around.say(`${link.name}: ${aloneName}, run ${run}`)
      const figures = await alone(this.#around, link)
      this.#results.push(...figures.map((it) => ({ ...it, contender: 'alone' as const, link: link.name, run })))
    }
  }

  async #inItsWorld(item: Item, link: Link): Promise<void> {
    const { server, options } = this.#around
    const world = item.world?.(options.sizes)
    if (!world) return this.#item(item, link)
    await server.make(world)
    try {
      await this.#item(item, link)
    } finally {
      await server.unmake(world)
    }
  }

  /** Each run another is the first, so that what disturbs disturbs all. */
  async #item(item: Item, link: Link): Promise<void> {
    const { options, say } = this.#around
    const planned = plannedFor(item, link, this.#contenders, options)
    const runs = plannedRuns(item, link, options)
    const tired = new Set<Contender>()
    for (let run = 1; run <= runs; run += 1) {
      const first = (run - 1) % planned.length
      for (const contender of [...planned.slice(first), ...planned.slice(0, first)]) {
        if (tired.has(contender)) continue
        say(`${link.name}: ${item.name}, ${contender.name}, run ${run}`)
        const figures = await this.#do(item, contender, link)
        this.#results.push(...figures.map((it) => ({ ...it, contender: contender.name, link: link.name, run })))
        if (figures.some((it) => it.failure !== undefined || isLong(it))) tired.add(contender)
      }
    }
  }

  /** Whatever goes wrong stands in the table; the others go on. */
  async #do(item: Item, contender: Contender, link: Link): Promise<readonly Figure[]> {
    const { server, workspace, signal, options } = this.#around
    const world = item.world?.(options.sizes)
    const how = { flags: item.flags?.[contender.name], bucket: world && bucketOf(world) }
    let mount: Mount
    try {
      mount = await Mount.start({ contender, server, link, workspace, ...how }, signal)
    } catch (error) {
      return [this.#notBegun(item, contender, error)]
    }
    try {
      const bench = new Bench(mount, this.#around)
      const failure = await item.do(bench).then(
        () => undefined,
        (error: unknown) => this.#notBegun(item, contender, error),
      )
      const isTold = failure === undefined || bench.figures.some((it) => it.failure !== undefined)
      return isTold ? bench.figures : [...bench.figures, failure]
    } finally {
      await mount.end()
    }
  }

  /** Of what comes before the first row. @throws what ends the whole */
  #notBegun({ name }: Item, contender: Contender, error: unknown): Figure {
    const { signal, say } = this.#around
    signal.throwIfAborted()
    const failure = failureOf(error)
    say(`${name}, ${contender.name}: ${failure}`)
    return { row: { id: name, words: `${name}, before it began` }, unit: 'seconds', value: undefined, failure }
  }
}

function isLong({ unit, value = 0 }: Figure): boolean {
  return unit === 'seconds' && value * 1000 > longEnough
}
