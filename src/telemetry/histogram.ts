/** How long things took, by limits. */
import type { Milliseconds } from '../units.js'

export interface HistogramFigures {
  /** In seconds, ascending. */
  readonly limits: readonly number[]
  /** For each limit, how many took as long or less. */
  readonly within: readonly number[]
  readonly count: number
  /** In seconds. */
  readonly sum: number
}

export class Histogram {
  readonly #limits: readonly number[]
  /** Not added up yet; the last one is of those beyond all limits. */
  readonly #counts: number[]
  #sum: Milliseconds = 0

  /** @param limits in seconds, ascending */
  constructor(limits: readonly number[]) {
    this.#limits = limits
    this.#counts = [...limits, Infinity].map(() => 0)
  }

  observe(time: Milliseconds): void {
    // Nothing takes less than no time, whatever clocks say: a sum never goes back.
    const took = Math.max(0, time)
    let i = 0
    while (i < this.#limits.length && took > (this.#limits[i] ?? 0) * 1_000) i += 1
    this.#counts[i] = (this.#counts[i] ?? 0) + 1
    this.#sum += took
  }

  get figures(): HistogramFigures {
    let count = 0
    const added = this.#counts.map((it) => (count += it))
    return { limits: this.#limits, within: added.slice(0, -1), count, sum: this.#sum / 1_000 }
  }
}
