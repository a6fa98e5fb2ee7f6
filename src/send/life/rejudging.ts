/** Files beside which a lock or a trigger came or went are judged anew: they leave the queue, or come into it. */
import type { Logger } from '../../telemetry/log.js'
import type { Beside } from './beside.js'
import type { Holding } from './holding.js'
import type { Verdict } from './events.js'
import type { Candidate } from './judgement.js'
import type { Hold, Message } from './message.js'
import type { Happening, MessageBook } from '../disk/book.js'

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

  constructor(options: RejudgingOptions) {
    this.#options = options
  }

  /** Resolves when all that stands beside files is heeded: from then on none of them begins to be uploaded against it. */
  async heed(): Promise<void> {
    const { beside, onQueued } = this.#options
    const putOff: Message[] = []
    // One that is let go may leave a trigger to another.
    for (let ids = beside.affected(); ids.length > 0; ids = beside.affected()) {
      for (const id of ids) {
        const message = await this.#rejudge(id)
        if (message) putOff.push(message)
      }
      onQueued()
    }
    for (const message of putOff) beside.putOff(message)
  }

  /** At a start: a crash may have come between a lock or a trigger and what follows from it. */
  async heedAll(): Promise<void> {
    this.#options.beside.affected()
    const { book } = this.#options
    const due = [...book.all()].filter((it) => !this.#wasReady(it) && this.#next(it))
    for (const { id } of due) await this.#rejudge(id)
  }

  /** It was queued by a mount that asked for no trigger. */
  #wasReady(message: Message): boolean {
    const { beside, holding } = this.#options
    if (message.state !== 'queued' || message.triggeredBy !== undefined) return false
    return holding.triggeredBy(message.path) === undefined && !beside.isLocked(message, message.path)
  }

  /** @returns one for which that could not be written down */
  async #rejudge(id: string): Promise<Message | undefined> {
    const { book, log } = this.#options
    try {
      await book.change([id], ([message]) => this.#events(message), { by: 'beside', sync: true })
      return undefined
    } catch (err) {
      log.debug({ err, id }, 'It could not be written down that a file is held, or held no more.')
      return book.get(id)
    }
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
    return state === 'queued' && attempt === undefined && !this.#options.isUnderWay(id)
  }
}

function isHeldBeside({ reason }: Hold): boolean {
  return reason === 'lock' || reason === 'untriggered' || reason === 'trigger'
}
