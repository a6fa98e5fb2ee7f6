/** One value that is fetched when somebody looks and it is too old: one fetch for all who wait, stale in an outage. */
import { anyOf, type CancelSignal } from '../cancellation.js'
import { FsError } from '../errors.js'
import { orAborted } from '../patience.js'
import type { Pulse } from '../s3/pulse.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import { asFsError, FailedFetches, failureTtl, type SharedFailure } from './failed-fetches.js'
import type { Glimpse } from './listing.js'
import { forMoments } from './moments.js'

export interface RefreshedOptions<T> {
  readonly fetch: (signal: CancelSignal) => Promise<T>
  readonly ttl: Milliseconds
  readonly deadline: Milliseconds
  /** How long a look waits for a fetch while there is something to show without it. */
  readonly patience: Milliseconds
  readonly pulse: Pulse
  readonly clock: Clock
  readonly timers: Timers
  /** Whether a value of that age may still be served after a fetch that failed so. */
  readonly mayServe: (age: Milliseconds, error: FsError) => boolean
  /** When a value was asked for, by the clock that never steps, if not when its fetch began. */
  readonly dateOf?: (value: T) => Milliseconds
  /** For how long a value that took so long to fetch is fresh, if longer than the ttl. */
  readonly spacing?: (value: T, took: Milliseconds) => Milliseconds
  /** Another value is shown from now on. */
  readonly onChange?: (former: T | undefined, value: T) => void
}

interface Dated<T> {
  readonly value: T
  readonly at: Milliseconds
  readonly until: Milliseconds
}

/** How long a look waits while the last fetches failed or were late: long enough to see that it is over. */
const patienceInOutage: Milliseconds = 200
/** So many times as long as the patience, and a look that came to nothing counts as a failure for those who come next. */
const longWait = 4

/** All times are by the clock that never steps. */
export class Refreshed<T> {
  readonly #options: RefreshedOptions<T>
  readonly #failures: FailedFetches
  #value: Dated<T> | undefined
  #fetching: Promise<T> | undefined
  /** A fetch for which nobody waits who must not. */
  #slow: Promise<T> | undefined
  lastLook: Milliseconds = 0

  constructor(options: RefreshedOptions<T>) {
    const { pulse, clock, mayServe } = options
    this.#options = options
    this.#failures = new FailedFetches({ pulse, clock, isOutage: (error) => mayServe(0, error) })
    this.lastLook = clock.monotonic()
  }

  /** The value if there is one, however old. */
  get known(): T | undefined {
    return this.#value?.value
  }

  /** The value if a look would not fetch it anew. */
  get fresh(): T | undefined {
    return this.#value && this.#options.clock.monotonic() < this.#value.until ? this.#value.value : undefined
  }

  /** When the value was fetched, if there is one. */
  get at(): Milliseconds | undefined {
    return this.#value?.at
  }

  /** The value if it is not older than that. */
  since(time: Milliseconds): T | undefined {
    return this.#value && this.#value.at >= time ? this.#value.value : undefined
  }

  /** Of the last fetch, if it was refused. That the bucket can't be reached is no matter of one listing, and passes. */
  get error(): FsError | undefined {
    const { error } = this.#failures
    return error && this.#options.mayServe(0, error) ? undefined : error
  }

  /** Changes what is known without a fetch. */
  replace(change: (value: T) => T): void {
    if (this.#value) this.#show({ ...this.#value, value: change(this.#value.value) })
  }

  /** Takes over what was fetched by another way. @param at when that was begun */
  install(value: T, at: Milliseconds): void {
    this.#succeeded()
    this.#show({ value, at, until: Math.max(this.#value?.until ?? 0, at + this.#options.ttl) })
  }

  /**
   * @param signal the caller's: ends the waiting, not the fetch, which others may wait for
   * @throws FsError of the fetch; ETIMEDOUT when the signal ends the waiting
   */
  async get(signal: CancelSignal): Promise<T> {
    const { fresh } = this.#look()
    if (fresh !== undefined) return fresh
    const failure = this.#sharedFailure()
    if (failure) return (await this.#recovered(failure)) ?? this.#stale(failure.error)
    try {
      return await this.#inTime(this.#started(), signal)
    } catch (error) {
      if (error instanceof FsError) return this.#stale(error)
      throw error
    }
  }

  /**
   * For who must know: never what is too old.
   * @throws FsError as `get`
   */
  async current(signal: CancelSignal): Promise<T> {
    return this.#look().fresh ?? orAborted(this.#started(), signal)
  }

  /**
   * For who must not wait: what is known, however old, renewed if the bucket answers within moments; else it is renewed for
   * those who come later. Never throws.
   * @param options.seesEnd looks a little longer in an outage, so that the first look after it shows what is new
   */
  async glimpse(signal: CancelSignal, { seesEnd = false } = {}): Promise<Glimpse<T>> {
    const { fresh } = this.#look()
    if (fresh !== undefined) return { value: fresh, isCurrent: true, error: undefined }
    const failure = this.#sharedFailure()
    const recovered = failure && seesEnd ? await this.#recovered(failure) : undefined
    if (recovered !== undefined) return { value: recovered, isCurrent: true, error: undefined }
    if (failure) return { value: this.known, isCurrent: false, error: failure.error }
    const isCurrent = await this.#broughtAtOnce(this.#started(), signal, seesEnd ? patienceInOutage : 0)
    return { value: this.known, isCurrent, error: isCurrent ? undefined : this.#failures.error }
  }

  #look(): this {
    this.lastLook = this.#options.clock.monotonic()
    return this
  }

  async #broughtAtOnce(fetching: Promise<T>, signal: CancelSignal, atLeast: Milliseconds): Promise<boolean> {
    if (this.#slow === fetching) {
      fetching.catch(() => undefined)
      return false
    }
    const outcome = await forMoments(fetching, this.#options, signal, atLeast)
    if (outcome === undefined) this.#slow = fetching
    return outcome ?? false
  }

  /** After a failure, which all share: whether it is over. Its first second nobody waits at all. */
  async #recovered({ age }: SharedFailure): Promise<T | undefined> {
    if (!this.#fetching || age < failureTtl) return undefined
    return orAborted(this.#fetching, this.#options.timers.timeout(patienceInOutage)).catch(() => undefined)
  }

  #started(): Promise<T> {
    return (this.#fetching ??= this.#fetch())
  }

  /** The failure that is everybody's for now; whether it is over is found out meanwhile. */
  #sharedFailure(): SharedFailure | undefined {
    const failure = this.#failures.shared()
    if (failure && failure.age >= failureTtl) this.#started().catch(() => undefined)
    return failure
  }

  /** An answer that is late is not waited for while something can be shown; the fetch goes on. */
  async #inTime(fetching: Promise<T>, signal: CancelSignal): Promise<T> {
    const { timers, pulse } = this.#options
    const late = new FsError('ETIMEDOUT', 'The bucket is slow to answer.')
    if (!this.#mayShow(late)) return this.#inFull(fetching, signal)
    fetching.catch(() => undefined)
    if (this.#failures.isLate) throw late
    const isOutage = this.#failures.some || pulse.patience === 0
    const patience = timers.timeout(isOutage ? patienceInOutage : this.#options.patience)
    try {
      return await orAborted(fetching, anyOf(signal, patience))
    } catch (error) {
      if (patience.aborted) this.#failures.noteLate()
      throw error
    }
  }

  async #inFull(fetching: Promise<T>, signal: CancelSignal): Promise<T> {
    const { clock, patience } = this.#options
    const since = clock.monotonic()
    try {
      return await orAborted(fetching, signal)
    } catch (error) {
      // One that was killed knows nothing.
      const isExpired = signal.aborted && clock.monotonic() - since >= longWait * patience
      if (error instanceof FsError && isExpired) this.#failures.noteExpired(error)
      throw error
    }
  }

  #stale(error: FsError): T {
    if (this.#value && this.#mayShow(error)) return this.#value.value
    throw error
  }

  #mayShow(error: FsError): boolean {
    if (this.#value === undefined) return false
    return this.#options.mayServe(this.#options.clock.monotonic() - this.#value.at, error)
  }

  async #fetch(): Promise<T> {
    const startedAt = this.#options.clock.monotonic()
    try {
      const value = await this.#options.fetch(this.#options.timers.timeout(this.#options.deadline))
      this.#keep(value, this.#options.dateOf?.(value) ?? startedAt)
      return value
    } catch (cause) {
      const error = asFsError(cause)
      this.#failures.noteFailure(error)
      throw error
    } finally {
      this.#fetching = undefined
    }
  }

  #keep(value: T, at: Milliseconds): void {
    const { ttl, spacing, clock } = this.#options
    this.#succeeded()
    this.#show({ value, at, until: at + Math.max(ttl, spacing?.(value, clock.monotonic() - at) ?? 0) })
  }

  #succeeded(): void {
    this.#failures.clear()
    this.#slow = undefined
  }

  #show(value: Dated<T>): void {
    const former = this.#value?.value
    this.#value = value
    if (former !== value.value) this.#options.onChange?.(former, value.value)
  }
}
