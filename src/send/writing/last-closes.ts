/** What follows when the last writer has closed a file: it is judged and written down, as soon as the disk lets it. */
import { BackgroundJob } from '../../background-job.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { Told } from '../life/change.js'
import { settled, toldOf } from '../life/judgement.js'
import type { Message } from '../life/message.js'
import type { OpenMessageOptions } from './open-message.js'
import type { WritingSession } from './writing-session.js'

export interface LastClosesOptions extends OpenMessageOptions {
  readonly settle: Milliseconds
  readonly log: Logger
  readonly judge: (message: Message) => Message
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
    const { locks, onJudged } = this.#options
    await locks.run([session.id], () => this.#decide(session))
    await onJudged()
  }

  /** What could not be written down by now, the next start finds as it was flushed. */
  close(): Promise<void> {
    return this.#again.stop()
  }

  /** By whoever has locked it. */
  async #decide(session: WritingSession): Promise<void> {
    const { id } = session
    this.#unfinished.delete(id)
    // Somebody has opened it again meanwhile: that one's close decides.
    if (!session.writers.isEmpty) return
    try {
      await this.#write(session)
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

  async #write(session: WritingSession): Promise<void> {
    const message = session.message.current
    if (message?.state !== 'open') return
    const { isChanged, before } = session
    // Opened for writing, and nothing written: as it was. A new name is judged anew.
    // A trigger that was used counts again when it is touched.
    const isBack = !isChanged && before?.path === message.path && before.isSpent !== true
    await (isBack ? this.#closedUnchanged(message, before) : this.#closed(message, session))
  }

  /** It goes back to where it was. */
  async #closedUnchanged({ mtime }: Message, before: Message): Promise<void> {
    const next = settled({ ...before, mtime }, this.#options.settle)
    await this.#put(next, next.state === 'failed' ? { event: 'failed' } : toldOf(next, next))
  }

  async #closed(message: Message, { size, damage }: WritingSession): Promise<void> {
    const { clock, judge } = this.#options
    const whole: Message = { ...message, size, closedAt: clock.now() }
    const { sentence } = damage
    const closed: Message = sentence === undefined ? whole : { ...whole, isDamaged: true, error: sentence }
    const next = judge(closed)
    await this.#put(next, toldOf(closed, next))
  }

  async #put(message: Message, told: Told): Promise<void> {
    await this.#options.book.put([message], { sync: true, told: [told] })
  }

  async #finish(stop: AbortSignal): Promise<void> {
    for (const session of [...this.#unfinished.values()]) if (!stop.aborted) await this.of(session)
  }
}
