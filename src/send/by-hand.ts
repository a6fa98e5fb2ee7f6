/** What somebody does to a file that waits, whatever is in it: `as2fs queue retry|cancel|release`, rm, touch. */
import type { CancelSignal } from '../cancellation.js'
import type { EpochMs, Name } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Packer } from './bundles/packer.js'
import type { MessageBook } from './disk/book.js'
import type { Cause } from './life/entry.js'
import type { Spool } from './disk/spool.js'
import type { Beside } from './life/beside.js'
import type { LifeEvent } from './life/events.js'
import type { Holding } from './life/holding.js'
import { dataOf, type Message } from './life/message.js'

export interface ByHandOptions {
  readonly book: MessageBook
  readonly spool: Spool
  readonly packer: Packer
  readonly holding: Holding
  readonly beside: Pick<Beside, 'verdict'>
  /** Whether one is being uploaded, or about to be. */
  readonly isUnderWay: (id: string) => boolean
  /** It is written down what becomes of a file. */
  readonly onJudged: () => Promise<void>
  /** Parts of a cancelled one may be in the bucket. */
  readonly onCancelled: () => void
}

export class ByHand {
  readonly #options: ByHandOptions

  constructor(options: ByHandOptions) {
    this.#options = options
  }

  /** What may be in the bucket is looked for before it is sent. */
  async retry(id: string, signal: CancelSignal): Promise<void> {
    const { book, packer } = this.#options
    if (book.get(id)?.reason === 'packing') packer.retry(id)
    else await this.#requeue(id, 'retried', signal)
  }

  release(id: string, signal: CancelSignal): Promise<void> {
    return this.#requeue(id, 'released', signal)
  }

  async cancel(id: string, by: Cause, signal: CancelSignal): Promise<void> {
    const { book, packer, spool, onJudged, onCancelled } = this.#options
    if (by === 'queue') await this.#diskAnswers()
    await book.exclusively([id], async (write) => {
      const message = book.get(id)
      await write([{ id, event: { type: 'cancelled' } }], { by, sync: true, signal })
      packer.forget(id)
      for (const it of message ? dataOf(message) : []) await spool.remove(it)
    })
    await onJudged()
    onCancelled()
  }

  /** @see Sender.setMtime */
  async setMtime(partner: Partner, path: readonly Name[], mtime: EpochMs, signal: CancelSignal): Promise<void> {
    const { book, isUnderWay, onJudged } = this.#options
    const { id } = book.found(partner, path)
    await book.change(
      [id],
      ([message]) => {
        // One that is on its way is not changed any more; its time is of no use to anybody.
        const isTooLate = !message || message.state === 'gone' || message.state === 'uploading' || isUnderWay(id)
        return isTooLate ? [] : [{ id, event: { type: 'dated', mtime } }]
      },
      { by: 'utimens', sync: false, signal },
    )
    await onJudged()
  }

  async #requeue(id: string, type: 'retried' | 'released', signal: CancelSignal): Promise<void> {
    const { book, onJudged } = this.#options
    await this.#diskAnswers()
    const options = { by: 'queue', sync: true, signal } as const
    await book.change([id], ([message]) => [{ id, event: this.#requeuing(message, type) }], options)
    await onJudged()
  }

  /** Before there is anything that could not be taken back from a disk that hangs. @throws FsError ENOSPC or EIO */
  #diskAnswers(): Promise<void> {
    return this.#options.book.synced()
  }

  #requeuing(message: Message | undefined, type: 'retried' | 'released'): LifeEvent {
    const { holding, beside } = this.#options
    // A trigger that somebody wants sent, because it was open at a crash, say, is one like any other.
    const isTrigger = message !== undefined && holding.triggeredBy(message.path) !== undefined
    // While it waits for nothing it is not judged anew when a lock or a trigger comes or goes.
    if (type === 'retried' && message?.state === 'failed') return { type, isTrigger, beside: beside.verdict(message) }
    return { type, isTrigger }
  }
}
