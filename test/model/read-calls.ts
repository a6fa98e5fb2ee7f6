/** Calls of the real tree in played time, each with what may be shown by it, and the problems that were found. */
import type { Name } from '../../src/units.js'
import type { Expectations, Window } from './read-expectations.js'
import { outcomeOf, type Outcome } from './read-outcome.js'
import type { View } from './read-views.js'
import { limits } from './read-tree.js'
import type { ReadWorld } from './read-world.js'

export interface Answer<T> {
  readonly outcome: Outcome<T>
  readonly window: Window
}

export class Calls {
  /** One sentence each. */
  readonly problems: string[] = []
  /** What is being done, for these. */
  step = ''
  readonly #world: ReadWorld
  readonly #expected: Expectations

  constructor(world: ReadWorld, expected: Expectations) {
    this.#world = world
    this.#expected = expected
  }

  /** Asks for something of a view; others may ask before it is answered, which is when somebody plays. */
  async ask<T>(view: View, names: readonly Name[], call: (signal: AbortSignal) => Promise<T>): Promise<Answer<T>> {
    const asking = this.#expected.asking(view, names)
    const outcome = await this.outcome(call)
    const window = asking.answered()
    if (outcome.value !== undefined && view.pair) this.#expected.noteSeen(view.pair)
    return { outcome, window }
  }

  /** As the kernel calls: with a deadline. */
  outcome<T>(call: (signal: AbortSignal) => Promise<T>): Promise<Outcome<T>> {
    return outcomeOf(call(this.#world.clock.timeout(limits.opTimeout)))
  }

  /** Waits for an answer. @returns undefined: it came too late, which is a problem */
  async played<T>(what: string, answer: Promise<T>): Promise<T | undefined> {
    try {
      await this.#world.clock.play(answer, limits.opTimeout + 1)
      return await answer
    } catch (error) {
      this.problem(`${what}: ${(error as Error).message}`)
      return undefined
    }
  }

  problem(what: string): void {
    this.problems.push(`${this.step}, at ${this.#world.clock.monotonic()}: ${what}`)
  }
}
