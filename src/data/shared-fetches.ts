/** One fetch under way for all who want the same; it ends early only when nobody waits any more. */
import { setMaxListeners } from 'node:events'
import { Cancellation, type CancelSignal } from '../cancellation.js'
import { orAborted } from '../patience.js'
import type { Milliseconds } from '../units.js'

interface Fetch<T> {
  readonly promise: Promise<T>
  readonly cancellation: Cancellation
  waiters: number
}

/** Gives up many fetches at once. Node takes more than ten listeners for a leak, and says so in the log. */
export function controllerOfMany(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

export class SharedFetches<T> {
  readonly #underWay = new Map<string, Fetch<T>>()
  readonly #deadline: Milliseconds

  /** @param deadline of one fetch, whoever waits */
  constructor(deadline: Milliseconds) {
    this.#deadline = deadline
  }

  has(id: string): boolean {
    return this.#underWay.has(id)
  }

  /** @throws whatever the fetch throws; FsError ETIMEDOUT when the caller's signal ends first */
  async get(id: string, signal: CancelSignal, start: (signal: CancelSignal) => Promise<T>): Promise<T> {
    const fetch = this.#underWay.get(id) ?? this.#start(id, start)
    fetch.waiters += 1
    try {
      return await orAborted(fetch.promise, signal)
    } finally {
      fetch.waiters -= 1
      if (fetch.waiters === 0 && signal.aborted) this.#abandon(id, fetch)
    }
  }

  #start(id: string, start: (signal: CancelSignal) => Promise<T>): Fetch<T> {
    const cancellation = new Cancellation()
    const timer = setTimeout(() => cancellation.abort(), this.#deadline)
    const promise = start(cancellation).finally(() => {
      clearTimeout(timer)
      if (this.#underWay.get(id) === fetch) this.#underWay.delete(id)
    })
    const fetch: Fetch<T> = { promise, cancellation, waiters: 0 }
    this.#underWay.set(id, fetch)
    return fetch
  }

  #abandon(id: string, fetch: Fetch<T>): void {
    if (this.#underWay.get(id) === fetch) this.#underWay.delete(id)
    fetch.cancellation.abort()
  }
}
