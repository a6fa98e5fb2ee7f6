/** What is in a partner's `AS2/send` until the gateway takes it; each listing of it tells the sender what was taken. */
import type { CancelSignal } from '../cancellation.js'
import type { Entry, Listing, ViewTree } from '../listing/listing.js'
import type { Sender } from '../send/sender.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix } from '../view/tree.js'

export class SubmittedFiles {
  readonly #listing: Listing
  readonly #sender: Pick<Sender, 'listed'>
  readonly #root: Prefix
  /** By partner, when the last listing that the sender was told of was begun. */
  readonly #toldOf = new Map<string, Milliseconds>()

  constructor(options: { listing: Listing; sender: Pick<Sender, 'listed'>; root: Prefix }) {
    this.#listing = options.listing
    this.#sender = options.sender
    this.#root = options.root
  }

  /** What is known without waiting for a bucket that does not answer: nothing, where the keys may only put there. Never throws. */
  async tree(partner: Partner, signal: CancelSignal): Promise<ViewTree | undefined> {
    const { value } = await this.#listing.glimpse(viewPrefix(this.#root, partner, 'send'), signal)
    if (!value) return undefined
    const id = `${partner.station}/${partner.partner}`
    if (value.completeAt <= (this.#toldOf.get(id) ?? -Infinity)) return value
    this.#toldOf.set(id, value.completeAt)
    await this.#sender.listed(partner, value.completeAt, (key) => value.has(key))
    return value
  }

  /** What is under a name, as far as that is known. */
  async lookup(partner: Partner, names: readonly Name[], signal: CancelSignal): Promise<Entry | undefined> {
    return (await this.tree(partner, signal))?.lookup(names)
  }
}
