/** The clock as an argument, so that tests have their own. */
import type { EpochMs } from '../units.js'

export interface Clock {
  now(): EpochMs
}

export const systemClock: Clock = { now: () => Date.now() }
