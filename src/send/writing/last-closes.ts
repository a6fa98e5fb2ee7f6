/** What follows when the last writer has closed a file: it is judged and written down, as soon as the disk lets it. */
import type { CancelSignal } from '../../cancellation.js'
import { BackgroundJob } from '../../background-job.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { MessageBook, Write } from '../disk/book.js'
import type { LifeEvent, Verdict } from '../life/events.js'
import type { Candidate } from '../life/judgement.js'
import type { Rejudging } from '../judging/rejudging.js'
import type { WritingSession } from './writing-session.js'

export interface LastClosesOptions {
  readonly book: MessageBook
  readonly rejudging: Pick<Rejudging, 'afterOpen'>
  readonly settle: Milliseconds
  readonly log: Logger
  readonly judge: (file: Candidate) => Verdict
  /** It is written down what becomes of a file: what stands beside it is heeded, and what is due is uploaded. */
  readonly onJudged: () => Promise<void>
}

const againAfter: Milliseconds = 1_000

export class LastCloses {
  readonly #options: LastClosesOptions
  /** By id: what could not be written down yet. */
  readonly #unfinished = new Map<string, WritingSession>()
  readonly #again = new BackgroundJob((stop) => this.#finish(stop))

  constructor(options: LastClosesOptions) {
    this.#options = options
  }

  /** A file that nobody has open any more, of which that could not be written down yet: who opens it goes on with it. */
  unfinished(id: string): WritingSession | undefined {
    return this.#unfinished.get(id)
  }

  /** Nobody writes to a file any more. Never throws: what can't be written down now is written down later. */
  async of(session: WritingSession): Promise<void> {
    const { book, onJudged } = this.#options
    await book.exclusively([session.id], (write) => this.#decide(session, write))
    await onJudged()
  }

  /** What could not be written down by now, the next start finds as it was flushed. */
  close(): Promise<void> {
    return this.#again.stop()
  }

  /** By whoever has locked it. */
  async #decide(session: WritingSession, write: Write): Promise<void> {
    const { id } = session
    this.#unfinished.delete(id)
    // Somebody has opened it again meanwhile: that one's close decides.
    if (!session.writers.isEmpty) return
    try {
      const event = this.#eventOf(session)
      // What its last close(2) has on disk is judged the same way by a start that finds no more.
      const isKnown = session.message.isComplete
      if (event) await write([{ id, event }], { by: 'close', sync: !isKnown, isPatient: isKnown })
      session.ended()
    } catch (err) {
      // What is wrong with the journal is in the log already.
      this.#options.log.debug(
        { err, id },
        'A closed file could not be queued: it is sent when the state directory works again.',
      )
      this.#unfinished.set(id, session)
      this.#again.in(againAfter)
    }
  }

  #eventOf({ message, isChanged, before, size, damage }: WritingSession): LifeEvent | undefined {
    const { judge, rejudging, settle } = this.#options
    const { current } = message
    if (current?.state !== 'open') return undefined
    // Opened for writing, and nothing written: as it was. A new name is judged anew.
    // A trigger that was used counts again when it is touched.
    const hasSameName = before?.path === current.path && before.isRenamed === current.isRenamed
    const isBack = !isChanged && hasSameName && before.isSpent !== true
    if (isBack) {
      // While it was open a lock or a trigger may have come or gone.
      const verdict = rejudging.afterOpen(before)
      return verdict ? { type: 'closed', size, verdict } : { type: 'closed-unchanged', before, settle }
    }
    return { type: 'closed', size, damage: damage.sentence, verdict: judge({ ...current, size }) }
  }

  async #finish(stop: CancelSignal): Promise<void> {
    for (const session of [...this.#unfinished.values()]) if (!stop.aborted) await this.of(session)
  }
}
