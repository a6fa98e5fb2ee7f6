/** What is known of a file while it is open: seen at once, and written down where that is promised to somebody. */
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes } from '../../units.js'
import type { MessageBook } from '../disk/book.js'
import type { Locks } from '../disk/locks.js'
import { without, type Message } from '../life/message.js'

export interface OpenMessageOptions {
  readonly book: MessageBook
  /** A message is read, changed and written down by one at a time: a rename may be under way. */
  readonly locks: Locks
  readonly clock: Clock
}

export class OpenMessage {
  readonly id: string
  readonly #options: OpenMessageOptions

  constructor(id: string, options: OpenMessageOptions) {
    this.id = id
    this.#options = options
  }

  /** As it is now; undefined if it was forgotten. */
  get current(): Message | undefined {
    return this.#options.book.get(this.id)
  }

  get isComplete(): boolean {
    return this.current?.isComplete === true
  }

  /** Bytes were written, or it was cut to a size. */
  written(size: Bytes): void {
    const { book, clock } = this.#options
    const message = this.current
    if (message) book.touch({ ...message, size, mtime: clock.now() })
  }

  /** It was cut to nothing: whatever was cut off or lost is not in it any more. */
  emptied(): void {
    const { book, clock } = this.#options
    const message = this.current
    if (!message) return
    const rest = without(message, 'killedBy', 'isDamaged', 'error', 'members')
    book.touch({ ...rest, size: 0, mtime: clock.now() })
  }

  /**
   * Something of it is lost.
   * @param error one sentence
   * @param isStill asked when it is written down: it may have been cut to nothing meanwhile
   */
  damaged(error: string, isStill: () => boolean): void {
    const { book, locks } = this.#options
    const message = this.current
    if (!message) return
    // At once, and whatever the disk says: it must not be sent now.
    book.touch({ ...message, isDamaged: true, error })
    const write = async (): Promise<void> => {
      const { current } = this
      if (current?.state !== 'open' || !isStill()) return
      await book.put([{ ...current, isDamaged: true, error }], { sync: false })
    }
    // Not waited for: who truncates has the lock. Its close says the same.
    locks.run([this.id], write).catch(() => undefined)
  }

  /** A process that wrote it was ended by a signal. After a crash a file that is not complete is held in any case. */
  async writerKilled(signal: string): Promise<void> {
    const { book, locks } = this.#options
    // Locked: what is being written down would be seen after it, and in its place.
    await locks.run([this.id], async () => {
      const message = this.current
      if (message?.state === 'open') book.touch({ ...message, killedBy: signal })
    })
  }

  /**
   * Somebody closed it, and all that was written is on disk.
   * @param isComplete asked once nobody else can change it: whether nobody has it open any more
   * @returns whether it is complete by the journal
   */
  async flushed(size: Bytes, isComplete: () => boolean): Promise<boolean> {
    const { book, locks } = this.#options
    return locks.run([this.id], async () => {
      const message = this.current
      // Its release may have come meanwhile, where the answer to this took too long.
      if (message?.state !== 'open') return false
      const complete = isComplete() ? { isComplete: true } : {}
      await book.put([{ ...message, size, ...complete }], { sync: size > 0 })
      return complete.isComplete === true
    })
  }

  /** It seemed to be closed for good, and is not: on disk before a byte of it changes. @param isLocked by who asks */
  async writtenAgain({ isLocked }: { readonly isLocked: boolean }): Promise<void> {
    if (!this.isComplete) return
    const write = async (): Promise<void> => {
      const message = this.current
      if (message?.isComplete !== true) return
      await this.#options.book.put([without(message, 'isComplete')], { sync: true })
    }
    await (isLocked ? write() : this.#options.locks.run([this.id], write))
  }
}
