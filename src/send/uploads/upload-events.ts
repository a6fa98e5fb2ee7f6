/** What happens to a message while it is being uploaded, as it is written down: before each step that counts, and after it. */
import type { Bytes } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { EventOf, LifeEvent } from '../life/events.js'
import type { Message } from '../life/message.js'
import { sentenceOfLoss } from '../life/recovery.js'

type Details<T extends LifeEvent['type']> = Omit<EventOf<T>, 'type'>

/** All of them are durable when they resolve, and throw FsError if the journal can't be written. */
export class UploadEvents {
  readonly #book: MessageBook

  constructor(book: MessageBook) {
    this.#book = book
  }

  /** A try begins. @returns the message as it is sent */
  async uploading(message: Message, details: Details<'uploading'>): Promise<Message> {
    return (await this.#happens(message.id, { type: 'uploading', ...details })) ?? message
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
    const [after] = await this.#book.change([id], () => [{ id, event }], { by: 'upload', sync: true })
    return after
  }
}
