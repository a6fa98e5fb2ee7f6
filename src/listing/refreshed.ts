/** One value that is fetched when somebody looks and it is too old: one fetch for all who wait, stale in an outage. */
import { FsError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { EpochMs, Milliseconds } from '../units.js'

export interface RefreshedOptions<T> {
  readonly fetch: (signal: AbortSignal) => Promise<T>
  readonly ttl: Milliseconds
  readonly deadline: Milliseconds
  /** How long a look waits for a fetch while there is something to show without it. */
  readonly patience: Milliseconds
  readonly clock: Clock
  /** Whether a value of that age may still be served after a fetch that failed so. */
  readonly mayServe: (age: Milliseconds, error: FsError) => boolean
  /** For how long a value that took so long to fetch is fresh, if longer than the ttl. */
  readonly spacing?: (value: T, took: Milliseconds) => Milliseconds
  /** Another value is shown from now on. */
  readonly onChange?: (former: T | undefined, value: T) => void
}

interface Dated<T> {
  readonly value: T
  readonly at: EpochMs
  readonly until: EpochMs
}

/** How long a failure is remembered: an outage costs a request a second, not one a call. */
const failureTtl: Milliseconds = 1_000
/** How long a look waits while the last fetches failed or were late: long enough to see that it is over. */
const patienceInOutage: Milliseconds = 200

export class Refreshed<T> {
  readonly #options: RefreshedOptions<T>
  #value: Dated<T> | undefined
  #failure: { readonly error: FsError; readonly at: EpochMs } | undefined
  /** When somebody last waited for the fetch under way as long as one does. */
  #lateAt: EpochMs | undefined
  #fetching: Promise<T> | undefined
  lastLook: EpochMs = 0

  constructor(options: RefreshedOptions<T>) {
    this.#options = options
    this.lastLook = options.clock.now()
  }

  /** The value if there is one, however old. */
  get known(): T | undefined {
    return this.#value?.value
  }

  /** The value if a look would not fetch it anew. */
  get fresh(): T | undefined {
    return this.#value && this.#options.clock.now() < this.#value.until ? this.#value.value : undefined
  }

  /** The value if it is not older than that. */
  since(time: EpochMs): T | undefined {
    return this.#value && this.#value.at >= time ? this.#value.value : undefined
  }

  /** Of the last fetch, if it was refused. That the bucket can't be reached is no matter of one listing, and passes. */
  get error(): FsError | undefined {
    const error = this.#failure?.error
    return error && this.#options.mayServe(0, error) ? undefined : error
  }

  /** Changes what is known without a fetch. */
  replace(change: (value: T) => T): void {
    if (this.#value) this.#show({ ...this.#value, value: change(this.#value.value) })
  }

  /** Takes over what was fetched by another way. @param at when that was begun */
  install(value: T, at: EpochMs): void {
    this.#failure = undefined
    this.#lateAt = undefined
    this.#show({ value, at, until: Math.max(this.#value?.until ?? 0, at + this.#options.ttl) })
  }

  /**
   * @param signal the caller's: ends the waiting, not the fetch, which others may wait for
   * @throws FsError of the fetch; ETIMEDOUT when the signal ends the waiting
   */
  async get(signal: AbortSignal): Promise<T> {
    const now = this.#options.clock.now()
    this.lastLook = now
    if (this.#value && now < this.#value.until) return this.#value.value
    if (this.#failure && now - this.#failure.at < failureTtl) return this.#stale(this.#failure.error)
    this.#fetching ??= this.#fetch()
    try {
      return await this.#inTime(this.#fetching, signal)
    } catch (error) {
      if (error instanceof FsError) return this.#stale(error)
      throw error
    }
  }

  /** An answer that is late is not waited for while something can be shown; the fetch goes on. */
  async #inTime(fetching: Promise<T>, signal: AbortSignal): Promise<T> {
    const late = new FsError('ETIMEDOUT', 'The bucket is slow to answer.')
    if (!this.#mayShow(late)) return orAborted(fetching, signal)
    fetching.catch(() => undefined)
    const now = this.#options.clock.now()
    if (this.#lateAt !== undefined && now - this.#lateAt < failureTtl) throw late
    const isOutage = this.#failure !== undefined || this.#lateAt !== undefined
    const patience = AbortSignal.timeout(isOutage ? patienceInOutage : this.#options.patience)
    try {
      return await orAborted(fetching, AbortSignal.any([signal, patience]))
    } catch (error) {
      if (patience.aborted) this.#lateAt = this.#options.clock.now()
      throw error
    }
  }

  #stale(error: FsError): T {
    if (this.#value && this.#mayShow(error)) return this.#value.value
    throw error
  }

  #mayShow(error: FsError): boolean {
    return this.#value !== undefined && this.#options.mayServe(this.#options.clock.now() - this.#value.at, error)
  }

  async #fetch(): Promise<T> {
    const startedAt = this.#options.clock.now()
    try {
      const value = await this.#options.fetch(AbortSignal.timeout(this.#options.deadline))
      this.#keep(value, startedAt)
      return value
    } catch (cause) {
      const error = asFsError(cause)
      this.#failure = { error, at: this.#options.clock.now() }
      throw error
    } finally {
      this.#fetching = undefined
    }
  }

  #keep(value: T, at: EpochMs): void {
    const { ttl, spacing, clock } = this.#options
    this.#failure = undefined
    this.#lateAt = undefined
    this.#show({ value, at, until: at + Math.max(ttl, spacing?.(value, clock.now() - at) ?? 0) })
  }

  #show(value: Dated<T>): void {
    const former = this.#value?.value
    this.#value = value
    if (former !== value.value) this.#options.onChange?.(former, value.value)
  }
}

export function asFsError(cause: unknown): FsError {
  return cause instanceof FsError ? cause : new FsError('EIO', 'The listing failed.', { cause })
}

/** Waits for a promise that is shared with others, until the caller's own signal. */
export function orAborted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
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
