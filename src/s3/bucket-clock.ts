/**
 * The bucket's time, as the Date headers of its answers tell it: clocks differ, and the gateway goes by the bucket's. Between
 * answers it goes on by a clock that can't step, so that setting this machine's does not touch it.
 */
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

/** A Date header has whole seconds. */
const resolution: Milliseconds = 1_000

export class BucketClock {
  readonly #clock: Clock
  /** The bucket's time when the monotonic clock was at 0; undefined before its first answer. */
  #origin: EpochMs | undefined

  /** @param clock this machine's */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Undefined before the bucket's first answer: nobody knows then. */
  now(): EpochMs | undefined {
    return this.#origin === undefined ? undefined : Math.round(this.#origin + this.#clock.monotonic())
  }

  monotonic(): Milliseconds {
    return this.#clock.monotonic()
  }

  /**
   * Notes an answer.
   * @param date its Date header: the bucket's time somewhere between the two others, cut to a second
   * @param sentAt by the monotonic clock, as `receivedAt`
   */
  note(date: EpochMs, sentAt: Milliseconds, receivedAt: Milliseconds): void {
    const least = date - receivedAt
    const most = date + resolution - sentAt
    // As near to what was known as the answer allows, so that it does not jump about by a second; at first near to ours.
    const known = this.#origin ?? this.#clock.now() - this.#clock.monotonic()
    this.#origin = Math.min(Math.max(known, least), Math.max(most, least))
  }
}
