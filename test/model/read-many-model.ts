/**
 * Many partners, walked through while others change the bucket: what is shown of each view is as new as the ttl asks for, whatever
 * was listed with it; and no plan costs more than listing view by view.
 */
import type { Sender } from '../../src/send/sender.js'
import type { ManyAction, ManyEvent, ManyScenario, Walk } from './read-many-actions.js'
import { ManyChanges } from './read-many-changes.js'
import { CostsViewByView, type Costs } from './read-many-costs.js'
import { ManyExpectations } from './read-many-expectations.js'
import { ManyLooks } from './read-many-looks.js'
import { manyPartners, manyView, rootsOf, viewsOf, type ManyPartner, type ManyView } from './read-many-partners.js'
import { roots } from './read-views.js'
import type { Milliseconds } from '../../src/units.js'
import { Timeline } from './read-timeline.js'
import { limits } from './read-tree.js'
import { ReadWorld } from './read-world.js'

/** Where a partner is looked for is listed one after the other: what one look did not need the next one may. */
const foldersToFind = 10
/** So long after it was listed ahead of time, and so for nothing yet, a view may be listed again for who comes to it. */
const tooEarly = limits.ttl + 1

/** How many LISTs a step may take. */
export type Bound = (costs: Costs) => number

/** @returns what went wrong, one sentence each */
export async function runMany(scenario: ManyScenario, sender: Sender, bound: Bound): Promise<readonly string[]> {
  const partners = manyPartners(scenario.partners, scenario.stations)
  const { pageLimit, latency, isConfigured } = scenario
  const world = await ReadWorld.make(sender, { pageLimit, latency, configured: isConfigured ? partners : [] })
  try {
    return await new ManyModel(world, scenario, partners, bound).run()
  } finally {
    await world.close()
  }
}

class ManyModel {
  readonly #world: ReadWorld
  readonly #scenario: ManyScenario
  readonly #partners: readonly ManyPartner[]
  readonly #bound: Bound
  readonly #timeline = new Timeline()
  readonly #changes: ManyChanges
  readonly #expected: ManyExpectations
  readonly #costs: CostsViewByView
  readonly #looks: ManyLooks
  /** LISTs that the step before might have taken. */
  #credit = 0
  /** Those that steps did without, as it had been listed before. */
  #spared: { readonly at: Milliseconds; readonly lists: number }[] = []

  constructor(world: ReadWorld, scenario: ManyScenario, partners: readonly ManyPartner[], bound: Bound) {
    const timeline = this.#timeline
    this.#world = world
    this.#scenario = scenario
    this.#partners = partners
    this.#bound = bound
    this.#changes = new ManyChanges(world, timeline, partners, scenario.pageLimit)
    this.#expected = new ManyExpectations(world, timeline, scenario.isConfigured)
    this.#costs = new CostsViewByView(world, timeline, scenario.pageLimit)
    this.#looks = new ManyLooks({ world, partners, expected: this.#expected, costs: this.#costs })
  }

  async run(): Promise<readonly string[]> {
    const { problems } = this.#looks
    this.#changes.fill(this.#scenario.messages)
    for (const [i, action] of this.#scenario.actions.entries()) {
      this.#looks.step = `${i}: ${JSON.stringify(action)}`
      await this.#do(action)
      if (problems.length > 0) return problems
    }
    this.#looks.step = 'in the end'
    await this.#end()
    return problems
  }

  async #do(action: ManyAction): Promise<void> {
    const before = this.#world.store.count('list')
    const wasHealthy = this.#isHealthy()
    if (action.do === 'walk') await this.#walk(action)
    else if (action.do === 'visit') await this.#looks.views([this.#view(action)])
    else await this.#happen(action)
    // Whatever goes on behind it is part of what it costs.
    if (action.do === 'walk' || action.do === 'visit') await this.#world.clock.advance(this.#scenario.latency * 20)
    const lists = this.#world.store.count('list') - before
    const costs = this.#costs.take()
    if (!wasHealthy || !this.#isHealthy()) {
      this.#costs.forget()
      return
    }
    const now = this.#world.clock.monotonic()
    this.#spared = this.#spared.filter(({ at }) => now - at <= tooEarly)
    const most = this.#bound(costs) + this.#credit
    const sparedBefore = this.#spared.reduce((sum, it) => sum + it.lists, 0)
    if (lists > most + sparedBefore) this.#looks.problem(`${lists} LISTs, view by view it were ${costs.viewByView}`)
    this.#credit = Math.min(foldersToFind, Math.max(0, most - lists))
    this.#spared.push({ at: now, lists: Math.max(0, costs.viewByView - lists) })
  }

  #isHealthy(): boolean {
    const now = this.#world.clock.monotonic()
    return this.#expected.troubles.during(now - limits.staleTtl, now).length === 0
  }

  async #walk({ view, order, callers, most, events }: Walk): Promise<void> {
    const partners = inOrder(this.#partners, order).slice(0, most)
    if (view === 'all' && !(await this.#looks.directories())) return
    for (let i = 0; i < partners.length && this.#looks.problems.length === 0; i += callers) {
      const some = partners.slice(i, i + callers)
      if (view !== 'all') await this.#looks.views(some.map((it) => manyView(it, view)))
      else for (const partner of some) await this.#find(partner, callers)
      for (const { after, event } of events) if (after >= i && after < i + callers) await this.#happen(event)
    }
  }

  /** As find goes through a partner. */
  async #find(partner: ManyPartner, callers: number): Promise<void> {
    if (!(await this.#looks.partner(partner))) return
    const views = viewsOf(partner)
    for (let i = 0; i < views.length; i += callers) await this.#looks.views(views.slice(i, i + callers))
  }

  async #happen(event: ManyEvent): Promise<void> {
    const { troubles } = this.#expected
    switch (event.do) {
      case 'wait':
        return this.#world.clock.advance(event.ms)
      case 'outage':
        if (troubles.outage) return
        troubles.begin(event.kind)
        this.#world.begin(event.kind)
        return
      case 'heal':
        troubles.end((it) => it.kind !== 'denied')
        return this.#world.heal()
      case 'deny':
        this.#deny(this.#refusal(event))
        return
      case 'allow':
        this.#deny(undefined)
        return
      default:
        this.#changes.make(event)
    }
  }

  #refusal(event: Extract<ManyEvent, { do: 'deny' }>): (prefix: string) => boolean {
    const view = this.#view(event)
    const { station } = view.of
    switch (event.what) {
      case 'root':
        return (it) => it.startsWith(roots[event.view % roots.length] ?? '')
      case 'roots':
      case 'stations':
        return (it) => isAbove(it, event.what === 'roots' ? 2 : 3)
      case 'station':
        return (it) => it.split('/')[2] === station
      case 'partner':
        return (it) => rootsOf(view.of).some((root) => it.startsWith(root))
      case 'view':
        return (it) => it.startsWith(view.prefix)
    }
  }

  #deny(refuses: ((prefix: string) => boolean) | undefined): void {
    const { troubles } = this.#expected
    troubles.end((it) => it.kind === 'denied')
    if (refuses) troubles.begin('denied', refuses)
    this.#world.deny(refuses)
  }

  #view({ partner, view }: { readonly partner: number; readonly view: number }): ManyView {
    const of = this.#partners[partner % this.#partners.length]
    if (!of) throw new Error('There are no partners.')
    return manyView(of, view)
  }

  /** Everything is well again, and time has passed: all is shown as it is, twice: what is compared is found the second time. */
  async #end(): Promise<void> {
    await this.#happen({ do: 'heal' })
    await this.#happen({ do: 'allow' })
    for (const wait of [limits.reconcile + limits.ttl, limits.ttl + 1]) {
      await this.#world.clock.advance(wait)
      await this.#looks.directories()
      await this.#looks.views(this.#partners.map((it) => manyView(it, 0)))
      await this.#world.clock.advance(60_000)
    }
    for (const partner of this.#partners) await this.#find(partner, 1)
  }
}

/** Whether a LIST is of so many folders from the root, or fewer: keys are often allowed what is below stations alone. */
function isAbove(prefix: string, segments: number): boolean {
  return !prefix.startsWith('AS2/raw-mdn/') && prefix.split('/').length - 1 <= segments
}

function inOrder(partners: readonly ManyPartner[], order: Walk['order']): readonly ManyPartner[] {
  const idOf = ({ station, partner }: ManyPartner) => Buffer.from(`${station}/${partner}/`)
  const byKey = [...partners].sort((a, b) => Buffer.compare(idOf(a), idOf(b)))
  if (order === 'keys') return byKey
  if (order === 'backwards') return byKey.reverse()
  // The same one each time.
  return byKey
    .map((it, i) => ({ it, at: (i * 7_919) % 41 }))
    .sort((a, b) => a.at - b.at)
    .map(({ it }) => it)
}
