/** What is known of a file while it is open: seen at once, and written down where that is promised to somebody. */
import { FsError } from '../../errors.js'
import type { Bytes } from '../../units.js'
import type { MessageBook, Write } from '../disk/book.js'
import type { Happening, LifeEvent } from '../life/events.js'
import type { Message } from '../life/message.js'

/** What of a spool file its close(2) is about. @see SpoolFile */
interface Flushed {
  readonly size: Bytes
  readonly unsynced: Buffer | undefined
  sync(): Promise<void>
}

export class OpenMessage {
  readonly id: string
  readonly #book: MessageBook
  #isKnown = false

  constructor(id: string, book: MessageBook) {
    this.id = id
    this.#book = book
  }

  /** As it is now; undefined if it was forgotten. */
  get current(): Message | undefined {
    return this.#book.get(this.id)
  }

  get isComplete(): boolean {
    return this.current?.isComplete === true
  }

  /** The journal has what it was at some close(2). */
  get isContentKept(): boolean {
    return this.#book.hasContent(this.id)
  }

  /** Bytes were written, or it was cut to a size. */
  written(size: Bytes): void {
    this.#touch({ type: 'written', size })
  }

  /** It was cut to nothing: whatever was cut off or lost is not in it any more. */
  emptied(): void {
    this.#touch({ type: 'emptied', size: 0 })
  }

  /**
   * Something of it is lost.
   * @param error one sentence
   * @param isStill asked when it is written down: it may have been cut to nothing meanwhile
   */
  damaged(error: string, isStill: () => boolean): void {
    const event = { type: 'damaged', error } as const
    // At once, and whatever the disk says: it must not be sent now.
    this.#touch(event)
    const decide = (message: Message | undefined) => (message?.state === 'open' && isStill() ? [event] : [])
    // Not waited for: who truncates has the lock. Its close says the same.
    this.#change(decide, false).catch(() => undefined)
  }

  /** A process that wrote it was ended by a signal. After a crash a file that is not complete is held in any case. */
  async writerKilled(signal: string): Promise<void> {
    // Locked: what is being written down would be seen after it, and in its place.
    await this.#book.exclusively([this.id], async () => this.#touch({ type: 'writer-killed', signal }))
  }

  /** That there is such a file is on disk when it resolves: what was synced of it is known at the next start. */
  async madeKnown(): Promise<void> {
    if (this.#isKnown || this.current?.state !== 'open') return
    await this.#book.synced()
    this.#isKnown = true
  }

  /** Whether the journal takes a content of this size, so that its file need not be synced. */
  hasRoomFor(size: Bytes): boolean {
    return size > 0 && this.#book.hasRoomForContent
  }

  /**
   * Somebody closed it, and all that was written is on disk when this resolves.
   * @param isComplete asked once nobody else can change it: whether nobody has it open any more
   * @returns whether it is complete by the journal
   */
  async flushed(file: Flushed, isComplete: () => boolean): Promise<boolean> {
    const [after] = await this.#book.exclusively([this.id], async (write) => {
      const isOpen = (): boolean => this.current?.state === 'open'
      const flushed = () =>
        [{ id: this.id, event: { type: 'flushed', size: file.size, isComplete: isComplete() } }] as const
      const content = isOpen() && this.hasRoomFor(file.size) ? file.unsynced : undefined
      if (content) {
        const contents = { [this.id]: content.toString('base64') }
        const after = await write(flushed(), { by: 'write', sync: true, isNew: true, contents }).catch(unlessFull)
        if (after) return after
      }
      await file.sync()
      // Its release may have come meanwhile, where the answer to this took too long.
      return isOpen() ? write(flushed(), { by: 'write', sync: file.size > 0 }) : []
    })
    return after?.isComplete === true
  }

  /** It seemed to be closed for good, and is not: on disk before a byte of it changes. @param write of who has locked it */
  async writtenAgain(write?: Write): Promise<void> {
    const decide = ({ isComplete }: Partial<Message> = {}): LifeEvent[] => {
      return isComplete === true ? [{ type: 'written-again' }] : []
    }
    if (write) await write(this.#happenings(decide(this.current)), { by: 'write', sync: true })
    else if (this.isComplete) await this.#change(decide, true)
  }

  /** Of one that is open: who was too late changes nothing. */
  #touch(event: LifeEvent): void {
    if (this.current?.state === 'open') this.#book.touch(this.id, event)
  }

  async #change(decide: (message: Message | undefined) => LifeEvent[], sync: boolean): Promise<Message | undefined> {
    const [after] = await this.#book.change([this.id], ([message]) => this.#happenings(decide(message)), {
      by: 'write',
      sync,
    })
    return after
  }

  #happenings(events: readonly LifeEvent[]): Happening[] {
    return events.map((event) => ({ id: this.id, event }))
  }
}

/** Where the journal can't grow, there is room in it for a line without a content. */
function unlessFull(error: unknown): undefined {
  if (!(error instanceof FsError && error.code === 'ENOSPC')) throw error
}
