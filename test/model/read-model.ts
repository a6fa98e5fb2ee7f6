/**
 * What may be shown of a bucket, exactly: within the ttl what is so or was, after it what is so; in an outage what was known;
 * never a half of two, never another file's bytes, never a failure for what is absent.
 */
import type { Sender } from '../../src/send/sender.js'
import type { Action, Call, Look, Scenario } from './read-actions.js'
import { Calls } from './read-calls.js'
import { Changes } from './read-changes.js'
import { Expectations } from './read-expectations.js'
import { OpenFiles } from './read-files.js'
import { History } from './read-history.js'
import { Looks } from './read-looks.js'
import { lookAtPartners } from './read-partners.js'
import { Places } from './read-places.js'
import { firstView, roots, views, viewsAt } from './read-views.js'
import { limits } from './read-tree.js'
import { ReadWorld } from './read-world.js'

/** With more objects than this, not each is read in the end. */
const fewObjects = 50
/** Longer than any file. */
const allOfIt = 10_000_000

/** @returns what went wrong, one sentence each */
export async function run(scenario: Scenario, sender: Sender): Promise<readonly string[]> {
  const world = await ReadWorld.make(sender, scenario)
  try {
    return await new ReadModel(world, scenario).run()
  } finally {
    await world.close()
  }
}

class ReadModel {
  readonly #world: ReadWorld
  readonly #scenario: Scenario
  readonly #history = new History()
  readonly #places: Places
  readonly #changes: Changes
  readonly #expected: Expectations
  readonly #calls: Calls
  readonly #files: OpenFiles
  readonly #looks: Looks

  constructor(world: ReadWorld, scenario: Scenario) {
    const history = this.#history
    this.#world = world
    this.#scenario = scenario
    this.#places = new Places(history, viewsAt(scenario.views), views)
    this.#changes = new Changes(world, history, this.#places)
    this.#expected = new Expectations(history, world, scenario.messages > 0 ? firstView : undefined)
    this.#calls = new Calls(world, this.#expected)
    this.#files = new OpenFiles(world, history, this.#expected, this.#calls)
    this.#looks = new Looks({ world, expected: this.#expected, calls: this.#calls, files: this.#files })
  }

  async run(): Promise<readonly string[]> {
    const { problems } = this.#calls
    this.#changes.fill(this.#scenario.messages)
    for (const [i, action] of this.#scenario.actions.entries()) {
      this.#calls.step = `${i}: ${JSON.stringify(action)}`
      await this.#do(action)
      if (problems.length > 0) return problems
    }
    this.#calls.step = 'in the end'
    await this.#end()
    return problems
  }

  async #do(action: Action): Promise<void> {
    switch (action.do) {
      case 'put':
      case 'replace':
      case 'delete':
        this.#changes.make(action)
        return
      case 'wait':
        return this.#world.clock.advance(action.ms)
      case 'outage':
        if (this.#expected.beginOutage(action.kind)) this.#world.begin(action.kind)
        return
      case 'heal':
        this.#expected.endOutage()
        await this.#world.heal()
        return
      case 'deny': {
        const { prefix } = this.#places.nthView(action.view)
        this.#deny((it) => it.startsWith(prefix))
        return
      }
      case 'deny-above': {
        this.#deny((it) => isAbove(it, action.segments))
        return
      }
      case 'deny-root': {
        this.#deny((it) => it.startsWith(roots[action.nth] ?? ''))
        return
      }
      case 'allow': {
        this.#deny(undefined)
        return
      }
      default:
        return this.#call(action)
    }
  }

  async #call(action: Call): Promise<void> {
    switch (action.do) {
      case 'getattr':
      case 'readdir':
      case 'open':
        return this.#look([action])
      case 'together':
        return this.#look(action.looks)
      case 'pinned':
        return this.#readPinned(action)
      case 'partners':
        return lookAtPartners(this.#world, this.#expected, this.#calls)
      case 'read':
        return this.#files.read(action.nth, action.from, action.length)
      case 'close':
        return this.#files.close(action.nth)
    }
  }

  #deny(refuses: ((prefix: string) => boolean) | undefined): void {
    this.#expected.deny(refuses)
    this.#world.deny(refuses)
  }

  /** Some look at the same time; at one of their LISTs something may happen. */
  async #look(looks: readonly Look[]): Promise<void> {
    const during = looks.find((it) => it.during)
    if (during?.during) {
      const { during: event, page = 0 } = during
      this.#world.atList(page, () => {
        if (event.do === 'outage') {
          if (this.#expected.beginOutage(event.kind)) this.#world.begin(event.kind)
          return
        }
        const key = this.#changes.make(event)
        if (key !== undefined) this.#expected.noteMixed(key)
      })
    }
    const asked = looks.flatMap(({ do: kind, where }) => {
      const place = this.#places.at(where)
      return place ? [{ kind, place }] : []
    })
    await this.#looks.at(asked)
    this.#world.atList(0, undefined)
  }

  /** A file is opened, perhaps read, becomes another or none, and is read, and looked for. */
  async #readPinned({ nth, from, length, isRead, then }: Extract<Action, { do: 'pinned' }>): Promise<void> {
    const key = this.#places.nthKey(nth)
    const where = { at: 'key', nth, names: 99 } as const
    const place = key === undefined ? undefined : this.#places.at(where)
    if (key === undefined || !place) return
    const count = this.#files.count
    await this.#looks.at([{ kind: 'open', place }])
    if (this.#files.count === count) return
    if (isRead) await this.#files.read(count, from, length)
    // What is so for no time at all can't be told from what is so.
    await this.#world.clock.advance(1)
    if (then !== 'put') this.#changes.delete(key)
    if (then !== 'delete') this.#changes.put(key, this.#history.sizeOf(key))
    await this.#world.clock.advance(1)
    await this.#files.read(count, 0, allOfIt)
    await this.#looks.at([{ kind: 'getattr', place }])
    await this.#looks.at([{ kind: 'open', place }])
    if (this.#files.count > count + 1) await this.#files.read(count + 1, 0, allOfIt)
  }

  /** Everything is well again, and time has passed: all is shown as it is. */
  async #end(): Promise<void> {
    await this.#do({ do: 'heal' })
    await this.#do({ do: 'allow' })
    await this.#world.clock.advance(limits.reconcile + limits.ttl)
    // The first look begins the comparison with the whole, after the ttl the next one has what it found.
    await this.#readdirAll()
    await lookAtPartners(this.#world, this.#expected, this.#calls)
    await this.#world.clock.advance(limits.ttl + 1)
    this.#expected.isOver = true
    await this.#readdirAll()
    const { objects } = this.#history.now
    for (const nth of objects.size > fewObjects ? [0] : [...objects.keys()].keys()) {
      await this.#look([{ do: 'open', where: { at: 'key', nth, names: 99 } }])
      const last = this.#files.count - 1
      if (last >= 0) await this.#files.read(last, 0, allOfIt)
    }
    await this.#files.closeAll()
  }

  async #readdirAll(): Promise<void> {
    for (const view of this.#scenario.views.keys()) {
      await this.#look([{ do: 'readdir', where: { at: 'view', view } }])
    }
  }
}

/** Whether a LIST is of so many folders from the root, or fewer: keys are often allowed what is below stations alone. */
function isAbove(prefix: string, segments: number): boolean {
  return !prefix.startsWith('AS2/raw-mdn/') && prefix.split('/').length - 1 <= segments
}
