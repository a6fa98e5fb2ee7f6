/** Files beside which a lock or a trigger came or went are judged anew: they leave the queue, or come into it. */
import type { Logger } from '../../telemetry/log.js'
import type { Beside } from './beside.js'
import type { Holding } from './holding.js'
import { toldOf } from './judgement.js'
import type { Locks } from '../disk/locks.js'
import type { Message } from './message.js'
import type { MessageBook } from '../disk/book.js'
import type { Uploads } from '../uploads/uploads.js'

export interface RejudgingOptions {
  readonly book: MessageBook
  readonly beside: Beside
  readonly holding: Holding
  readonly locks: Locks
  readonly uploads: Uploads
  readonly judge: (message: Message) => Message
  readonly log: Logger
}

export class Rejudging {
  readonly #options: RejudgingOptions

  constructor(options: RejudgingOptions) {
    this.#options = options
  }

  /** Resolves when all that stands beside files is heeded: from then on none of them begins to be uploaded against it. */
  async heed(): Promise<void> {
    const { beside, uploads } = this.#options
    const putOff: Message[] = []
    // One that is let go may leave a trigger to another.
    for (let ids = beside.affected(); ids.length > 0; ids = beside.affected()) {
      for (const id of ids) {
        const message = await this.#rejudge(id)
        if (message) putOff.push(message)
      }
      uploads.kick()
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

  /** A trigger that somebody wants sent, because it was open at a crash, say, is one like any other. */
  byHand(message: Message): Message {
    const isTrigger = message.state === 'queued' && this.#options.holding.triggeredBy(message.path) !== undefined
    return isTrigger ? this.#options.judge(message) : message
  }

  /** @returns one for which that could not be written down */
  async #rejudge(id: string): Promise<Message | undefined> {
    const { book, locks, log } = this.#options
    return locks.run([id], async () => {
      const message = book.get(id)
      const next = message && this.#next(message)
      if (!next) return undefined
      try {
        await book.put([next], { sync: true, told: [toldOf(message, next)] })
      } catch (err) {
        log.debug({ err, id }, 'It could not be written down that a file is held, or held no more.')
        return message
      }
      return undefined
    })
  }

  /** @returns undefined if it stays as it is */
  #next(message: Message): Message | undefined {
    if (!this.#mayEnter(message) && !this.#mayLeave(message)) return undefined
    const next = this.#options.judge(message)
    if (message.state === 'queued') return isHeldBeside(next) ? next : undefined
    return next.state !== 'held' || next.reason !== message.reason || next.error !== message.error ? next : undefined
  }

  #mayEnter({ state, reason }: Message): boolean {
    return state === 'held' && (reason === 'lock' || (reason === 'untriggered' && this.#options.holding.needsTrigger))
  }

  /** What may be in the bucket is looked for first. */
  #mayLeave({ id, state, attempt }: Message): boolean {
    return state === 'queued' && attempt === undefined && !this.#options.uploads.isUnderWay(id)
  }
}

function isHeldBeside({ reason }: Message): boolean {
  return reason === 'lock' || reason === 'untriggered' || reason === 'trigger'
}
