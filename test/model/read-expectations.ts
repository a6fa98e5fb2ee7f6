/** Which states of the bucket may be shown at a moment, and which failures: the rules of the model. */
import type { Milliseconds, Name } from '../../src/units.js'
import type { Outage } from './read-actions.js'
import type { BucketState, History, Version } from './read-history.js'
import { hasPair, type Pair, type Shown, type View } from './read-views.js'
import { limits, type ReadWorld } from './read-world.js'

/** For so long after trouble it may be remembered that there was some. @see listing/refreshed.ts */
const grace: Milliseconds = 5_000
/** More ways to mix two states are not gone through. */
const mostMixtures = 256

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

interface Trouble {
  readonly kind: Outage | 'denied'
  /** Undefined: of everything. */
  readonly prefix: string | undefined
  readonly from: Milliseconds
  to: Milliseconds
}

/** A key of which something else may be shown than of the others. */
interface Correction {
  readonly at: Milliseconds
  /** Nothing older may be shown of it. */
  readonly isCertain: boolean
}

export class Expectations {
  /** From now on nothing may be shown but what is so. */
  isOver = false
  readonly #history: History
  readonly #world: ReadWorld
  readonly #long: View | undefined
  readonly #troubles: Trouble[] = []
  readonly #seen = new Set<Pair>()
  readonly #shownAt = new Map<View, Milliseconds>()
  readonly #corrections = new Map<string, Correction>()
  readonly #shown = new WeakMap<BucketState, Map<View, Shown>>()

  /** @param long the view that has more than one page */
  constructor(history: History, world: ReadWorld, long: View | undefined) {
    this.#history = history
    this.#world = world
    this.#long = long
  }

  /** @returns whether there was none under way */
  beginOutage(kind: Outage): boolean {
    if (this.#outage) return false
    this.#troubles.push({ kind, prefix: undefined, from: this.#now, to: Infinity })
    return true
  }

  endOutage(): void {
    if (this.#outage) this.#outage.to = this.#now
  }

  deny(view: View | undefined): void {
    for (const it of this.#troubles) if (it.kind === 'denied') it.to = Math.min(it.to, this.#now)
    if (view) this.#troubles.push({ kind: 'denied', prefix: view.prefix, from: this.#now, to: Infinity })
  }

  /** A change while a view was being listed: of its key both may be shown. */
  noteMixed(key: string): void {
    this.#corrections.set(key, { at: this.#now, isCertain: false })
  }

  /** A read said that the key is gone, or another's. */
  noteCorrected(key: string, at: Milliseconds, isGone: boolean): void {
    const isHealthy = this.#troublesOf(key, at, this.#now).length === 0
    this.#corrections.set(key, { at, isCertain: isGone || isHealthy })
  }

  noteSeen(pair: Pair): void {
    this.#seen.add(pair)
  }

  /** The whole of a view was shown. */
  noteShown(view: View, at: Milliseconds): void {
    this.#shownAt.set(view, at)
  }

  asking(view: View, names: readonly Name[]): { answered(): Window } {
    const asked = this.#now
    const isAnswering = this.#isAnswering
    const listedAt = view === this.#long && !this.isOver ? this.#listedInWhole(view) : Infinity
    return { answered: () => this.#window(view, names, asked, listedAt, isAnswering) }
  }

  /** Whether a call may fail so, whatever it is about. */
  mayFail(prefix: string | undefined, asked: Milliseconds, code: string): boolean {
    return this.#troublesOf(prefix, asked, this.#now).some((it) => codesOf(it.kind).includes(code))
  }

  /** Whether something that is always told at once may be told to be there or not. */
  mayHave(isIn: (state: BucketState) => boolean, isShown: boolean, asked: Milliseconds): boolean {
    if (isShown) return this.#history.within(-Infinity, this.#now).some(isIn)
    return this.#recent(undefined, asked, this.#isAnswering).some((it) => !isIn(it))
  }

  /** Whether the folder of a view was there at any moment. */
  mayBeThere({ kind, pair, prefix }: View): boolean {
    const isThere = (state: BucketState): boolean =>
      kind === 'failed' ? state.hasBelow(prefix) : !pair || pair.isConfigured || hasPair(state, pair)
    return this.#history.within(-Infinity, this.#now).some(isThere)
  }

  /** What a view shows at this moment. */
  shownNow(view: View): Shown {
    return this.#show(view, this.#history.now)
  }

  *candidates(view: View, { from, to, isRelaxed }: Window): Generator<Shown, undefined> {
    const mixed = [...this.#corrections].filter(([key, { at }]) => key.startsWith(view.prefix) && at >= from)
    const choices = mixed.map(([key, { at, isCertain }]) => ({
      key,
      isCertain,
      versions: [...this.#history.versionsWithin(key, isCertain ? at : from, Math.max(to, at))],
    }))
    const count = choices.reduce((product, it) => product * it.versions.length, 1)
    for (const state of this.#history.within(from, to)) {
      if (!choices.some((it) => it.isCertain)) yield this.#show(view, state)
      if (choices.length === 0 || count > mostMixtures) continue
      for (const mixture of mixtures(choices)) yield view.show(withOthers(state.below(view.prefix), mixture))
    }
    if (isRelaxed) yield view.show(this.#everything(view, from, to))
  }

  /** Keys that came after all others and have been there for the whole ttl. */
  orderly(view: View, asked: Milliseconds): string[] {
    const recent = this.#history.within(asked - limits.ttl, asked)
    const isStill = (it: Version): boolean => recent.every((state) => state.objects.get(it.key) === it)
    const cameLast = (it: Version): boolean => this.#history.firstWith(it)?.below(view.prefix).at(-1) === it
    const all = this.#history.now.below(view.prefix)
    return all.filter((it) => isStill(it) && cameLast(it)).map((it) => it.key)
  }

  get #now(): Milliseconds {
    return this.#world.clock.monotonic()
  }

  get #outage(): Trouble | undefined {
    return this.#troubles.find((it) => it.kind !== 'denied' && it.to === Infinity)
  }

  /** Whether anybody was answered since the last trouble. */
  get #isAnswering(): boolean {
    return this.#troubles.length === 0 || this.#world.answered > 0
  }

  #troublesOf(prefix: string | undefined, from: Milliseconds, to: Milliseconds): Trouble[] {
    return this.#troubles.filter(
      (it) =>
        it.from <= to && it.to + grace >= from && (it.prefix === undefined || (prefix?.startsWith(it.prefix) ?? false)),
    )
  }

  #window(
    view: View,
    names: readonly Name[],
    asked: Milliseconds,
    listedAt: Milliseconds,
    wasAnswering: boolean,
  ): Window {
    const ended = this.#now
    const troubles = this.#troublesOf(view.prefix, asked, ended)
    const isHealthy = troubles.length === 0 && (view.kind === 'plain' || wasAnswering)
    const outage = this.#outage
    const to = outage && outage.from <= asked ? outage.from : ended
    const from = isHealthy ? asked - limits.ttl : view.kind === 'send' ? -Infinity : ended - limits.staleTtl
    const window = { asked, from: Math.min(from, listedAt), to, isHealthy, isRelaxed: view === this.#long }
    return { ...window, mayFailWith: (code) => this.#mayFail(view, names, window, wasAnswering, troubles, code) }
  }

  #mayFail(
    view: View,
    names: readonly Name[],
    { asked }: Pick<Window, 'asked'>,
    wasAnswering: boolean,
    troubles: readonly Trouble[],
    code: string,
  ): boolean {
    if (code === 'ENOENT' && this.#mayBeNowhere(view, names, asked, wasAnswering)) return true
    // Nothing of it may be known.
    if (view.kind === 'send' && troubles.length > 0 && code === 'ENOENT') return true
    if (!troubles.some((it) => codesOf(it.kind).includes(code))) return false
    return !this.#isKnown(view)
  }

  /** Whether the view itself may be told to be absent. */
  #mayBeNowhere({ pair, kind }: View, names: readonly Name[], asked: Milliseconds, wasAnswering: boolean): boolean {
    const recent = this.#recent(undefined, asked, wasAnswering)
    if (pair && !pair.isConfigured && !this.#seen.has(pair) && recent.some((it) => !hasPair(it, pair))) return true
    return kind === 'failed' && names.length === 0 && recent.some((it) => !it.hasBelow('AS2/files/A/B/failed/'))
  }

  /** Whether the whole of a view was shown, in good times, so lately that it is shown whatever happens. */
  #isKnown(view: View): boolean {
    const shownAt = this.#shownAt.get(view)
    if (shownAt === undefined || this.#now - shownAt > limits.staleTtl - limits.ttl) return false
    return !this.#troublesOf(view.prefix, shownAt, this.#now).some((it) => it.kind === 'denied')
  }

  #recent(prefix: string | undefined, asked: Milliseconds, wasAnswering: boolean): readonly BucketState[] {
    const isHealthy = this.#troublesOf(prefix, asked, this.#now).length === 0 && wasAnswering
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

function codesOf(kind: Trouble['kind']): readonly string[] {
  switch (kind) {
    case 'denied':
      return ['EACCES']
    case 'keys':
      return ['EACCES', 'EIO']
    case 'hung':
      return ['ETIMEDOUT', 'EIO']
    case 'refused':
    case 'busy':
      return ['EIO']
  }
}

type Choice = readonly [key: string, version: Version | undefined]

function* mixtures(
  choices: readonly { readonly key: string; readonly versions: readonly (Version | undefined)[] }[],
): Generator<readonly Choice[], undefined> {
  const [first, ...others] = choices
  if (!first) {
    yield []
    return
  }
  for (const version of first.versions) for (const rest of mixtures(others)) yield [[first.key, version], ...rest]
}

function withOthers(objects: readonly Version[], choices: readonly Choice[]): readonly Version[] {
  const chosen = new Map(choices)
  const rest = objects.filter((it) => !chosen.has(it.key))
  return inOrder([...rest, ...[...chosen.values()].flatMap((it) => it ?? [])])
}

function inOrder(objects: readonly Version[]): Version[] {
  return [...objects].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
}
