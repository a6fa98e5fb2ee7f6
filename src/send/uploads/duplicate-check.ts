/** Names that the gateway would drop, where that could not be told when they were given; and what is done with such a file. */
import type { DuplicatePolicy } from '../../config.js'
import type { Clock } from '../../telemetry/clock.js'
import type { EpochMs } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import { isDuplicate, suffixed } from '../life/duplicates.js'
import { without, type Message } from '../life/message.js'
import { wasSent } from '../life/six-hours.js'
import type { BucketView } from '../sender.js'
import type { UploadEvents } from './upload-events.js'

export interface DuplicateCheckOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
}

const duplicate = 'The name was sent within six hours: the gateway would drop it. Rename the file, or retry later.'

export class DuplicateCheck {
  readonly #options: DuplicateCheckOptions
  readonly #events: UploadEvents

  constructor(options: DuplicateCheckOptions, events: UploadEvents) {
    this.#options = options
    this.#events = events
  }

  /**
   * @returns the message as it may be sent, under another name perhaps; undefined if it is not sent
   * @throws FsError or StoreError if the bucket can't be asked now
   */
  async checked(message: Message, signal: AbortSignal): Promise<Message | undefined> {
    const { bucket, book, onDuplicate } = this.#options
    if (message.isUnchecked !== true || onDuplicate === 'send') return message
    const seenAt = await bucket.seen(message, message.path, signal)
    const now = this.#now()
    const checked = without(message, 'isUnchecked')
    if (!isDuplicate(seenAt, now) && !wasSent(book, message, message.path, now)) return checked
    return this.resolved(checked)
  }

  /** Of one whose name is taken, unless duplicates are sent. @returns it under another name; undefined if it is not sent */
  async resolved(message: Message): Promise<Message | undefined> {
    if (this.#options.onDuplicate === 'suffix') return { ...message, path: suffixed(message.path, this.#now()) }
    await this.#events.failed({ ...message, isUnchecked: true }, duplicate, { policy: '--on-duplicate reject' })
    return undefined
  }

  /** The bucket's time; ours before its first answer. */
  #now(): EpochMs {
    return this.#options.bucket.now() ?? this.#options.clock.now()
  }
}
