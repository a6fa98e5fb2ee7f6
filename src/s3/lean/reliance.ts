/** Whether objects are asked for without the SDK: not after an unusual answer, until the SDK was given an object again. */
import type { Clock } from '../../telemetry/clock.js'
import type { Milliseconds } from '../../units.js'

/** After so many unusual answers in a row. A connection that was just being closed is none to speak of. */
const pauses: readonly Milliseconds[] = [0, 0, 1_000, 10_000, 60_000]
const longestPause: Milliseconds = 10 * 60_000
/** Somebody has waited for it in vain. */
const weightOfSilence = 3

export class Reliance {
  readonly #clock: Pick<Clock, 'monotonic'>
  #isGiven = false
  #unusual = 0
  /** When the last one of those came. */
  #lastAt: Milliseconds = -Infinity
  #notBefore: Milliseconds = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  get isGiven(): boolean {
    return this.#isGiven && this.#clock.monotonic() >= this.#notBefore
  }

  /** The SDK was given an object. */
  give(): void {
    this.#isGiven = true
  }

  /**
   * What came was what it should be, or something else, or nothing did.
   * @param since when it was asked for: what was under way when another failed says the same once more, and is none in a row
   */
  note(outcome: 'usual' | 'unusual' | 'silent', since: Milliseconds): void {
    if (outcome === 'usual') {
      this.#unusual = 0
      return
    }
    if (since < this.#lastAt) return
    const now = this.#clock.monotonic()
    this.#unusual += outcome === 'silent' ? weightOfSilence : 1
    this.#isGiven = false
    this.#lastAt = now
    this.#notBefore = now + (pauses[this.#unusual] ?? longestPause)
  }
}
