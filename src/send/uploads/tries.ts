/**
 * One try to upload one message, from beginning to end: what is looked for before it, and what the journal has of it before each
 * step. What becomes of the message by its end is in `outcomes.ts`.
 */
import type { CancelSignal } from '../../cancellation.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, EpochMs, Milliseconds } from '../../units.js'
import type { Message } from '../life/message.js'
import { DuplicateCheck, type DuplicateCheckOptions } from './duplicate-check.js'
import type { Ownership } from '../../ownership.js'
import type { Leftovers } from './leftovers.js'
import { Outcomes, type OutcomesOptions, type Try } from './outcomes.js'
import { OverwriteGuard, type OverwriteGuardOptions } from './overwrite-guard.js'
import { upload, type Uploaded, type UploadOptions } from './upload.js'
import { UploadEvents } from './upload-events.js'

export interface TriesOptions extends OutcomesOptions, UploadOptions, DuplicateCheckOptions, OverwriteGuardOptions {
  readonly leftovers: Leftovers
  /** Of the spool's directory. */
  readonly ownership: Ownership
  readonly clock: Clock
}

export interface TryOptions {
  /** Ends the try; whatever the journal says then is looked at by the next one. */
  readonly signal: CancelSignal
  /** Aborted on the way out: then nothing is decided any more. */
  readonly stop: CancelSignal
  /** Bytes of it that are in the bucket already. */
  readonly onProgress: (bytes: Bytes) => void
}

export class Tries {
  readonly #options: TriesOptions
  readonly #events: UploadEvents
  readonly #duplicates: DuplicateCheck
  readonly #guard: OverwriteGuard
  readonly #outcomes: Outcomes

  constructor(options: TriesOptions) {
    this.#options = options
    this.#events = new UploadEvents(options.book)
    this.#duplicates = new DuplicateCheck(options, this.#events)
    this.#guard = new OverwriteGuard(options)
    this.#outcomes = new Outcomes(options, this.#events, this.#duplicates)
  }

  /**
   * @returns in how long it is to be tried again, where nothing has changed by this try
   * @throws FsError if the journal can't be written, and whatever the try threw if `stop` is aborted
   */
  async run(message: Message, { signal, stop, onProgress }: TryOptions): Promise<Milliseconds | undefined> {
    const it: Try = { before: message, begunAt: this.#options.clock.monotonic(), mayHaveArrived: false, signal }
    this.#events.asking(message)
    try {
      return await this.#run(it, onProgress)
    } catch (error) {
      if (stop.aborted) throw error
      await this.#outcomes.failed(it, error)
      return undefined
    } finally {
      this.#events.asked(message.id)
    }
  }

  /** Nothing of it is sent yet, and anybody may change it. */
  isAsking(id: string): boolean {
    return this.#events.isAsking(id)
  }

  async #run(it: Try, onProgress: TryOptions['onProgress']): Promise<Milliseconds | undefined> {
    const { before } = it
    if (await this.#outcomes.isSettled(it)) return undefined
    const wait = this.#outcomes.lookAgainIn(before)
    if (wait !== undefined) return wait
    if (await this.#isWhole(before)) await this.#send(it, onProgress)
    return undefined
  }

  async #send(it: Try, onProgress: TryOptions['onProgress']): Promise<void> {
    const { before, signal } = it
    await this.#options.leftovers.abort(before, signal)
    const cleared = await this.#duplicates.cleared(before, signal)
    if (!cleared) return
    // Before the first byte: of a multipart upload the bucket may say that it was there since it was begun.
    const after = await this.#options.bucket.time(signal)
    const isOnePut = before.size <= this.#options.multipartThreshold
    const message = await this.#events.uploading(before, { ...cleared, after: isOnePut ? after : undefined })
    if (!message) return
    if (isOnePut) await this.#mayArrive(it, message)
    const uploaded = await this.#upload(it, message, after, onProgress)
    await this.#outcomes.uploaded(it, message, uploaded)
  }

  /** Nothing is sent of a file that somebody cut or took out of the spool. */
  async #isWhole(message: Message): Promise<boolean> {
    const size = await this.#options.spool.size(message.id)
    if (size === message.size) return true
    await this.#events.lost(message, size)
    return false
  }

  /** From here on it may be in the bucket: that is in the journal already. */
  async #mayArrive(it: Try, message: Message): Promise<void> {
    await this.#guard.mustBeFree(message, it.signal)
    // Whoever else has the directory sends it as well.
    await this.#options.ownership.check()
    it.mayHaveArrived = true
  }

  #upload(it: Try, message: Message, after: EpochMs, progress: TryOptions['onProgress']): Promise<Uploaded> {
    const { id, size, tries } = message
    const key = this.#options.keyOf(message)
    const begun = (uploadId: string) => this.#events.partsBegun(id, { id: uploadId, key })
    const completing = async (): Promise<void> => {
      await this.#events.attempted(id, after)
      await this.#mayArrive(it, message)
    }
    return upload(this.#options, { id, size, key, isAgain: tries > 1, begun, completing, progress }, it.signal)
  }
}
