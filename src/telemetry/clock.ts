/** The clock as an argument, so that tests have their own. */
import type { EpochMs, Milliseconds } from '../units.js'

export interface Clock {
  /** This machine's time of day: for people and for names. It may step by hours either way, so nothing waits by it. */
  now(): EpochMs
  /** Since some moment of this process's life; never steps: for whatever waits, and for how old a thing is. */
  monotonic(): Milliseconds
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }
