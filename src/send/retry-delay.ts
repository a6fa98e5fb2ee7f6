/** Pauses between tries. Pure. */
import type { Milliseconds } from '../units.js'

const firstRetryDelay: Milliseconds = 1_000
const maxRetryDelay: Milliseconds = 5 * 60 * 1000

/** Exponential with equal jitter: between half a delay and the whole of it. */
export function retryDelay(tries: number, random: () => number): Milliseconds {
  const limit = Math.min(maxRetryDelay, firstRetryDelay * 2 ** Math.min(tries - 1, 20))
  return limit * (0.5 + random() / 2)
}
