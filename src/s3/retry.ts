/** Reads are tried again: a cut body, a reset, silence, a server that asks to slow down. */
import { setTimeout as delay } from 'node:timers/promises'
import { abortSignalOf, type CancelSignal } from '../cancellation.js'
import type { Milliseconds } from '../units.js'
import { isFutile, isThrottled } from './failure.js'
import { StoreError } from './store-error.js'

const maxTries = 5
const firstDelay: Milliseconds = 100
/** S3 asks to slow down while it scales: it is left alone for longer. */
const firstDelayThrottled: Milliseconds = 500
const maxDelay: Milliseconds = 2_000

/** How long to wait before a try: exponential, with equal jitter, so that many readers don't come back at once. */
export function backoff(tries: number, first: Milliseconds, max: Milliseconds, random: () => number): Milliseconds {
  return Math.min(max, first * 2 ** (tries - 1)) * (0.5 + random() / 2)
}

/**
 * Calls again while it fails transiently and the signal allows.
 * @param call is told which try it is, from 1
 * @param options.failsFast what is futile is told at once
 * @throws the last StoreError that is not the signal's doing
 */
export async function retried<T>(
  call: (tries: number) => Promise<T>,
  signal: CancelSignal,
  { failsFast = false } = {},
): Promise<T> {
  let before: unknown
  for (let tries = 1; ; tries += 1) {
    try {
      return await call(tries)
    } catch (error) {
      // That it was ended says less than why the one before it failed.
      if (signal.aborted) throw isLate(error) ? (before ?? error) : error
      before = error
      const again = error instanceof StoreError && error.failure === 'transient' && tries < maxTries
      if (!again || (failsFast && isFutile(error))) throw error
      const first = isThrottled(error) ? firstDelayThrottled : firstDelay
      try {
        await delay(backoff(tries, first, maxDelay, Math.random), undefined, { signal: abortSignalOf(signal) })
      } catch {
        throw error
      }
    }
  }
}

function isLate(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'ETIMEDOUT'
}
