/** The bucket's time, as the Date headers of its answers tell it: clocks differ, and the gateway goes by the bucket's. */
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

/** A Date header has whole seconds. */
const resolution: Milliseconds = 1_000

export class BucketClock implements Clock {
  readonly #clock: Clock
  #offset: Milliseconds = 0

  /** @param clock this machine's; until the first answer the bucket's is taken to be the same */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): EpochMs {
    return this.#clock.now() + this.#offset
  }

  monotonic(): Milliseconds {
    return this.#clock.monotonic()
  }

  /** By this machine's clock, for what is told in the bucket's time. */
  local(at: EpochMs): EpochMs {
    return at - this.#offset
  }

  /**
   * Notes an answer.
   * @param date its Date header: the bucket's time somewhere between the two others, cut to a second
   */
  note(date: EpochMs, sentAt: EpochMs, receivedAt: EpochMs): void {
    const least = date - receivedAt
    const most = date + resolution - sentAt
    // As near to what was known as the answer allows: it does not jump about by a second.
    this.#offset = Math.min(Math.max(this.#offset, least), Math.max(most, least))
  }
}
