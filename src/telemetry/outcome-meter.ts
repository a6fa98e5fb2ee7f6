/** How calls of a few kinds end, and how long they take: told at each end, so it must cost next to nothing. */
import type { Milliseconds } from '../units.js'
import { Histogram, type HistogramFigures } from './histogram.js'
import { Tally } from './tally.js'

export class OutcomeMeter {
  readonly outcomes = new Tally()
  readonly #limits: readonly number[]
  readonly #times = new Map<string, Histogram>()

  /** @param limits of the times, in seconds, ascending */
  constructor(limits: readonly number[]) {
    this.#limits = limits
  }

  /**
   * One has ended.
   * @param operation, code one of a few words each, never a name that somebody gave
   */
  ended(operation: string, code: string, took: Milliseconds): void {
    this.outcomes.add(operation, code)
    let times = this.#times.get(operation)
    if (!times) this.#times.set(operation, (times = new Histogram(this.#limits)))
    times.observe(took)
  }

  *times(): Generator<readonly [operation: string, figures: HistogramFigures], undefined> {
    for (const [operation, times] of this.#times) yield [operation, times.figures]
  }
}
