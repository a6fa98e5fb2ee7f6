/** What goes out and what is answered in the model of deliveries: an outbox, and receipts in any form, at any place. */
import { ownMessageId } from '../../src/demo/as2-message.js'
import { mdnKey } from '../../src/demo/bucket-layout.js'
import { mdnFor } from '../../src/demo/mdn-forms.js'
import { receipts as kinds } from '../../src/demo/receipt.js'
import type { Milliseconds } from '../../src/units.js'
import { messageFolder } from './read-actions.js'
import type { NewReceipt } from './read-delivery-actions.js'
import { meaningOf, type KnownReceipt } from './read-delivery-receipts.js'
import type { ReadWorld } from './read-world.js'

const outbox = 'AS2/files/A/B/outbox/'

/** A file in the outbox. */
export interface SentFile {
  readonly message: number
  readonly name: string
  readonly from: Milliseconds
  goneAt: Milliseconds
}

export class DeliveryMail {
  /** All that there ever were. */
  readonly receipts: KnownReceipt[] = []
  readonly files: SentFile[] = []
  readonly #world: ReadWorld

  constructor(world: ReadWorld) {
    this.#world = world
  }

  /** A file of a message; none comes once some were taken away. */
  send(message: number, name: string): void {
    const { store, clock } = this.#world
    if (this.files.some((it) => it.message === message && (it.name === name || it.goneAt < Infinity))) return
    store.set(`${outbox}${messageFolder(message)}/${name}`, `${message} ${name}`, clock.now())
    this.files.push({ message, name, from: this.#now, goneAt: Infinity })
  }

  expire(message: number): void {
    for (const it of this.files) {
      if (it.message !== message || it.goneAt < Infinity) continue
      this.#world.store.delete(`${outbox}${messageFolder(message)}/${it.name}`)
      it.goneAt = this.#now
    }
  }

  receive({ message, says, form, layout }: NewReceipt): void {
    const folder = messageFolder(message)
    const at = this.#world.clock.now()
    const nth = this.receipts.length + 2
    const id = `receipt-${nth}@as2.b.example`
    const sent = { id: ownMessageId(folder), folder, from: 'A', to: 'B', filename: 'a', bytes: Buffer.from('a'), at }
    const bytes = mdnFor(sent, id, at, kinds[says], form)
    const key = mdnKey(layout, 'incoming', { station: 'A', partner: 'B', folder, id, nth, at })
    const isUnreadable = form === 'encrypted' || form === 'html'
    const meaning = isUnreadable || form === 'unidentified' ? 'nothing' : meaningOf(says)
    this.#put({ key, message, meaning, isUnreadable, bytes })
  }

  repeat(nth: number): void {
    const former = this.#nth(nth)
    if (former) this.#put({ ...former, key: `AS2/raw-mdn/incoming/again-${this.receipts.length}` })
  }

  replace(nth: number, says: NewReceipt['says']): void {
    const former = this.#nth(nth)
    if (!former || former.goneAt < Infinity) return
    const folder = messageFolder(former.message)
    const sent = { id: ownMessageId(folder), folder, from: 'A', to: 'B', filename: 'a', bytes: Buffer.from('a'), at: 0 }
    const bytes = mdnFor(sent, `replaced-${this.receipts.length}@as2.b.example`, this.#now, kinds[says], 'headers')
    former.replacedAt = this.#now
    this.#put({ key: former.key, message: former.message, meaning: meaningOf(says), isUnreadable: false, bytes })
  }

  expireReceipt(nth: number): void {
    const receipt = this.#nth(nth)
    if (!receipt || receipt.goneAt < Infinity) return
    this.#world.store.delete(receipt.key)
    receipt.goneAt = this.#now
  }

  #put(receipt: Pick<KnownReceipt, 'key' | 'message' | 'meaning' | 'isUnreadable' | 'bytes'>): void {
    this.#world.store.set(receipt.key, receipt.bytes, this.#world.clock.now())
    const fresh = { from: this.#now, replacedAt: Infinity, goneAt: Infinity, isRead: false }
    this.receipts.push({ ...receipt, ...fresh })
  }

  #nth(nth: number): KnownReceipt | undefined {
    const there = this.receipts.filter((it) => it.replacedAt === Infinity)
    return there[nth % Math.max(1, there.length)]
  }

  get #now(): Milliseconds {
    return this.#world.clock.monotonic()
  }
}

/** In `delivery/`. */
export function nameOf({ message, name }: SentFile): string {
  return `${messageFolder(message)}_${name}`
}
