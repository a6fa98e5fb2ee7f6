/** Looks whether the lock of a state directory is still its own: each second, and whenever somebody asks. */
import { BackgroundJob } from '../background-job.js'
import { FsError } from '../errors.js'
import type { Ownership } from '../ownership.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'

export interface LockWatchOptions {
  readonly directory: string
  readonly isMine: () => Promise<boolean>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

const lookEvery: Milliseconds = 1_000

export class LockWatch implements Ownership {
  readonly #options: LockWatchOptions
  readonly #lost = new AbortController()
  readonly #again = new BackgroundJob(() => this.#watch())
  #seenAt: Milliseconds = -Infinity
  #look: Promise<void> | undefined

  constructor(options: LockWatchOptions) {
    this.#options = options
    this.#again.in(lookEvery)
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async check(): Promise<void> {
    this.lost.throwIfAborted()
    if (this.#options.clock.monotonic() - this.#seenAt < lookEvery) return
    this.#look ??= this.#looked().finally(() => (this.#look = undefined))
    await this.#look
    this.lost.throwIfAborted()
  }

  /** Before the lock is given back. */
  close(): Promise<void> {
    return this.#again.stop()
  }

  async #watch(): Promise<void> {
    // What can't be told now is asked again.
    await this.check().catch(() => undefined)
    if (!this.lost.aborted) this.#again.in(lookEvery)
  }

  async #looked(): Promise<void> {
    const { directory, isMine, clock, log } = this.#options
    const askedAt = clock.monotonic()
    if (await isMine()) {
      this.#seenAt = askedAt
      return
    }
    const sentence =
      `The lock of the state directory ${directory} is not this daemon's any more: somebody removed it, or another daemon has it. ` +
      'Nothing is accepted or sent here: unmount, and mount again.'
    log.error(sentence)
    this.#lost.abort(new FsError('EIO', sentence))
  }
}
