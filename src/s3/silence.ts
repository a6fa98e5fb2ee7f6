/**
 * A try at a request is given up when nothing is heard of it, or when it does not come to an end: a dead connection, or one
 * that trickles, must not use up all the time there is.
 */
import { Cancellation, type CancelSignal } from '../cancellation.js'
import type { Bytes, Milliseconds } from '../units.js'
import type { Tries } from './awakening.js'

/** One try: `signal` ends it, and it says when it has heard something, and how many bytes of it are content. */
export type HeardCall<T> = (signal: Cancellation, heard: (bytes?: Bytes) => void) => Promise<T>

/**
 * Silence after which a try is given up. The first ones are short, to leave time for another; the later ones are not: a
 * server that is merely slow must get its answer through.
 * @param tries this one included
 * @param patience of who waits: `--op-timeout`
 */
export function silenceLimit(tries: number, patience: Milliseconds): Milliseconds {
  return (patience * 2 ** Math.min(tries - 1, 2)) / 4
}

/** The whole of a try may take so many times the silence that ends it: the first one all of `--op-timeout`, over a slow line. */
const limitsOfWhole = 4

/** Has the name by which `failure.ts` knows what comes too late. */
class Silence extends Error {
  override readonly name = 'TimeoutError'
}

export interface SilenceLimits {
  /** Before anything is heard. */
  readonly first: Milliseconds
  /** And after that: who has begun to answer and stops is no slow server. */
  readonly between: Milliseconds
}

/**
 * @param among it is given up, too, when others are answered that were sent later
 * @throws TimeoutError if it was given up, for silence, for its length or by the signal; else whatever the try throws
 */
export async function whileHeard<T>(
  attempt: HeardCall<T>,
  { first, between }: SilenceLimits,
  signal: CancelSignal,
  among: Tries = nobody,
): Promise<T> {
  const own = new Cancellation()
  const end = (): void => own.abort()
  const giveUp = (): void => own.abort(new Silence('nothing was heard in time'))
  const waiting = among.begin(giveUp)
  let isBegun = false
  const silent = (): void => {
    if (!isBegun) waiting.lost()
    giveUp()
  }
  let timer = setTimeout(silent, first)
  const heard = (): void => {
    waiting.heard()
    if (isBegun || between === first) timer.refresh()
    else {
      clearTimeout(timer)
      timer = setTimeout(silent, between)
    }
    isBegun = true
  }
  const whole = setTimeout(giveUp, limitsOfWhole * first)
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await unlessAborted(attempt(own, heard), own)
  } catch (cause) {
    // What an ended connection reports is as good as any reset.
    throw own.aborted ? new Silence('nothing more was heard in time', { cause }) : cause
  } finally {
    waiting.end()
    clearTimeout(timer)
    clearTimeout(whole)
    signal.removeEventListener('abort', end)
  }
}

const nobody: Tries = { begin: () => ({ heard: () => undefined, lost: () => undefined, end: () => undefined }) }

/** What heeds its signal has ended by then. */
const grace: Milliseconds = 1_000

/**
 * Waits for what may not heed its signal, such as credentials that a process is asked for.
 * @throws TimeoutError a moment after the signal, if it has not ended by then
 */
export function unlessAborted<T>(work: Promise<T>, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const giveUp = (): void => {
      timer = setTimeout(() => reject(new Silence('it did not end in time')), grace)
    }
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) giveUp()
    work.then(
      (result) => {
        done()
        resolve(result)
      },
      (error: unknown) => {
        done()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}
