/** Looks at the folders of many partners, and whether what they show may be shown. */
import { encodeName } from '../../src/view/names.js'
import { partnerFolders, stationName } from '../../src/view/tree.js'
import type { CostsViewByView } from './read-many-costs.js'
import type { ManyExpectations, Span } from './read-many-expectations.js'
import { pathOf, viewsOf, type ManyPartner, type ManyView } from './read-many-partners.js'
import { outcomeOf, shownEntry, type Outcome, type ShownEntry } from './read-outcome.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

export interface ManyLooksOptions {
  readonly world: ReadWorld
  readonly partners: readonly ManyPartner[]
  readonly expected: ManyExpectations
  readonly costs: CostsViewByView
}

interface Answer {
  readonly outcome: Outcome<readonly ShownEntry[]>
  readonly span: Span
}

export class ManyLooks {
  /** One sentence each. */
  readonly problems: string[] = []
  /** What is being done, for these. */
  step = ''
  readonly #options: ManyLooksOptions
  readonly #allViews: readonly ManyView[]

  constructor(options: ManyLooksOptions) {
    this.#options = options
    this.#allViews = options.partners.flatMap(viewsOf)
  }

  /** Several at the same time. */
  async views(views: readonly ManyView[]): Promise<void> {
    const { costs, expected } = this.#options
    for (const view of views) {
      if (!expected.isKnown(view.of)) this.#costsOfFinding(view.of)
      costs.view(view, this.#allViews)
    }
    const answers = await this.#readdirs(views.map((it) => it.path))
    for (const [i, view] of views.entries()) {
      const answer = answers[i]
      if (answer) this.#checkView(view, answer)
    }
  }

  /** The stations, and the partners of each. @returns false: they can't be told */
  async directories(): Promise<boolean> {
    const { partners, costs } = this.#options
    const stations = [...new Set(partners.map((it) => it.station))]
    costs.folders(undefined, stations.length)
    const [root] = await this.#readdirs(['/'])
    if (!root?.outcome.value) {
      if (root) this.#checkFailure('/', undefined, root)
      return false
    }
    for (const station of stations) {
      const isShown = root.outcome.value.some((it) => it.name === stationName(station))
      const own = partners.filter((it) => it.station === station)
      this.#checkPresence(stationName(station), own, isShown, root.span)
      if (isShown) await this.#station(station, own)
    }
    return true
  }

  /** The folders of one. @returns false: they can't be told */
  async partner(partner: ManyPartner): Promise<boolean> {
    const { costs, expected } = this.#options
    if (!expected.isKnown(partner)) this.#costsOfFinding(partner)
    costs.partner(partner)
    costs.send(partner)
    const [answer] = await this.#readdirs([pathOf(partner)])
    if (!answer) return false
    const { outcome, span } = answer
    if (outcome.value) {
      const names = outcome.value.map((it) => it.name).join(' ')
      if (names !== partnerFolders(false).join(' ')) this.problem(`${pathOf(partner)} has ${names}`)
      await this.#readdirs([`${pathOf(partner)}/send`])
      return true
    }
    if (outcome.code === 'ENOENT' && expected.partner(partner, span) !== 'must') return false
    if (expected.isKnown(partner)) this.problem(`${pathOf(partner)}: ${outcome.code}`)
    else this.#checkFailure(pathOf(partner), partner.station, answer)
    return false
  }

  problem(what: string): void {
    this.problems.push(`${this.step}, at ${this.#options.world.clock.monotonic()}: ${what}`)
  }

  async #station(station: string, partners: readonly ManyPartner[]): Promise<void> {
    const { costs, expected } = this.#options
    costs.folders(undefined, partners.length)
    costs.folders(station, partners.length)
    const path = `/${stationName(station)}`
    const [answer] = await this.#readdirs([path])
    if (!answer) return
    const { outcome, span } = answer
    if (!outcome.value) {
      this.#checkFailure(path, station, answer)
      return
    }
    const shown = new Set(outcome.value.map((it) => it.name))
    for (const partner of partners) {
      const isShown = shown.delete(encodeName(partner.partner))
      this.#checkPresence(pathOf(partner), [partner], isShown, span)
      if (isShown) expected.noteSeen(partner)
    }
    for (const name of shown) this.problem(`${path} shows ${name}`)
  }

  #checkPresence(what: string, partners: readonly ManyPartner[], isShown: boolean, span: Span): void {
    const must = partners.map((it) => this.#options.expected.partner(it, span))
    if (!isShown && must.includes('must')) this.problem(`${what} is not shown`)
    if (isShown && must.every((it) => it === 'not')) this.problem(`${what} is shown`)
  }

  #checkView(view: ManyView, { outcome, span }: Answer): void {
    const { expected } = this.#options
    if (outcome.value) {
      expected.noteSeen(view.of)
      for (const problem of expected.check(view, outcome.value, span)) this.problem(problem)
    } else if (!expected.mayFail(view, outcome.code, span)) this.problem(`${view.path}: ${outcome.code}`)
  }

  #checkFailure(path: string, station: string | undefined, { outcome, span }: Answer): void {
    if (outcome.code !== undefined && !this.#options.expected.mayNotBeFound(station, outcome.code, span)) {
      this.problem(`${path}: ${outcome.code}`)
    }
  }

  #costsOfFinding({ station }: ManyPartner): void {
    const count = this.#options.partners.length
    this.#options.costs.folders(undefined, count)
    this.#options.costs.folders(station, count)
  }

  /** All at the same time. @returns none where that took too long, which is a problem */
  async #readdirs(paths: readonly string[]): Promise<readonly Answer[]> {
    const { world, expected } = this.#options
    const { clock, fs } = world
    const wasAnswering = !expected.troubles.wereAny || world.answered > 0
    const asking = paths.map(async (path): Promise<Answer> => {
      const asked = clock.monotonic()
      const reading = fs.readdir(path, clock.timeout(limits.opTimeout))
      const outcome = await outcomeOf(reading.then((it) => [...it].map((entry) => shownEntry(entry.name, entry))))
      return { outcome, span: { asked, ended: clock.monotonic(), wasAnswering } }
    })
    const answers = Promise.all(asking)
    try {
      await clock.play(answers, limits.opTimeout + 1)
      return await answers
    } catch (error) {
      this.problem(`${paths.join(' ')}: ${(error as Error).message}`)
      return []
    }
  }
}
