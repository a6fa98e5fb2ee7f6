/** A clock that shows whatever a test says; its time never steps back. */
import type { Clock } from '../../src/telemetry/clock.js'
import type { EpochMs } from '../../src/units.js'

export function clockOf(now: () => EpochMs): Clock {
  return { now, monotonic: now }
}
