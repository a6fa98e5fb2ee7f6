/** Keys of which something else may be shown than of the others: changed while they were listed, or corrected by a read. */
import type { Milliseconds } from '../../src/units.js'
import type { History, Version } from './read-history.js'

/** More ways to mix two states are not gone through. */
const mostMixtures = 256

interface Correction {
  readonly at: Milliseconds
  /** Nothing older may be shown of it. */
  readonly isCertain: boolean
}

interface Choice {
  readonly key: string
  readonly isCertain: boolean
  readonly versions: readonly (Version | undefined)[]
}

type Choices = ReadonlyMap<string, Version | undefined>

export class Corrections {
  readonly #history: History
  readonly #corrections = new Map<string, Correction>()

  constructor(history: History) {
    this.#history = history
  }

  note(key: string, correction: Correction): void {
    this.#corrections.set(key, correction)
  }

  /** What may be shown of the keys below a prefix that were corrected since a moment. */
  choices(prefix: string, from: Milliseconds, to: Milliseconds): readonly Choice[] {
    const mixed = [...this.#corrections].filter(([key, { at }]) => key.startsWith(prefix) && at >= from)
    return mixed.map(([key, { at, isCertain }]) => {
      const since = isCertain ? at : from
      return { key, isCertain, versions: [...this.#history.versionsWithin(key, since, Math.max(to, at))] }
    })
  }
}

/** Every way to choose; none where there are too many. */
export function mixtures(choices: readonly Choice[]): readonly Choices[] {
  const count = choices.reduce((product, it) => product * it.versions.length, 1)
  if (choices.length === 0 || count > mostMixtures) return []
  let all: Choices[] = [new Map()]
  for (const { key, versions } of choices) {
    all = all.flatMap((some) => versions.map((version) => new Map([...some, [key, version]])))
  }
  return all
}

export function withOthers(objects: readonly Version[], choices: Choices): readonly Version[] {
  const rest = objects.filter((it) => !choices.has(it.key))
  return inOrder([...rest, ...[...choices.values()].flatMap((it) => it ?? [])])
}

export function inOrder(objects: readonly Version[]): Version[] {
  return [...objects].sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
}
