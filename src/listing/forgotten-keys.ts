/** Keys that a GET did not find: a listing that was begun before that may still have them. */
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { KeyIndex } from './key-index.js'

export class ForgottenKeys {
  readonly #clock: Clock
  readonly #deadline: Milliseconds
  /** And when. */
  readonly #keys = new Map<string, Milliseconds>()

  /** @param deadline no listing takes longer */
  constructor(clock: Clock, deadline: Milliseconds) {
    this.#clock = clock
    this.#deadline = deadline
  }

  add(key: string): void {
    const now = this.#clock.monotonic()
    for (const [old, at] of this.#keys) if (now - at > this.#deadline) this.#keys.delete(old)
    this.#keys.set(key, now)
  }

  /** Those that were gone at that time or later. */
  since(time: Milliseconds): ReadonlySet<string> {
    const gone = new Set<string>()
    for (const [key, at] of this.#keys) if (at >= time) gone.add(key)
    return gone
  }

  /** What a listing that was begun then has found, without those that were gone later. */
  leftOutOf(index: KeyIndex, startedAt: Milliseconds): KeyIndex {
    let rest = index
    for (const [key, at] of this.#keys) if (at >= startedAt) rest = rest.without(key)
    return rest
  }
}
