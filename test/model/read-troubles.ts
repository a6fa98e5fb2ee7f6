/** Outages and refusals of the read model, and which failures may come of them. */
import type { Milliseconds } from '../../src/units.js'
import type { Outage } from './read-actions.js'

/** For so long after trouble it may be remembered that there was some. @see listing/refreshed.ts */
const grace: Milliseconds = 5_000

export interface Trouble {
  readonly kind: Outage | 'denied'
  /** Whether a LIST of that prefix fails. */
  readonly concerns: (prefix: string) => boolean
  readonly from: Milliseconds
  readonly to: Milliseconds
}

export class Troubles {
  readonly #now: () => Milliseconds
  #all: readonly Trouble[] = []

  constructor(now: () => Milliseconds) {
    this.#now = now
  }

  get wereAny(): boolean {
    return this.#all.length > 0
  }

  /** The outage that is under way. */
  get outage(): Trouble | undefined {
    return this.#all.find((it) => it.kind !== 'denied' && it.to === Infinity)
  }

  begin(kind: Trouble['kind'], concerns: Trouble['concerns'] = () => true): void {
    this.#all = [...this.#all, { kind, concerns, from: this.#now(), to: Infinity }]
  }

  end(isIt: (trouble: Trouble) => boolean): void {
    const to = this.#now()
    this.#all = this.#all.map((it) => (isIt(it) && it.to > to ? { ...it, to } : it))
  }

  /** All of them. */
  during(from: Milliseconds, to: Milliseconds): readonly Trouble[] {
    return this.#all.filter((it) => it.from <= to && it.to + grace >= from)
  }

  /** @param prefixes of which an answer is made; an outage is of everything */
  of(prefixes: readonly string[], from: Milliseconds, to: Milliseconds): readonly Trouble[] {
    const isOf = (it: Trouble): boolean => it.kind !== 'denied' || prefixes.some((prefix) => it.concerns(prefix))
    return this.during(from, to).filter(isOf)
  }
}

/** Whether none of some folders can be listed: one is enough to find what is in it. */
export function isOfAll({ kind, concerns }: Trouble, prefixes: readonly string[]): boolean {
  return prefixes.length > 0 && (kind !== 'denied' || prefixes.every(concerns))
}

/** How a call may fail in such trouble. */
export function codesOf(kind: Trouble['kind']): readonly string[] {
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
