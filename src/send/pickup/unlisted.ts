/**
 * Submitted files where the keys may not list `AS2/send`: what became of them is told by the places to which the gateway moves
 * them, and by their keys. Where that does not tell either they are given up after a while, and it is said so.
 */
import type { CancelSignal } from '../../cancellation.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Milliseconds } from '../../units.js'
import { pathId, type Message } from '../life/message.js'
import type { BucketView } from '../sender.js'
import { byName, isOf, sentAfter } from './sent-objects.js'
import type { Partner } from '../../view/partner.js'

export interface UnlistedOptions {
  readonly bucket: BucketView
  readonly clock: Clock
  readonly log: Logger
}

/** What neither its key nor another place tells of is watched for so long. */
const watchFor: Milliseconds = 60 * 60 * 1000
/** Keys that are asked for in one look: the others have their turn in the next ones. */
const mostKeys = 50

export class Unlisted {
  readonly #options: UnlistedOptions
  /** Partners whose files can't be listed. */
  readonly #partners = new Set<string>()
  /** Ids, and since when they are watched so, by the clock that never steps; in the order in which they were asked for. */
  readonly #since = new Map<string, Milliseconds>()

  constructor(options: UnlistedOptions) {
    this.#options = options
  }

  problemOf(partner: Partner): string | undefined {
    if (!this.#partners.has(pathId(partner, ''))) return undefined
    return 'The keys may not list AS2/send: whether the gateway took it is told by the outbox, or not at all.'
  }

  /** The keys may list it (again). */
  listed(partner: Partner): void {
    this.#partners.delete(pathId(partner, ''))
  }

  /**
   * @param messages of one partner
   * @returns those that have left `AS2/send`, and those that are given up
   * @throws FsError or StoreError if nothing can be told now
   */
  async look(
    messages: readonly Message[],
    signal: CancelSignal,
  ): Promise<{ readonly gone: readonly Message[]; readonly given: readonly Message[] }> {
    const [partner] = messages
    if (!partner) return { gone: [], given: [] }
    this.#note(partner, messages)
    const moved = await this.#moved(partner, messages, signal)
    const rest = messages.filter((it) => !moved.includes(it))
    const left = await this.#left(rest, signal)
    const gone = [...moved, ...left]
    const now = this.#options.clock.monotonic()
    const given = rest.filter((it) => !left.includes(it) && now - (this.#since.get(it.id) ?? now) >= watchFor)
    for (const { id } of [...gone, ...given]) this.#since.delete(id)
    return { gone, given }
  }

  #note(partner: Partner, messages: readonly Message[]): void {
    const id = pathId(partner, '')
    if (!this.#partners.has(id)) {
      this.#partners.add(id)
      this.#options.log.warn(`${id}send/: ${this.problemOf(partner) ?? ''}`)
    }
    const now = this.#options.clock.monotonic()
    for (const message of messages) if (!this.#since.has(message.id)) this.#since.set(message.id, now)
  }

  /** Those that are in the outbox, or where duplicates go. */
  async #moved(partner: Partner, messages: readonly Message[], signal: CancelSignal): Promise<readonly Message[]> {
    const since = messages.reduce((least, it) => Math.min(least, sentAfter(it)), Infinity)
    const views = ['duplicate', 'outbox'] as const
    const found = await Promise.all(views.map((view) => this.#options.bucket.sent(partner, view, since, signal)))
    const named = byName(found.flat())
    return messages.filter((message) => named.get(message.path)?.some((it) => isOf(message, it)))
  }

  /** Those whose keys are there no more: of as many as may be asked for, those first that were not for the longest time. */
  async #left(messages: readonly Message[], signal: CancelSignal): Promise<readonly Message[]> {
    const left: Message[] = []
    const byId = new Map(messages.map((it) => [it.id, it]))
    let asked = 0
    for (const [id, since] of [...this.#since]) {
      const message = byId.get(id)
      if (!message || asked === mostKeys) continue
      asked += 1
      this.#since.delete(id)
      this.#since.set(id, since)
      if ((await this.#options.bucket.keeps(message, message.path, signal)) === false) left.push(message)
    }
    return left
  }
}
