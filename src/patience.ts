/** Waiting for what goes on without the one who waits: for so long, or until a signal. */
import { setMaxListeners } from 'node:events'
import { anyOf, Cancellation, type CancelSignal } from './cancellation.js'
import { FsError } from './errors.js'
import type { Milliseconds } from './units.js'

/** The time was over first. */
export const late = Symbol('late')

/**
 * What some work brings within a time. If it takes longer it goes on, and nobody hears of its end.
 * @throws what the work throws in time
 */
export async function inTime<T>(work: Promise<T>, limit: Milliseconds): Promise<T | typeof late> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<typeof late>((resolve) => (timer = setTimeout(resolve, limit, late)))
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Waits for an answer of the bucket that is shared with others, until the caller's own signal.
 * @throws what the work throws; FsError ETIMEDOUT if the signal comes first
 */
export function orAborted<T>(shared: Promise<T>, signal: CancelSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new FsError('ETIMEDOUT', 'The bucket did not answer in time.'))
    if (signal.aborted) {
      shared.catch(() => undefined)
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    shared
      .finally(() => signal.removeEventListener('abort', onAbort))
      .then(resolve, (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))))
  })
}

/**
 * A signal that is aborted after so long. That of AbortSignal.timeout is collected with Node 20 while only a signal that
 * AbortSignal.any made of it is listened to, and then neither is ever aborted.
 */
export function timeLimit(limit: Milliseconds): AbortSignal {
  const over = new AbortController()
  // Any number of things may have to end with it.
  setMaxListeners(0, over.signal)
  setTimeout(() => over.abort(timeIsOver()), limit).unref()
  return over.signal
}

/** Does work that is to end with any of the signals, or after so long. Nothing stays of the time or at the signals when it has ended. */
export async function within<T>(
  limit: Milliseconds,
  signals: CancelSignal | readonly CancelSignal[],
  work: (signal: CancelSignal) => Promise<T>,
): Promise<T> {
  const over = new Cancellation()
  const ends = [signals].flat().map((signal) => endWith(signal, over))
  const timer = setTimeout(() => over.abort(timeIsOver()), limit)
  try {
    return await work(over)
  } finally {
    clearTimeout(timer)
    for (const letGo of ends) letGo()
  }
}

/** @returns ends that again */
function endWith(signal: CancelSignal, over: Cancellation): () => void {
  const onAbort = (): void => over.abort(signal.reason)
  // Any number of them end with the end of all.
  if (signal instanceof AbortSignal) setMaxListeners(0, signal)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return () => signal.removeEventListener('abort', onAbort)
}

function timeIsOver(): DOMException {
  return new DOMException('The time is over.', 'TimeoutError')
}

/** Ends work of many steps of which none has come to anything for too long, however long the whole of it takes. */
export class Stall {
  readonly signal: AbortSignal
  readonly #timer: NodeJS.Timeout

  /** @param signal ends it as well */
  constructor(limit: Milliseconds, signal: CancelSignal) {
    const over = new AbortController()
    this.signal = anyOf(signal, over.signal)
    this.#timer = setTimeout(() => over.abort(), limit)
  }

  /** A step is done. */
  goesOn(): void {
    this.#timer.refresh()
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}

/** Work of many steps, of which none may come to nothing for so long. @param work says of each that it is done */
export async function whileAnswered<T>(
  limit: Milliseconds,
  signal: CancelSignal,
  work: (stall: Stall) => Promise<T>,
): Promise<T> {
  const stall = new Stall(limit, signal)
  try {
    return await work(stall)
  } finally {
    stall.end()
  }
}
