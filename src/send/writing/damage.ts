/** What is known to be lost of a file that is open: whoever was told of it or not, it is never sent until it is cut to nothing. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError, type FsErrorCode } from '../../errors.js'
import type { Message } from '../life/message.js'
import type { OpenMessage } from './open-message.js'

export class Damage {
  readonly #message: OpenMessage
  #sentence: string | undefined
  /** What the first to hear of it was told. */
  #code: FsErrorCode = 'EIO'
  #isNew = false

  constructor(message: OpenMessage) {
    this.#message = message
    this.#sentence = damageOf(message.current)
  }

  /** One sentence; undefined if it is whole. */
  get sentence(): string | undefined {
    return this.#sentence
  }

  /** It was found since the file was opened for writing. */
  get isNew(): boolean {
    return this.#isNew
  }

  /** The file is opened for writing. @param before as it was until then */
  reopened(before: Message): void {
    this.#sentence = damageOf(before)
    this.#code = 'EIO'
    this.#isNew = false
  }

  /** The file was cut to nothing. */
  mended(): void {
    this.#sentence = undefined
    this.#isNew = false
  }

  /** @throws FsError after something of it was lost: until it is cut to nothing, whatever is written is in vain */
  mustBeWhole(): void {
    if (this.#sentence !== undefined) throw new FsError(this.#code, this.#sentence)
  }

  /**
   * Whatever fails in here is damage.
   * @param harmless what it may fail with, and has changed nothing then
   */
  async guard<T>(act: () => Promise<T>, harmless: readonly FsErrorCode[] = []): Promise<T> {
    try {
      return await act()
    } catch (error) {
      const code = error instanceof FsError ? error.code : 'EIO'
      if (!(error instanceof FsError && harmless.includes(code))) {
        this.#note(error instanceof Error ? error.message : String(error), code)
      }
      throw error
    }
  }

  /**
   * The same of what somebody waits for: what was reported as failed must never be sent, even if it is done later.
   * @param signal aborted when it is reported as failed
   * @param harmless as for `guard`
   */
  async guardAnswer<T>(signal: CancelSignal, act: () => Promise<T>, harmless: readonly FsErrorCode[] = []): Promise<T> {
    if (signal.aborted) {
      this.unanswered()
      throw notInTime()
    }
    const onLate = (): void => this.unanswered()
    signal.addEventListener('abort', onLate, { once: true })
    try {
      return await this.guard(act, harmless)
    } finally {
      signal.removeEventListener('abort', onLate)
    }
  }

  /** Something that was done to it was reported as failed. */
  unanswered(): void {
    this.#note(notInTime().message, 'EIO')
  }

  #note(reason: string, code: FsErrorCode): void {
    if (this.#sentence !== undefined || !this.#message.current) return
    const sentence = `It is not complete. ${reason}`
    this.#sentence = sentence
    this.#code = code
    this.#isNew = true
    this.#message.damaged(sentence, () => this.#sentence === sentence)
  }
}

export function notInTime(): FsError {
  return new FsError('ETIMEDOUT', 'It was not answered in time: the disk of the state directory hangs.')
}

function damageOf(message: Message | undefined): string | undefined {
  return message?.isDamaged === true ? message.error : undefined
}
