/**
 * Whether the journal can be written. Once it could not, nothing is promised on it until all that is known stands in a new
 * one: after a failed sync nobody knows which of its pages are on disk.
 */
import { BackgroundJob } from '../background-job.js'
import { codeOf, FsError, isDiskFull } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'

/** What is said of a journal that can't be written. */
interface JournalWords {
  /** What it is kept for: `send/`. */
  readonly of: string
  /** What happens while the disk is full: part of a sentence. */
  readonly whenFull: string
  /** What happens until it works again: part of a sentence. */
  readonly whenBroken: string
}

export interface JournalHealthOptions {
  readonly words: JournalWords
  /** Tries to get it to work again. @param isFull all that it lacks is room */
  readonly heal: (isFull: boolean) => Promise<void>
  readonly onHealed: () => void
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

const healEvery: Milliseconds = 2_000
/** Whoever comes sooner after a failure is refused at once. */
const healAtMost: Milliseconds = 250

export class JournalHealth {
  readonly #options: JournalHealthOptions
  readonly #healing = new BackgroundJob(() => this.#heal())
  #failure: FsError | undefined
  /** By the monotonic clock. */
  #triedAt: Milliseconds = 0

  constructor(options: JournalHealthOptions) {
    this.#options = options
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#failure?.message
  }

  /** It failed for another reason than want of room: where there is none, what takes files away may go on. */
  get isBroken(): boolean {
    return this.#failure?.code === 'EIO'
  }

  /** @throws FsError EIO while it is broken; whoever asks has it tried again */
  async mustBeWhole(): Promise<void> {
    if (this.#mayTry) this.#healing.now()
    await this.#healing.idle()
    if (this.#failure && this.isBroken) throw this.#failure
  }

  /** Notes that it could not be written. @returns what to throw */
  failed(cause: unknown): FsError {
    const { log, clock } = this.#options
    const error = this.#failureOf(cause)
    const isKnown = this.#failure?.code === error.code
    this.#failure = error
    if (isKnown) return error
    log.error({ err: cause }, error.message)
    this.#triedAt = clock.monotonic()
    this.#healing.in(healEvery)
    return error
  }

  close(): Promise<void> {
    return this.#healing.stop()
  }

  get #mayTry(): boolean {
    return this.#failure !== undefined && this.#options.clock.monotonic() - this.#triedAt >= healAtMost
  }

  async #heal(): Promise<void> {
    // Not once more for who asked while it was being tried: that answer was his, too.
    if (this.#mayTry) await this.#try()
    if (this.#failure) this.#healing.in(healEvery)
  }

  async #try(): Promise<void> {
    try {
      await this.#options.heal(this.#failure?.code === 'ENOSPC')
      this.#failure = undefined
      this.#options.log.info(`The journal of ${this.#options.words.of} can be written again.`)
    } catch (cause) {
      this.#failure = this.#failureOf(cause)
    }
    this.#triedAt = this.#options.clock.monotonic()
    if (!this.#failure) this.#options.onHealed()
  }

  #failureOf(cause: unknown): FsError {
    const { of, whenFull, whenBroken } = this.#options.words
    if (isDiskFull(cause)) {
      return new FsError('ENOSPC', `The disk of the state directory is full: ${whenFull}.`, { cause })
    }
    const why = codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
    const sentence = `The journal of ${of} can't be written (${why}): ${whenBroken} until the state directory works again.`
    return new FsError('EIO', sentence, { cause })
  }
}
