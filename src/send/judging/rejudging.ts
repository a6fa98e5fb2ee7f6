/** Files beside which a lock or a trigger came or went are judged anew: they leave the queue, or come into it. */
import { inTime } from '../../patience.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import type { Beside } from '../life/beside.js'
import type { Holding } from '../life/holding.js'
import type { Happening, Verdict } from '../life/events.js'
import type { Candidate } from '../life/judgement.js'
import type { Hold, Message } from '../life/message.js'
import type { MessageBook } from '../disk/book.js'

/** A disk that takes longer hangs. */
const soon: Milliseconds = 1_000

export interface RejudgingOptions {
  readonly book: MessageBook
  readonly beside: Beside
  readonly holding: Holding
  readonly judge: (file: Candidate) => Verdict
  /** Whether one is being uploaded, or about to be. */
  readonly isUnderWay: (id: string) => boolean
  /** Some may be in the queue now. */
  readonly onQueued: () => void
  readonly log: Logger
}

export class Rejudging {
  readonly #options: RejudgingOptions
  /** Files that are to be judged anew, by id; also those for which that could not be written down. Each time another mark. */
  readonly #due = new Map<string, object>()

  constructor(options: RejudgingOptions) {
    this.#options = options
  }

  /** Whether it is not known yet what follows for a file from what stands beside it: it is not sent before that. */
  isDue(id: string): boolean {
    return this.#due.has(id)
  }

  /**
   * Resolves when all that stands beside files is heeded: from then on none of them begins to be uploaded against it. Where that
   * can't be written down they wait for the next call.
   */
  async heed(): Promise<void> {
    // Those of others, too: who comes second must not go on before the first has done it.
    let ids: readonly string[] = [...new Set([...this.#affected(), ...this.#due.keys()])]
    // One that is let go may leave a trigger to another.
    for (; ids.length > 0; ids = this.#affected()) {
      for (const id of ids) await this.#rejudge(id)
      this.#options.onQueued()
    }
  }

  /**
   * The same for who has done what he was asked for: that is on disk by now, and where the disk hangs since, it is not told as failed for
   * what follows from it.
   */
  async heedSoon(): Promise<void> {
    await inTime(this.heed(), soon)
  }

  /** At a start: a crash may have come between a lock or a trigger and what follows from it. */
  async heedAll(): Promise<void> {
    this.#options.beside.affected()
    const { book } = this.#options
    const due = [...book.all()].filter((it) => this.afterOpen(it)).map((it) => it.id)
    for (const id of due) this.#due.set(id, {})
    for (const id of due) await this.#rejudge(id)
  }

  /** Those that are affected since this was asked last. */
  #affected(): readonly string[] {
    const ids = this.#options.beside.affected()
    for (const id of ids) this.#due.set(id, {})
    return ids
  }

  /** It was queued by a mount that asked for no trigger. */
  #wasReady(message: Message): boolean {
    const { beside, holding } = this.#options
    if (message.state !== 'queued' || message.triggeredBy !== undefined) return false
    return holding.triggeredBy(message.path) === undefined && !beside.isLocked(message, message.path)
  }

  /** Never throws: what can't be written down stays due. */
  async #rejudge(id: string): Promise<void> {
    const { book, log } = this.#options
    const mark = this.#due.get(id)
    try {
      await book.change([id], ([message]) => this.#events(message), { by: 'beside', sync: true })
      // Unless something has changed beside it meanwhile.
      if (this.#due.get(id) === mark) this.#due.delete(id)
    } catch (err) {
      log.debug({ err, id }, 'It could not be written down that a file is held, or held no more.')
    }
  }

  /** What a file is that was opened, and is as it was; undefined if what stands beside it leaves it where it was. */
  afterOpen(before: Message): Verdict | undefined {
    return this.#wasReady(before) ? undefined : this.#next(before)
  }

  #events(message: Message | undefined): Happening[] {
    const verdict = message && this.#next(message)
    return verdict ? [{ id: message.id, event: { type: 'rejudged', verdict } }] : []
  }

  /** @returns undefined if it stays as it is */
  #next(message: Message): Verdict | undefined {
    if (!this.#mayEnter(message) && !this.#mayLeave(message)) return undefined
    const verdict = this.#options.judge(message)
    if (verdict.state !== 'held') return message.state === 'queued' ? undefined : verdict
    const { hold } = verdict
    if (message.state === 'queued') return isHeldBeside(hold) ? verdict : undefined
    const isSame = hold.reason === message.reason && ('error' in hold ? hold.error : undefined) === message.error
    return isSame ? undefined : verdict
  }

  #mayEnter({ state, reason }: Message): boolean {
    return state === 'held' && (reason === 'lock' || (reason === 'untriggered' && this.#options.holding.needsTrigger))
  }

  /** What may be in the bucket is looked for first. */
  #mayLeave({ id, state, attempt }: Message): boolean {
    const isInDoubt = attempt !== undefined && attempt.isRefused !== true
    return state === 'queued' && !isInDoubt && !this.#options.isUnderWay(id)
  }
}

function isHeldBeside({ reason }: Hold): boolean {
  return reason === 'lock' || reason === 'untriggered' || reason === 'trigger'
}
