/** What follows when the last writer has closed a file: it is judged and written down, as soon as the disk lets it. */
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { Told } from '../life/change.js'
import { settled, toldOf } from '../life/judgement.js'
import type { Locks } from '../disk/locks.js'
import type { Message } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'
import type { EndOfWriting } from './open-file.js'

export interface ClosingOptions {
  readonly book: MessageBook
  readonly locks: Locks
  readonly settle: Milliseconds
  readonly clock: Clock
  readonly log: Logger
  readonly judge: (message: Message) => Message
  /** Whether somebody has it open for writing. */
  readonly isWritten: (id: string) => boolean
  /** It is written down what becomes of a file. */
  readonly onJudged: () => Promise<void>
}

const againAfter: Milliseconds = 1_000

export class Closing {
  readonly #options: ClosingOptions
  /** Files that were closed, which could not be written down yet. */
  readonly #unfinished = new Map<string, { readonly end: EndOfWriting; readonly timer: NodeJS.Timeout }>()
  #isOver = false

  constructor(options: ClosingOptions) {
    this.#options = options
  }

  /** @param endOfWriting asked once nobody can open it; undefined: somebody has opened it again */
  async closed(id: string, endOfWriting: () => EndOfWriting | undefined): Promise<void> {
    const { book, locks, log } = this.#options
    await locks.run([id], async () => {
      const message = book.get(id)
      const last = endOfWriting()
      if (!last) return
      const end = this.#withUnfinished(id, last)
      if (message?.state !== 'open') return
      try {
        const { next, told } = this.#next(message, end)
        await book.put([next], { sync: true, told: [told] })
      } catch (err) {
        // What is wrong with the journal is in the log already.
        log.debug({ err, id }, 'A closed file could not be queued: it is sent when the state directory works again.')
        this.#later(id, end)
      }
    })
    await this.#options.onJudged()
  }

  /** What could not be written down by now, the next start finds as it was flushed. */
  close(): void {
    this.#isOver = true
    for (const { timer } of this.#unfinished.values()) clearTimeout(timer)
  }

  #next(
    message: Message,
    { isChanged, before, size, damage }: EndOfWriting,
  ): { readonly next: Message; readonly told: Told } {
    const { clock, settle, judge } = this.#options
    // Opened for writing, and nothing written: as it was. A new name is judged anew.
    // A trigger that was used counts again when it is touched.
    if (!isChanged && before?.path === message.path && before.isSpent !== true) {
      const next = settled({ ...before, mtime: message.mtime }, settle)
      return { next, told: next.state === 'failed' ? { event: 'failed' } : toldOf(next, next) }
    }
    const whole: Message = { ...message, size, closedAt: clock.now() }
    const closed: Message = damage === undefined ? whole : { ...whole, isDamaged: true, error: damage }
    const next = judge(closed)
    return { next, told: toldOf(closed, next) }
  }

  #later(id: string, end: EndOfWriting): void {
    if (this.#isOver) return
    const again = () => void this.closed(id, () => (this.#options.isWritten(id) ? undefined : end))
    this.#unfinished.set(id, { end, timer: setTimeout(again, againAfter) })
  }

  /** What an earlier close left behind counts too. */
  #withUnfinished(id: string, end: EndOfWriting): EndOfWriting {
    const earlier = this.#unfinished.get(id)
    if (!earlier) return end
    clearTimeout(earlier.timer)
    this.#unfinished.delete(id)
    const { isChanged, before, damage } = earlier.end
    return { ...end, isChanged: end.isChanged || isChanged, before, damage: end.damage ?? damage }
  }
}
