/** Joins receipts with the messages that they answer, where nothing else says whose they are. */
import type { CancelSignal } from '../cancellation.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix, type MdnDirection } from '../view/tree.js'
import type { MdnLooks } from './mdn-views.js'

/** Where the messages are that receipts of a direction answer. */
const answered = { incoming: 'outbox', outgoing: 'headers/inbox' } as const

export interface MdnClaimsOptions {
  readonly receipts: Receipts
  readonly listing: Listing
  readonly root: Prefix
}

interface Claimed {
  readonly content: object
  readonly read: number
}

export class MdnClaims implements MdnLooks {
  readonly #options: MdnClaimsOptions
  /** By the prefix of the messages: with what they were compared last. */
  readonly #claimed = new Map<Prefix, Claimed>()

  constructor(options: MdnClaimsOptions) {
    this.#options = options
  }

  look(direction: MdnDirection, tree: ViewTree): void {
    this.#options.receipts.look(direction, tree)
  }

  /** Costs a look at the partner's messages, but only while there are receipts that nothing else tells of. */
  async claim(partner: Partner, direction: MdnDirection, signal: CancelSignal): Promise<void> {
    const { receipts, listing, root } = this.#options
    if (!receipts.hasUnowned(direction)) return
    const prefix = viewPrefix(root, partner, answered[direction])
    const { value: tree } = await listing.glimpse(prefix, signal)
    const last = this.#claimed.get(prefix)
    const { read } = receipts.counts()
    if (!tree || (last?.content === tree.content && last.read === read)) return
    this.#claimed.set(prefix, { content: tree.content, read })
    receipts.claim(partner, direction, namesIn(tree, prefix))
  }
}

/** What a message may be called: the folders of its files, or a file of its own. */
function* namesIn(tree: ViewTree, prefix: Prefix): Generator<string, undefined> {
  let last: readonly string[] = []
  for (const { key } of tree.objects()) {
    const segments = key.slice(prefix.length).split('/')
    const file = segments.at(-1)?.replace(/\.[^.]{1,8}$/, '')
    for (const [i, name] of segments.slice(0, -1).entries()) if (name !== last[i]) yield name
    if (file !== undefined && segments.length === 1) yield file
    last = segments
  }
}
