/** When a view that is listed from its newest keys on is compared with the whole. */
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** After a comparison that failed, the next one waits for this. */
const pause: Milliseconds = 30_000

export interface ComparingOptions {
  /** `--reconcile` */
  readonly reconcile: Milliseconds
  readonly clock: Clock
}

export class Comparing {
  readonly #options: ComparingOptions
  #notBefore: Milliseconds = 0

  constructor({ reconcile, clock }: ComparingOptions) {
    this.#options = { reconcile, clock }
  }

  /** @param completeAt when the last listing of the whole was begun */
  isDue(completeAt: Milliseconds): boolean {
    const { reconcile, clock } = this.#options
    const now = clock.monotonic()
    return now - completeAt >= reconcile && now >= this.#notBefore
  }

  noteFailure(): void {
    this.#notBefore = this.#options.clock.monotonic() + pause
  }
}
