/** What happens to a message while it is being uploaded, as it is written down: before each step that counts, and after it. */
import type { Bytes } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { EventOf, LifeEvent } from '../life/events.js'
import type { Message } from '../life/message.js'
import { sentenceOfLoss } from '../life/recovery.js'

type Details<T extends LifeEvent['type']> = Omit<EventOf<T>, 'type'>

/**
 * All of them are durable when they resolve, and throw FsError if the journal can't be written. What is found out before an upload
 * begins counts for the file as it was when that was asked: until then anybody may change it.
 */
export class UploadEvents {
  readonly #book: MessageBook
  /** Of which something is asked. */
  readonly #asking = new Map<string, Message>()

  constructor(book: MessageBook) {
    this.#book = book
  }

  /** Something is asked before it is sent. Nothing of what may be in the bucket: that is nobody's to change. */
  asking(message: Message): void {
    if (message.attempt === undefined && message.upload === undefined) this.#asking.set(message.id, message)
  }

  /** The try is over, or the upload begins. */
  asked(id: string): void {
    this.#asking.delete(id)
  }

  isAsking(id: string): boolean {
    return this.#asking.has(id)
  }

  /** A try begins. @returns the message as it is sent; undefined: somebody has changed it meanwhile */
  async uploading(message: Message, details: Details<'uploading'>): Promise<Message | undefined> {
    return this.#happens(message.id, { type: 'uploading', ...details })
  }

  /** Parts of it may be there from now on. */
  async partsBegun(id: string, upload: EventOf<'parts-begun'>['upload']): Promise<void> {
    await this.#happens(id, { type: 'parts-begun', upload })
  }

  /** It may be there from now on: its parts are being put together. */
  async attempted(id: string, after: EventOf<'attempted'>['after']): Promise<void> {
    await this.#happens(id, { type: 'attempted', after })
  }

  /** It is in the bucket. */
  async submitted(id: string, details: Details<'submitted'>): Promise<void> {
    await this.#happens(id, { type: 'submitted', ...details })
  }

  /** It is tried again. */
  async delayed(id: string, details: Details<'delayed'>): Promise<void> {
    await this.#happens(id, { type: 'delayed', ...details })
  }

  /** It is not tried again. */
  async failed(id: string, details: Details<'failed'>): Promise<void> {
    await this.#happens(id, { type: 'failed', ...details })
  }

  /** Not all of it is in the spool. @param size what there is of it, undefined if it is not there */
  async lost(message: Message, size: Bytes | undefined): Promise<void> {
    await this.failed(message.id, { error: sentenceOfLoss(message, size), isDamaged: true })
  }

  async #happens(id: string, event: LifeEvent): Promise<Message | undefined> {
    const decide = ([message]: readonly Message[]): readonly { readonly id: string; readonly event: LifeEvent }[] => {
      if (this.#isOutdated(id, message)) return []
      if (event.type === 'uploading') this.asked(id)
      return [{ id, event }]
    }
    const [after] = await this.#book.change([id], decide, { by: 'upload', sync: true })
    return after
  }

  #isOutdated(id: string, now: Message | undefined): boolean {
    const before = this.#asking.get(id)
    if (!before) return false
    return now?.state !== 'queued' || now.path !== before.path || now.closedAt !== before.closedAt
  }
}
