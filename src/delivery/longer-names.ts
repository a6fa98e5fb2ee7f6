/** The messages of an outbox whose names may be longer ones of others' (`7.as2` of `7`): made once for what is in it. */
import type { NameHashes } from '../mdn/mdn-table.js'
import type { Prefix } from '../units.js'
import type { KnownReceipts, OutboxDeliveries } from './deliveries.js'
import { messageOf } from './message-of.js'

/** Folders as the gateway calls them, which are nobody's longer name. */
const plainFolders = /^[0-9A-Za-z/-]*\/[^/]*$/

export class LongerNames {
  readonly #made = new WeakMap<object, Map<Prefix, NameHashes>>()

  of(found: OutboxDeliveries, receipts: Pick<KnownReceipts, 'hashesOf'>): NameHashes {
    const { content } = found.outbox
    const made = this.#made.get(content) ?? new Map<Prefix, NameHashes>()
    const known = made.get(found.prefix)
    if (known) return known
    const hashes = receipts.hashesOf(longerNames(found))
    this.#made.set(content, made.set(found.prefix, hashes))
    return hashes
  }
}

function* longerNames(found: OutboxDeliveries): Generator<string, undefined> {
  for (const { key } of found.files()) {
    const path = key.slice(found.prefix.length)
    const message = plainFolders.test(path) ? undefined : messageOf(path)
    if (message !== undefined) yield message
  }
}
