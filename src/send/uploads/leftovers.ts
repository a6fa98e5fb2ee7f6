/** Multipart uploads that were begun and are of no use any more: aborted in the bucket, so that no parts stay there. */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import { within } from '../../patience.js'
import type { Store } from '../../s3/store.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { Message, MultipartUpload } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'

export interface LeftoversOptions {
  readonly store: Store
  readonly book: MessageBook
  readonly log: Logger
  readonly isUnderWay: (id: string) => boolean
}

const retryEvery: Milliseconds = 60_000
const patience: Milliseconds = 20_000

export class Leftovers {
  readonly #options: LeftoversOptions
  readonly #sweeping = new BackgroundJob((signal) => this.#sweepAll(signal))

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  /** Aborts what is left of files that are not on their way: cancelled, failed, held, or waiting for their next try. */
  sweep(): void {
    this.#sweeping.now()
  }

  /**
   * Aborts what is left of a file whose turn it is: nobody else changes it.
   * @throws StoreError, FsError
   */
  async abort({ id, upload }: Message, signal: CancelSignal): Promise<void> {
    if (!upload) return
    await this.#options.store.abortMultipart(upload.key, upload.id, signal)
    await this.#aborted(id, upload, true)
  }

  close(): Promise<void> {
    return this.#sweeping.stop()
  }

  async #sweepAll(stop: CancelSignal): Promise<void> {
    const { book, log } = this.#options
    let failures = 0
    for (const message of [...book.index.inParts()]) {
      if (!message.upload || stop.aborted) continue
      try {
        await this.#sweepOne(message, message.upload, stop)
      } catch (err) {
        failures += 1
        log.debug({ err, id: message.id }, 'A multipart upload could not be aborted; it is tried again.')
      }
    }
    if (failures > 0) this.#sweeping.in(retryEvery)
  }

  async #sweepOne({ id }: Message, upload: MultipartUpload, stop: CancelSignal): Promise<void> {
    const { store, isUnderWay } = this.#options
    // One that is on its way again sees to it itself.
    if (isUnderWay(id)) return
    await within(patience, stop, (signal) => store.abortMultipart(upload.key, upload.id, signal))
    await this.#aborted(id, upload, false)
  }

  async #aborted(id: string, upload: MultipartUpload, isItsTurn: boolean): Promise<void> {
    const { book, isUnderWay } = this.#options
    await book.change(
      [id],
      ([message]) => {
        const isSo = message?.upload?.id === upload.id && (isItsTurn || !isUnderWay(id))
        return isSo ? [{ id, event: { type: 'parts-aborted' } }] : []
      },
      { by: 'upload', sync: false },
    )
  }
}
