/** Waits for conditions, never for time. */
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Asks again until the answer is neither undefined nor false.
 * @param what completes 'waited in vain for …'
 * @param deadline milliseconds, default 60,000: a machine may be busy
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  deadline = 60_000,
): Promise<Exclude<T, undefined | false>> {
  const end = Date.now() + deadline
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer as Exclude<T, undefined | false>
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await delay(25)
  }
}
