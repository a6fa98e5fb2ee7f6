/**
 * Reads that failed late. Of a read(2) the kernel makes several calls, one after the other: whoever waited a long time for the
 * first does not wait for the others.
 */
import type { Clock } from '../telemetry/clock.js'
import type { Milliseconds } from '../units.js'

/** The kernel's next call comes much sooner, but for a machine on which hundreds of programs have just been told. */
const remembered: Milliseconds = 3_000
/** Of a failure that came sooner nobody waits long for the next. */
const late: Milliseconds = 1_000

export class FailedReads {
  readonly #clock: Clock
  readonly #failures = new Map<number, { readonly errno: number; readonly at: Milliseconds }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param took from the call to its failure */
  failed(handle: number, errno: number, took: Milliseconds): void {
    if (took >= late) this.#failures.set(handle, { errno, at: this.#clock.monotonic() })
  }

  /**
   * @param age how long ago the call was made
   * @returns the errno with which a read of a handle fails at once
   */
  of(handle: number, age: Milliseconds): number | undefined {
    const failure = this.#failures.get(handle)
    if (!failure) return undefined
    if (this.#clock.monotonic() - age - failure.at < remembered) return failure.errno
    this.#failures.delete(handle)
    return undefined
  }

  released(handle: number): void {
    this.#failures.delete(handle)
  }
}
