/** What happens to a message while it is being uploaded, as it is written down: before each step that counts, and after it. */
import type { Bytes, EpochMs, Milliseconds } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { Told } from '../life/change.js'
import { without, type Message, type MultipartUpload } from '../life/message.js'
import { withoutData } from '../life/recovery.js'

/** What S3 has said of a file that it took. */
export type Receipt = Pick<Message, 'etag' | 'submittedAt' | 'crc32' | 'requestId' | 'sentAt'>

/** An option has decided, and perhaps given another name. */
export type Decided = Pick<Told, 'policy' | 'from'>

/** All of them are durable when they resolve, and throw FsError if the journal can't be written. */
export class UploadEvents {
  readonly #book: MessageBook

  constructor(book: MessageBook) {
    this.#book = book
  }

  /**
   * A try begins.
   * @param after the bucket's time, if it may be there from now on
   */
  async uploading(message: Message, after: EpochMs | undefined, decided: Decided): Promise<Message> {
    const uploading: Message = { ...message, state: 'uploading', tries: message.tries + 1 }
    const written = after === undefined ? uploading : attempted(uploading, after)
    await this.#put(written, { event: 'uploading', ...decided })
    return written
  }

  /** Parts of it may be there from now on. */
  async partsBegun(id: string, upload: MultipartUpload): Promise<void> {
    const message = this.#book.get(id)
    if (message) await this.#put({ ...message, upload })
  }

  /** It may be there from now on: its parts are being put together. */
  async attempted(id: string, after: EpochMs): Promise<void> {
    const message = this.#book.get(id)
    if (message) await this.#put(attempted(message, after))
  }

  /** It is in the bucket. */
  async submitted(message: Message, receipt: Receipt, tookMs: Milliseconds): Promise<void> {
    const settled = without(message, 'attempt', 'wait', 'error', 'reason')
    await this.#put({ ...settled, state: 'submitted', ...receipt }, { event: 'submitted', tookMs })
  }

  /** It is tried again. @param error one sentence */
  async delayed(message: Message, error: string, wait: Milliseconds, decided: Decided = {}): Promise<void> {
    await this.#put({ ...message, state: 'queued', wait, error }, { event: 'delayed', ...decided })
  }

  /** It is not tried again. @param error one sentence */
  async failed(message: Message, error: string, decided: Decided = {}): Promise<void> {
    await this.#put({ ...without(message, 'wait'), state: 'failed', error }, { event: 'failed', ...decided })
  }

  /** Not all of it is in the spool. @param size what there is of it, undefined if it is not there */
  async lost(message: Message, size: Bytes | undefined): Promise<void> {
    await this.#put(withoutData(message, size), { event: 'failed' })
  }

  async #put(message: Message, told?: Told): Promise<void> {
    await this.#book.put([message], { sync: true, told: [told] })
  }
}

/** An earlier attempt of unknown fate may still arrive, so its time stays. */
function attempted(message: Message, after: EpochMs): Message {
  return { ...message, attempt: { after: message.attempt?.after ?? after } }
}
