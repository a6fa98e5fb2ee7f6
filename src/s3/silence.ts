/** A try at a request is given up when nothing is heard of it: a dead connection must not use up all the time there is. */
import type { Milliseconds } from '../units.js'

/** One try: `signal` ends it, and it says when it has heard something. */
export type Try<T> = (signal: AbortSignal, heard: () => void) => Promise<T>

/**
 * Silence after which a try is given up. The first ones are short, to leave time for another; the later ones are not: a
 * server that is merely slow must get its answer through.
 * @param tries this one included
 * @param patience of who waits: `--op-timeout`
 */
export function silenceLimit(tries: number, patience: Milliseconds): Milliseconds {
  return (patience * 2 ** Math.min(tries - 1, 2)) / 4
}

/** Has the name by which `failure.ts` knows what comes too late. */
class Silence extends Error {
  override readonly name = 'TimeoutError'
}

/** @throws TimeoutError if it was given up, for silence or by the signal; else whatever the try throws */
export async function whileHeard<T>(attempt: Try<T>, limit: Milliseconds, signal: AbortSignal): Promise<T> {
  const controller = new AbortController()
  const giveUp = (): void => controller.abort()
  const timer = setTimeout(giveUp, limit)
  signal.addEventListener('abort', giveUp, { once: true })
  if (signal.aborted) giveUp()
  try {
    return await attempt(controller.signal, () => timer.refresh())
  } catch (cause) {
    // What an ended connection reports is as good as any reset.
    throw controller.signal.aborted ? new Silence('nothing was heard', { cause }) : cause
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}
