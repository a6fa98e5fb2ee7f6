/**
 * Uploads that may come into the bucket by themselves: who has all of one, S3 or a proxy, may store it seconds after its answer was
 * lost, or its sender has ended. Sent once more in that time, it would be there twice.
 */
import type { Clock } from '../../telemetry/clock.js'
import type { Milliseconds } from '../../units.js'

export class OnTheirWay {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #limit: Milliseconds
  /** What is known of no upload below began before this. */
  readonly #began: Milliseconds
  /** When it was heard of last; -Infinity: S3 itself has said no. */
  readonly #heard = new Map<string, Milliseconds>()

  /** @param limit after which none comes any more */
  constructor(clock: Pick<Clock, 'monotonic'>, limit: Milliseconds) {
    this.#clock = clock
    this.#limit = limit
    this.#began = clock.monotonic()
  }

  /** A try has ended, and nobody has said whether it has arrived. */
  lost(id: string): void {
    this.#forgetOld()
    this.#heard.set(id, this.#clock.monotonic())
  }

  /** S3 itself has said that it does not take it now. */
  refused(id: string): void {
    this.#forgetOld()
    this.#heard.set(id, -Infinity)
  }

  /**
   * When one is to be looked for again that is not there yet. The pauses grow: each look lists three folders. Of an earlier life there
   * may be thousands: each of those is looked for at the end only.
   * @returns undefined: it will not come any more
   */
  lookAgainIn(id: string): Milliseconds | undefined {
    const heard = this.#heard.get(id)
    const passed = this.#clock.monotonic() - (heard ?? this.#began)
    const left = this.#limit - passed
    if (left <= 0) return undefined
    return heard === undefined ? left : Math.min(left, Math.max(shortestPause, passed))
  }

  /** What is as old tells no more than that nothing is known. */
  #forgetOld(): void {
    const old = this.#clock.monotonic() - this.#limit
    if (old < this.#began) return
    for (const [id, at] of this.#heard) if (at <= old) this.#heard.delete(id)
  }
}

const shortestPause: Milliseconds = 3_000
