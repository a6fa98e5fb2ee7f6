/** Which states of the bucket may be shown at a moment, and which failures: the rules of the model. */
import type { Milliseconds, Name } from '../../src/units.js'
import type { Outage } from './read-actions.js'
import { Corrections, inOrder, mixtures, withOthers } from './read-corrections.js'
import type { BucketState, History, Version } from './read-history.js'
import { codesOf, isOfAll, Troubles, type Trouble } from './read-troubles.js'
import { hasPair, roots, type Pair, type Shown, type View } from './read-views.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

/** As SEMANTICS.md (Reading) has it. */
const lookBack: Milliseconds = 15 * 60_000

/** What may be shown by a call. */
export interface Window {
  readonly asked: Milliseconds
  readonly from: Milliseconds
  readonly to: Milliseconds
  readonly isHealthy: boolean
  /** Of what is shown each key may be of another moment. */
  readonly isRelaxed: boolean
  mayFailWith(code: string): boolean
}

/** A call that is under way. */
interface Asked {
  readonly at: Milliseconds
  /** When the whole of the view was listed that may be shown. */
  readonly listedAt: Milliseconds
  readonly wasAnswering: boolean
}

export class Expectations {
  /** From now on nothing may be shown but what is so. */
  isOver = false
  readonly #history: History
  readonly #world: ReadWorld
  readonly #long: View | undefined
  readonly #troubles: Troubles
  readonly #corrections: Corrections
  readonly #seen = new Set<Pair>()
  readonly #shownAt = new Map<View, Milliseconds>()
  readonly #shown = new WeakMap<BucketState, Map<View, Shown>>()

  /** @param long the view that has more than one page */
  constructor(history: History, world: ReadWorld, long: View | undefined) {
    this.#history = history
    this.#world = world
    this.#long = long
    this.#troubles = new Troubles(() => world.clock.monotonic())
    this.#corrections = new Corrections(history)
  }

  /** @returns whether there was none under way */
  beginOutage(kind: Outage): boolean {
    if (this.#troubles.outage) return false
    this.#troubles.begin(kind)
    return true
  }

  endOutage(): void {
    this.#troubles.end((it) => it.kind !== 'denied')
  }

  /** @param refuses the LISTs that are refused from now on */
  deny(refuses: Trouble['concerns'] | undefined): void {
    this.#troubles.end((it) => it.kind === 'denied')
    if (refuses) this.#troubles.begin('denied', refuses)
  }

  /** A change while a view was being listed: of its key both may be shown. */
  noteMixed(key: string): void {
    this.#corrections.note(key, { at: this.#now, isCertain: false })
  }

  /** A read said that the key is gone, or another's. */
  noteCorrected(key: string, at: Milliseconds, isGone: boolean): void {
    const isHealthy = this.#troubles.of([key], at, this.#now).length === 0
    this.#corrections.note(key, { at, isCertain: isGone || isHealthy })
  }

  noteSeen(pair: Pair): void {
    this.#seen.add(pair)
  }

  /** Of what was shown to anybody nothing is known any more. */
  noteRestart(): void {
    this.#shownAt.clear()
  }

  /** The whole of a view was shown. */
  noteShown(view: View, at: Milliseconds): void {
    this.#shownAt.set(view, at)
  }

  asking(view: View, names: readonly Name[]): { answered(): Window } {
    const listedAt = view === this.#long && !this.isOver ? this.#listedInWhole(view) : Infinity
    const asked = { at: this.#now, listedAt, wasAnswering: this.#isAnswering }
    return { answered: () => this.#window(view, names, asked) }
  }

  /** @param prefixes of whose LISTs the answer is made */
  mayFail(prefixes: readonly string[], asked: Milliseconds, code: string): boolean {
    return this.#troubles.of(prefixes, asked, this.#now).some((it) => codesOf(it.kind).includes(code))
  }

  /** Whether something that is always told at once may be told to be there or not. */
  mayHave(
    isIn: (state: BucketState) => boolean,
    isShown: boolean,
    asked: Milliseconds,
    prefixes: readonly string[],
  ): boolean {
    if (isShown) return this.#history.within(-Infinity, this.#now).some(isIn)
    return this.#recent(prefixes, asked, this.#isAnswering).some((it) => !isIn(it))
  }

  /** Whether the folder of a view was there at any moment. */
  mayBeThere({ kind, pair, prefix }: View): boolean {
    const isThere = (state: BucketState): boolean =>
      kind === 'failed' ? state.hasBelow(prefix) : !pair || pair.isConfigured || hasPair(state, pair)
    return this.#history.within(-Infinity, this.#now).some(isThere)
  }

  *candidates(view: View, { from, to, isRelaxed }: Window): Generator<Shown, undefined> {
    const choices = this.#corrections.choices(view.prefix, from, to)
    const others = mixtures(choices)
    for (const state of this.#history.within(from, to)) {
      if (!choices.some((it) => it.isCertain)) yield this.#show(view, state)
      for (const mixture of others) yield* shown(view, withOthers(state.below(view.prefix), mixture))
      if (!choices.some((it) => it.isCertain))
        for (const show of view.others ?? []) yield show(state.below(view.prefix))
    }
    if (isRelaxed) yield* shown(view, this.#everything(view, from, to))
  }

  /** Keys that were found when they came, by their place in the order, and have been there for the whole ttl. */
  orderly(view: View, asked: Milliseconds): string[] {
    const recent = this.#history.within(asked - limits.ttl, asked)
    const isStill = (it: Version): boolean => recent.every((state) => state.objects.get(it.key) === it)
    const all = this.#history.now.below(view.prefix)
    return all.filter((it) => isStill(it) && this.#cameInOrder(view, it)).map((it) => it.key)
  }

  /** After all others; or after one that is known, and was not modified longer before the newest than one looks back. */
  #cameInOrder({ prefix }: View, version: Version): boolean {
    const came = this.#history.firstWith(version)
    if (!came) return false
    const known = this.#history.filled
    const oldest = known.find((it) => it.mtime >= version.mtime - lookBack && came.objects.get(it.key) === it)
    return came.below(prefix).at(-1) === version || (oldest !== undefined && version.key > oldest.key)
  }

  get #now(): Milliseconds {
    return this.#world.clock.monotonic()
  }

  /** Whether anybody was answered since the last trouble. */
  get #isAnswering(): boolean {
    return !this.#troubles.wereAny || this.#world.answered > 0
  }

  #window(view: View, names: readonly Name[], asked: Asked): Window {
    const ended = this.#now
    const troubles = this.#troubles.of([view.prefix], asked.at, ended)
    const isHealthy = troubles.length === 0 && (view.kind === 'plain' || asked.wasAnswering)
    const { outage } = this.#troubles
    const isOwn = view.isOwn?.(names) === true
    const to = outage && outage.from <= asked.at && !isOwn ? outage.from : ended
    // What is refused is no outage: nothing is shown of it for longer than of others.
    const isRefused = view.kind === 'plain' && troubles.every((it) => it.kind === 'denied')
    const from =
      isHealthy || isRefused ? asked.at - limits.ttl : view.kind === 'send' ? -Infinity : ended - limits.staleTtl
    return {
      ...{ asked: asked.at, from: Math.min(from, asked.listedAt), to, isHealthy },
      isRelaxed: view === this.#long,
      mayFailWith: (code) => this.#mayFail(view, names, asked, troubles, code),
    }
  }

  #mayFail(view: View, names: readonly Name[], asked: Asked, troubles: readonly Trouble[], code: string): boolean {
    if (code === 'ENOENT' && this.#mayBeNowhere(view, names, asked)) return true
    // Nothing of it may be known.
    if (view.kind === 'send' && troubles.length > 0 && code === 'ENOENT') return true
    if (this.#mayNotBeFound(view, asked.at, code)) return true
    return troubles.some((it) => codesOf(it.kind).includes(code)) && !this.#isKnown(view)
  }

  /** Whether nobody can tell where the view is. */
  #mayNotBeFound(view: View, asked: Milliseconds, code: string): boolean {
    const { pair, kind } = view
    if (!pair) return false
    const isUnknown = !pair.isConfigured && !this.#seen.has(pair)
    const groups = isUnknown ? [roots, roots.map((it) => `${it}${pair.station}/`)] : []
    if (kind === 'failed') groups.push([`AS2/files/${pair.station}/${pair.partner}/`])
    const troubles = this.#troubles.during(asked, this.#now).filter((it) => codesOf(it.kind).includes(code))
    return troubles.some((it) => groups.some((group) => isOfAll(it, group)))
  }

  /** What is listed to find out whether the view itself is there. */
  #foldersFor({ pair, kind }: View): readonly string[] {
    if (!pair) return []
    const own = kind === 'failed' ? [`AS2/files/${pair.station}/${pair.partner}/`] : []
    if (pair.isConfigured || this.#seen.has(pair)) return own
    return [...own, ...roots, ...roots.map((it) => `${it}${pair.station}/`)]
  }

  /** Whether the view itself may be told to be absent. */
  #mayBeNowhere(view: View, names: readonly Name[], asked: Asked): boolean {
    const { pair, kind, prefix } = view
    const recent = this.#recent(this.#foldersFor(view), asked.at, asked.wasAnswering)
    if (pair && !pair.isConfigured && !this.#seen.has(pair) && recent.some((it) => !hasPair(it, pair))) return true
    if (kind !== 'failed' || names.length > 0) return false
    // Who may not know sees none.
    return recent.some((it) => !it.hasBelow(prefix)) || this.mayFail(this.#foldersFor(view), asked.at, 'EACCES')
  }

  /** Whether the whole of a view was shown, in good times, so lately that it is shown whatever happens. */
  #isKnown(view: View): boolean {
    const shownAt = this.#shownAt.get(view)
    if (shownAt === undefined || this.#now - shownAt > limits.staleTtl - limits.ttl) return false
    return !this.#troubles.of([view.prefix], shownAt, this.#now).some((it) => it.kind === 'denied')
  }

  #recent(prefixes: readonly string[], asked: Milliseconds, wasAnswering: boolean): readonly BucketState[] {
    const isHealthy = this.#troubles.of(prefixes, asked, this.#now).length === 0 && wasAnswering
    return this.#history.within(isHealthy ? asked - limits.ttl : -Infinity, this.#now)
  }

  /** When the whole was last listed, as far as that is said. */
  #listedInWhole({ prefix }: View): Milliseconds {
    const { clock, listing } = this.#world
    const at = listing.status().find((it) => it.prefix === prefix)?.completeAt
    return at === undefined ? Infinity : at - clock.now() + clock.monotonic()
  }

  #everything({ prefix }: View, from: Milliseconds, to: Milliseconds): Version[] {
    const all = new Map<string, Version>()
    for (const state of this.#history.within(from, to)) for (const it of state.below(prefix)) all.set(it.key, it)
    return inOrder([...all.values()])
  }

  #show(view: View, state: BucketState): Shown {
    let shown = this.#shown.get(state)
    if (!shown) this.#shown.set(state, (shown = new Map<View, Shown>()))
    let it = shown.get(view)
    if (!it) shown.set(view, (it = view.show(state.below(view.prefix))))
    return it
  }
}

function* shown(view: View, objects: readonly Version[]): Generator<Shown, undefined> {
  for (const show of [view.show, ...(view.others ?? [])]) yield show(objects)
}
