/** How long one waits for a fetch who must not wait for the bucket. */
import type { CancelSignal } from '../cancellation.js'
import type { Pulse } from '../s3/pulse.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** How long one who must not wait does so, as long as the bucket goes on answering. */
const moments: Milliseconds = 1_000

/**
 * Waits while the bucket answers, but for moments only.
 * @param atLeast whether it answers or not
 * @returns whether the fetch brought something; undefined: it goes on
 */
export async function forMoments(
  shared: Promise<unknown>,
  { clock, timers, pulse }: { readonly clock: Clock; readonly timers: Timers; readonly pulse: Pulse },
  signal: CancelSignal,
  atLeast: Milliseconds = 0,
): Promise<boolean | undefined> {
  const brought = shared.then(
    () => true,
    () => false,
  )
  const begun = clock.monotonic()
  const end = begun + moments
  while (!signal.aborted) {
    const now = clock.monotonic()
    const wait = Math.min(Math.max(pulse.patience, begun + atLeast - now), end - now)
    if (wait <= 0) return undefined
    const over = new AbortController()
    const late = timers.pause(wait, over.signal).then(() => undefined)
    const outcome = await Promise.race([brought, late])
    over.abort()
    if (outcome !== undefined) return outcome
  }
  return undefined
}
