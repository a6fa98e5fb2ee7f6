/** Names that the gateway would drop, where that could not be told when they were given; and what is done with such a file. */
import type { CancelSignal } from '../../cancellation.js'
import type { DuplicatePolicy } from '../../config.js'
import type { Clock } from '../../telemetry/clock.js'
import type { EpochMs } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import { isDuplicate, suffixed } from '../life/duplicates.js'
import type { Attempt, Message } from '../life/message.js'
import { wasSent } from '../judging/six-hours.js'
import type { NameCheck } from '../judging/name-check.js'
import type { BucketView } from '../sender.js'
import type { UploadEvents } from './upload-events.js'

export interface DuplicateCheckOptions {
  readonly book: MessageBook
  readonly bucket: BucketView
  readonly names: Pick<NameCheck, 'isFree'>
  readonly onDuplicate: DuplicatePolicy
  readonly clock: Clock
}

/** How a file may be sent. */
export interface Cleared {
  /** The bucket was asked. */
  readonly isChecked: boolean
  /** Another name than it has. */
  readonly path?: string
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
   * @returns how it may be sent, under another name perhaps; undefined if it is not sent
   * @throws FsError or StoreError if the bucket can't be asked now
   */
  async cleared(message: Message, signal: CancelSignal): Promise<Cleared | undefined> {
    const { bucket, book, names, onDuplicate } = this.#options
    if (onDuplicate === 'send') return { isChecked: false }
    if (message.isUnchecked !== true && names.isFree(message, message.path)) return { isChecked: false }
    const seenAt = await bucket.seen(message, message.path, signal)
    const now = this.#now()
    if (!isDuplicate(seenAt, now) && !wasSent(book, message, message.path, now)) return { isChecked: true }
    const path = this.otherName(message)
    if (path !== undefined) return { isChecked: true, path }
    await this.refused(message, message.attempt)
    return undefined
  }

  /** Of one whose name is taken, unless duplicates are sent. @returns undefined if it is not to have another */
  otherName(message: Message): string | undefined {
    return this.#options.onDuplicate === 'suffix' ? suffixed(message.path, this.#now()) : undefined
  }

  /** It is not sent under its name. @param attempt what is to be looked for, should it be tried again */
  async refused({ id }: Message, attempt: Attempt | undefined): Promise<void> {
    const policy = '--on-duplicate reject'
    await this.#events.failed(id, { error: duplicate, isUnchecked: true, attempt, policy })
  }

  /** The bucket's time; ours before its first answer. */
  #now(): EpochMs {
    return this.#options.bucket.now() ?? this.#options.clock.now()
  }
}
