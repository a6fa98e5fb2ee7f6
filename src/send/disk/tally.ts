/** How many messages there are, by state and partner, and how much waits: kept as they change, so that it is told without a look at each. */
import type { Message } from '../life/message.js'
import { pathId } from '../life/message.js'
import type { PartnerCounts, SendCounts } from '../sender.js'
import type { Bytes, EpochMs } from '../../units.js'
import { OldestClose } from './oldest-close.js'

type Counts = { -readonly [State in keyof SendCounts]: number }

export class Tally {
  readonly #all = none()
  readonly #partners = new Map<
    string,
    { readonly station: string; readonly partner: string; readonly counts: Counts }
  >()
  readonly #oldest = new OldestClose()
  #waiting: Bytes = 0

  /** One that is shown from now on. */
  add(message: Message): void {
    this.#count(message, 1)
    if (waits(message)) this.#oldest.set(message.id, message.closedAt)
  }

  /** @param message as it was added */
  remove(message: Message): void {
    this.#count(message, -1)
    if (waits(message)) this.#oldest.delete(message.id)
  }

  get counts(): SendCounts {
    return { ...this.#all }
  }

  /** All who ever had one since the start. */
  get partners(): readonly PartnerCounts[] {
    return [...this.#partners.values()].map((it) => ({ ...it, counts: { ...it.counts } }))
  }

  /** Of what is to be in the bucket and is not. */
  get waitingBytes(): Bytes {
    return this.#waiting
  }

  /** Of those the last close that is longest ago. */
  get oldestClose(): EpochMs | undefined {
    return this.#oldest.at
  }

  #count(message: Message, by: 1 | -1): void {
    const { state, station, partner } = message
    if (state === 'gone') return
    const id = pathId(message, '')
    let own = this.#partners.get(id)
    if (!own) this.#partners.set(id, (own = { station, partner, counts: none() }))
    own.counts[state] += by
    this.#all[state] += by
    if (waits(message)) this.#waiting += by * message.size
  }
}

function waits(message: Message): message is Message & { readonly closedAt: EpochMs } {
  return message.state === 'queued' || message.state === 'uploading'
}

function none(): Counts {
  return { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 }
}
