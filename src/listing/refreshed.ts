/** One value that is fetched when somebody looks and it is too old: one fetch for all who wait, stale in an outage. */
import { FsError } from '../errors.js'
import { orAborted } from '../patience.js'
import type { Pulse } from '../s3/pulse.js'
import type { Clock, Timers } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'
import type { Glimpse } from './listing.js'

export interface RefreshedOptions<T> {
  readonly fetch: (signal: AbortSignal) => Promise<T>
  readonly ttl: Milliseconds
  readonly deadline: Milliseconds
  /** How long a look waits for a fetch while there is something to show without it. */
  readonly patience: Milliseconds
  readonly pulse: Pulse
  readonly clock: Clock
  readonly timers: Timers
  /** Whether a value of that age may still be served after a fetch that failed so. */
  readonly mayServe: (age: Milliseconds, error: FsError) => boolean
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

interface Failure {
  readonly error: FsError
  readonly at: Milliseconds
}

/** How long a failure is remembered in any case: an outage costs a request a second, not one a call. */
const failureTtl: Milliseconds = 1_000
/**
 * And for so long while the bucket answers nobody: calls that the kernel holds back behind one another, because they are about
 * the same name, fail together, not each after a wait of its own.
 */
const failureTtlInOutage: Milliseconds = 4_000
/** How long a look waits while the last fetches failed or were late: long enough to see that it is over. */
const patienceInOutage: Milliseconds = 200
/** So many times as long as the patience, and a look that came to nothing counts as a failure for those who come next. */
const longWait = 4
/** How long one who must not wait does so, as long as the bucket goes on answering. */
const moments: Milliseconds = 1_000

/** All times are by the clock that never steps. */
export class Refreshed<T> {
  readonly #options: RefreshedOptions<T>
  #value: Dated<T> | undefined
  #failure: Failure | undefined
  /** Somebody waited in vain, with nothing to show, for as long as one may. */
  #expired: Failure | undefined
  /** When somebody last waited for the fetch under way as long as one does. */
  #lateAt: Milliseconds | undefined
  #fetching: Promise<T> | undefined
  /** A fetch that took longer than moments. */
  #slow: Promise<T> | undefined
  lastLook: Milliseconds = 0

  constructor(options: RefreshedOptions<T>) {
    this.#options = options
    this.lastLook = options.clock.monotonic()
  }

  /** The value if there is one, however old. */
  get known(): T | undefined {
    return this.#value?.value
  }

  /** The value if a look would not fetch it anew. */
  get fresh(): T | undefined {
    return this.#value && this.#options.clock.monotonic() < this.#value.until ? this.#value.value : undefined
  }

  /** The value if it is not older than that. */
  since(time: Milliseconds): T | undefined {
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
  install(value: T, at: Milliseconds): void {
    this.#forgetFailures()
    this.#show({ value, at, until: Math.max(this.#value?.until ?? 0, at + this.#options.ttl) })
  }

  /**
   * @param signal the caller's: ends the waiting, not the fetch, which others may wait for
   * @throws FsError of the fetch; ETIMEDOUT when the signal ends the waiting
   */
  async get(signal: AbortSignal): Promise<T> {
    const now = this.#options.clock.monotonic()
    this.lastLook = now
    if (this.#value && now < this.#value.until) return this.#value.value
    const failed = this.#remembered(now)
    if (failed) return (await this.#recovered(now - failed.at)) ?? this.#stale(failed.error)
    const fetching = this.#started()
    try {
      return await this.#inTime(fetching, signal)
    } catch (error) {
      if (error instanceof FsError) return this.#stale(error)
      throw error
    }
  }

  /**
   * For who must know: never what is too old.
   * @throws FsError as `get`
   */
  async current(signal: AbortSignal): Promise<T> {
    this.lastLook = this.#options.clock.monotonic()
    return this.fresh ?? orAborted(this.#started(), signal)
  }

  /**
   * For who must not wait: what is known, however old, renewed if the bucket answers within moments; else it is renewed for
   * those who come later. Never throws.
   */
  async glimpse(signal: AbortSignal): Promise<Glimpse<T>> {
    const now = this.#options.clock.monotonic()
    this.lastLook = now
    if (this.#value && now < this.#value.until) return { value: this.#value.value, isCurrent: true, error: undefined }
    const failed = this.#remembered(now)
    if (failed) return { value: this.known, isCurrent: false, error: failed.error }
    const isCurrent = await this.#within(this.#started(), signal)
    return { value: this.known, isCurrent, error: isCurrent ? undefined : this.#failure?.error }
  }

  /** Waits for a fetch while the bucket answers, but for moments only. @returns whether it brought something */
  async #within(fetching: Promise<T>, signal: AbortSignal): Promise<boolean> {
    const { clock, timers, pulse } = this.#options
    const brought = fetching.then(
      () => true,
      () => false,
    )
    if (this.#slow === fetching) return false
    const end = clock.monotonic() + moments
    while (!signal.aborted) {
      const wait = Math.min(pulse.patience, end - clock.monotonic())
      if (wait <= 0) break
      const timer = new AbortController()
      const late = timers.pause(wait, timer.signal).then(() => undefined)
      const outcome = await Promise.race([brought, late])
      timer.abort()
      if (outcome !== undefined) return outcome
    }
    this.#slow = fetching
    return false
  }

  /** After a failure of that age, which all share: whether it is over. Its first second nobody waits at all. */
  async #recovered(age: Milliseconds): Promise<T | undefined> {
    if (!this.#fetching || age < failureTtl) return undefined
    return orAborted(this.#fetching, this.#options.timers.timeout(patienceInOutage)).catch(() => undefined)
  }

  #started(): Promise<T> {
    return (this.#fetching ??= this.#fetch())
  }

  /** The failure that is fresh enough to be everybody's; whether it is over is found out meanwhile. */
  #remembered(now: Milliseconds): Failure | undefined {
    const { pulse, mayServe } = this.#options
    // Who is refused has an answer.
    const isOutage = ({ at, error }: Failure): boolean => pulse.goodAt < at && mayServe(0, error)
    const holds = (it: Failure | undefined): it is Failure =>
      it !== undefined && now - it.at < (isOutage(it) ? failureTtlInOutage : failureTtl)
    const failure = [this.#failure, this.#expired].find(holds)
    if (failure && now - failure.at >= failureTtl) this.#started().catch(() => undefined)
    return failure
  }

  /** An answer that is late is not waited for while something can be shown; the fetch goes on. */
  async #inTime(fetching: Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, pulse } = this.#options
    const late = new FsError('ETIMEDOUT', 'The bucket is slow to answer.')
    if (!this.#mayShow(late)) return this.#inFull(fetching, signal)
    fetching.catch(() => undefined)
    const now = clock.monotonic()
    if (this.#lateAt !== undefined && now - this.#lateAt < failureTtl) throw late
    const isOutage = this.#failure !== undefined || this.#lateAt !== undefined || pulse.patience === 0
    const patience = this.#options.timers.timeout(isOutage ? patienceInOutage : this.#options.patience)
    try {
      return await orAborted(fetching, AbortSignal.any([signal, patience]))
    } catch (error) {
      if (patience.aborted) this.#lateAt = clock.monotonic()
      throw error
    }
  }

  async #inFull(fetching: Promise<T>, signal: AbortSignal): Promise<T> {
    const { clock, patience } = this.#options
    const since = clock.monotonic()
    try {
      return await orAborted(fetching, signal)
    } catch (error) {
      const at = clock.monotonic()
      // One that was killed knows nothing.
      if (error instanceof FsError && signal.aborted && at - since >= longWait * patience) this.#expired = { error, at }
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
      this.#keep(value, startedAt)
      return value
    } catch (cause) {
      const error = asFsError(cause)
      this.#failure = { error, at: this.#options.clock.monotonic() }
      throw error
    } finally {
      this.#fetching = undefined
    }
  }

  #keep(value: T, at: Milliseconds): void {
    const { ttl, spacing, clock } = this.#options
    this.#forgetFailures()
    this.#show({ value, at, until: at + Math.max(ttl, spacing?.(value, clock.monotonic() - at) ?? 0) })
  }

  #forgetFailures(): void {
    this.#failure = undefined
    this.#expired = undefined
    this.#lateAt = undefined
    this.#slow = undefined
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
