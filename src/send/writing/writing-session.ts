/**
 * The writing of a file, from when it is opened for that until what becomes of it is written down: who writes, what has changed,
 * and what was lost. It may outlast the open file: where the journal can't be written, the next to open it goes on with it.
 */
import type { Bytes } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { Message, MessageIn } from '../life/message.js'
import { Damage } from './damage.js'
import { OpenMessage } from './open-message.js'
import { Writers } from './writers.js'

/** As it was before it was opened for writing. */
export type ClosedMessage = MessageIn<'held' | 'queued' | 'failed'>

export class WritingSession {
  readonly message: OpenMessage
  readonly writers: Writers
  readonly damage: Damage
  #size: Bytes
  #before: ClosedMessage | undefined
  #wasWritten = false
  #isFlushed = false

  /** @param size of what is in the spool */
  constructor(id: string, size: Bytes, book: MessageBook) {
    this.message = new OpenMessage(id, book)
    this.damage = new Damage(this.message)
    this.#size = size
    // What can't be written down now stays as it was: whole as far as anybody could see.
    this.writers = new Writers(() => void this.message.writtenAgain().catch(() => undefined))
  }

  /** Of a file that is not what it was before: it is judged when it is closed, though nobody writes to it. */
  static ofNew(id: string, size: Bytes, book: MessageBook): WritingSession {
    const session = new WritingSession(id, size, book)
    session.#wasWritten = true
    return session
  }

  get id(): string {
    return this.message.id
  }

  get size(): Bytes {
    return this.#size
  }

  /** It is not, or may not be, what it was before. */
  get isChanged(): boolean {
    return this.#wasWritten || this.damage.isNew
  }

  /** All that was written was closed by somebody. */
  get isFlushed(): boolean {
    return this.#isFlushed
  }

  /** What it was before it was opened for writing; undefined for a new file. */
  get before(): ClosedMessage | undefined {
    return this.#before
  }

  /** It leaves the queue, or wherever it was: closed unchanged, it goes back there. */
  reopened(before: Message): void {
    const { state } = before
    this.#before = state === 'held' || state === 'queued' || state === 'failed' ? before : undefined
    this.damage.reopened(before)
  }

  written(size: Bytes): void {
    this.#changed(size)
    this.message.written(size)
  }

  /** It was cut to nothing. */
  emptied(): void {
    this.#changed(0)
    this.damage.mended()
    this.message.emptied()
  }

  /** Somebody closes it. */
  flushed(): void {
    this.#isFlushed = true
  }

  /** What becomes of it is written down. */
  ended(): void {
    this.#wasWritten = false
    this.#before = undefined
  }

  #changed(size: Bytes): void {
    this.#wasWritten = true
    this.#isFlushed = false
    this.#size = size
  }
}
