/** One value that is fetched when somebody looks and it is too old: one fetch for all who wait, stale in an outage. */
import { FsError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

export interface RefreshedOptions<T> {
  readonly fetch: (signal: AbortSignal) => Promise<T>
  readonly ttl: Milliseconds
  readonly deadline: Milliseconds
  readonly clock: Clock
  /** Whether a value of that age may still be served after a fetch that failed so. */
  readonly mayServe: (age: Milliseconds, error: FsError) => boolean
}

/** How long a failure is remembered: an outage costs a request a second, not one a call. */
const failureTtl: Milliseconds = 1_000

export class Refreshed<T> {
  readonly #options: RefreshedOptions<T>
  #value: { readonly value: T; readonly at: EpochMs; readonly until: EpochMs } | undefined
  #failure: { readonly error: FsError; readonly at: EpochMs } | undefined
  #fetching: Promise<T> | undefined
  #isValid = true
  lastLook: EpochMs = 0

  constructor(options: RefreshedOptions<T>) {
    this.#options = options
  }

  /** The value if there is one, however old. */
  get known(): T | undefined {
    return this.#value?.value
  }

  /** Of the last fetch, if it failed. */
  get error(): FsError | undefined {
    return this.#failure?.error
  }

  /** What is known is too old from now on, a fetch under way included. */
  invalidate(): void {
    this.#isValid = false
    this.#fetching = undefined
    this.#failure = undefined
  }

  /** Changes what is known without a fetch. */
  replace(change: (value: T) => T): void {
    if (this.#value) this.#value = { ...this.#value, value: change(this.#value.value) }
  }

  /**
   * @param signal the caller's: ends the waiting, not the fetch, which others may wait for
   * @throws FsError of the fetch; ETIMEDOUT when the signal ends the waiting
   */
  async get(signal: AbortSignal): Promise<T> {
    const now = this.#options.clock.now()
    this.lastLook = now
    if (this.#isValid && this.#value && now < this.#value.until) return this.#value.value
    if (this.#failure && now - this.#failure.at < failureTtl) return this.#stale(this.#failure.error)
    this.#fetching ??= this.#fetch()
    try {
      return await orAborted(this.#fetching, signal)
    } catch (error) {
      if (error instanceof FsError) return this.#stale(error)
      throw error
    }
  }

  #stale(error: FsError): T {
    const value = this.#value
    if (value && this.#options.mayServe(this.#options.clock.now() - value.at, error)) return value.value
    throw error
  }

  #fetch(): Promise<T> {
    const startedAt = this.#options.clock.now()
    this.#isValid = true
    const fetching = this.#options.fetch(AbortSignal.timeout(this.#options.deadline)).then(
      (value) => {
        // After an invalidate this one is too old to be kept, but not for those who asked before.
        if (this.#fetching === fetching) this.#keep(value, startedAt)
        return value
      },
      (cause: unknown) => {
        const error = cause instanceof FsError ? cause : new FsError('EIO', 'The listing failed.', { cause })
        if (this.#fetching === fetching) this.#fail(error)
        throw error
      },
    )
    return fetching
  }

  #keep(value: T, at: EpochMs): void {
    this.#fetching = undefined
    this.#failure = undefined
    // A fetch that takes longer than the ttl would otherwise follow upon itself without end.
    const took = this.#options.clock.now() - at
    this.#value = { value, at, until: at + Math.max(this.#options.ttl, 2 * took) }
  }

  #fail(error: FsError): void {
    this.#fetching = undefined
    this.#failure = { error, at: this.#options.clock.now() }
  }
}

/** Waits for a promise that is shared with others, until the caller's own signal. */
function orAborted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new FsError('ETIMEDOUT', 'The bucket did not answer in time.'))
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    shared
      .finally(() => signal.removeEventListener('abort', onAbort))
      .then(resolve, (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))))
  })
}
