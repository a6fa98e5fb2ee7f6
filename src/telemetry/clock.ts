/** The clock and what waits by it, as arguments, so that tests have their own. */
import { timeLimit } from '../patience.js'
import type { EpochMs, Milliseconds } from '../units.js'

export interface Clock {
  /** This machine's time of day: for people and for names. It may step by hours either way, so nothing waits by it. */
  now(): EpochMs
  /** Since some moment of this process's life; never steps: for whatever waits, and for how old a thing is. */
  monotonic(): Milliseconds
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() }

/** What waits, by the clock that never steps. */
export interface Timers {
  /** A signal that is aborted after so long. */
  timeout(after: Milliseconds): AbortSignal
  /** Resolves after so long, or when the signal is aborted. */
  pause(time: Milliseconds, signal: AbortSignal): Promise<void>
}

export const systemTimers: Timers = {
  timeout: timeLimit,
  pause,
}

/** Without the error that Node's own makes of each pause that is given up: there are some for every file that is sent. */
function pause(time: Milliseconds, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, time)
    signal.addEventListener('abort', over)
    if (signal.aborted) over()
  })
}
