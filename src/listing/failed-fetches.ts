/** How fetches of one value came to nothing: for a while that is the answer for all who ask. */
import { FsError } from '../errors.js'
import type { Pulse } from '../s3/pulse.js'
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** How long a failure is remembered in any case: an outage costs a request a second, not one a call. */
export const failureTtl: Milliseconds = 1_000
/**
 * And for so long while the bucket answers nobody: calls that the kernel holds back behind one another, because they are about
 * the same name, fail together, not each after a wait of its own.
 */
const failureTtlInOutage: Milliseconds = 4_000

interface Failure {
  readonly error: FsError
  readonly at: Milliseconds
}

/** One that is everybody's for now. */
export interface SharedFailure {
  readonly error: FsError
  readonly age: Milliseconds
}

export interface FailedFetchesOptions {
  readonly pulse: Pulse
  readonly clock: Clock
  /** Whether the bucket could not be asked: who is refused has an answer. */
  readonly isOutage: (error: FsError) => boolean
}

export class FailedFetches {
  readonly #options: FailedFetchesOptions
  /** Of the last fetch. */
  #failure: Failure | undefined
  /** Somebody waited in vain, with nothing to show, for as long as one may. */
  #expired: Failure | undefined
  /** When somebody last waited for the fetch under way as long as one does who has something to show. */
  #lateAt: Milliseconds | undefined

  constructor(options: FailedFetchesOptions) {
    this.#options = options
  }

  /** Of the last fetch, unless it brought something. */
  get error(): FsError | undefined {
    return this.#failure?.error
  }

  /** Whether the last fetch failed, or the one under way is late. */
  get some(): boolean {
    return this.#failure !== undefined || this.#lateAt !== undefined
  }

  /** Whether somebody has waited in vain just now. */
  get isLate(): boolean {
    return this.#lateAt !== undefined && this.#options.clock.monotonic() - this.#lateAt < failureTtl
  }

  /** The failure that is new enough to be everybody's. */
  shared(): SharedFailure | undefined {
    const now = this.#options.clock.monotonic()
    const failure = [this.#failure, this.#expired].find((it) => it && now - it.at < this.#ttlOf(it))
    return failure && { error: failure.error, age: now - failure.at }
  }

  noteFailure(error: FsError): void {
    this.#failure = { error, at: this.#options.clock.monotonic() }
  }

  noteExpired(error: FsError): void {
    this.#expired = { error, at: this.#options.clock.monotonic() }
  }

  noteLate(): void {
    this.#lateAt = this.#options.clock.monotonic()
  }

  /** A fetch has brought something. */
  clear(): void {
    this.#failure = undefined
    this.#expired = undefined
    this.#lateAt = undefined
  }

  #ttlOf({ at, error }: Failure): Milliseconds {
    const { pulse, isOutage } = this.#options
    return pulse.goodAt < at && isOutage(error) ? failureTtlInOutage : failureTtl
  }
}

export function asFsError(cause: unknown): FsError {
  return cause instanceof FsError ? cause : new FsError('EIO', 'The listing failed.', { cause })
}
