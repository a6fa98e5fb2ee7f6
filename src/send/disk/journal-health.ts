/**
 * Whether the journal can be written. Once it could not, nothing is promised on it until all that is known stands in a new
 * one: after a failed sync nobody knows which of its pages are on disk.
 */
import { codeOf, FsError, isDiskFull } from '../../errors.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'

export interface JournalHealthOptions {
  /** Tries to get it to work again. @param isFull all that it lacks is room */
  readonly heal: (isFull: boolean) => Promise<void>
  readonly onHealed: () => void
  readonly log: Logger
}

const healEvery: Milliseconds = 2_000
/** Whoever comes sooner after a failure is refused at once. */
const healAtMost: Milliseconds = 250
/** Of a disk, not of a bug or of one file. */

export class JournalHealth {
  readonly #options: JournalHealthOptions
  #failure: FsError | undefined
  #timer: NodeJS.Timeout | undefined
  #healing: Promise<void> | undefined
  #triedAt = 0
  #isClosed = false

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
    await this.#heal()
    if (this.#failure && this.isBroken) throw this.#failure
  }

  /** Notes that it could not be written. @returns what to throw */
  failed(cause: unknown): FsError {
    const error = failureOf(cause)
    if (this.#failure?.code !== error.code) {
      this.#options.log.error({ err: cause }, error.message)
      this.#triedAt = performance.now()
    }
    this.#failure = error
    this.#later()
    return error
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#healing
  }

  #later(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#heal()
    }, healEvery)
  }

  #heal(): Promise<void> {
    if (!this.#failure) return Promise.resolve()
    if (this.#healing) return this.#healing
    if (this.#isClosed || performance.now() - this.#triedAt < healAtMost) {
      this.#later()
      return Promise.resolve()
    }
    this.#healing = this.#try().finally(() => (this.#healing = undefined))
    return this.#healing
  }

  async #try(): Promise<void> {
    try {
      await this.#options.heal(this.#failure?.code === 'ENOSPC')
      this.#failure = undefined
      this.#options.log.info('The journal of send/ can be written again.')
    } catch (cause) {
      this.#failure = failureOf(cause)
    }
    this.#triedAt = performance.now()
    if (this.#failure) this.#later()
    else this.#options.onHealed()
  }
}

function failureOf(cause: unknown): FsError {
  if (isDiskFull(cause)) {
    return new FsError('ENOSPC', 'The disk of the state directory is full: nothing is accepted in send/.', { cause })
  }
  const why = codeOf(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  const sentence = `The journal of send/ can't be written (${why}): nothing is accepted or sent until the state directory works again.`
  return new FsError('EIO', sentence, { cause })
}
