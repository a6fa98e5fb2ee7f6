/** How long the bucket takes at least: the delay of the network, and not what requests wait for one another. */
import type { Milliseconds } from '../units.js'

/** After which a shorter time is no longer believed. */
const memory: Milliseconds = 10_000

export class Quickest {
  #took: Milliseconds | undefined
  #at: Milliseconds = 0

  /** Of what was asked for lately; undefined: of nothing yet. */
  get took(): Milliseconds | undefined {
    return this.#took
  }

  /** @param now by a clock that never steps */
  note(took: Milliseconds, now: Milliseconds): void {
    if (this.#took !== undefined && took > this.#took && now - this.#at < memory) return
    this.#took = took
    this.#at = now
  }
}
