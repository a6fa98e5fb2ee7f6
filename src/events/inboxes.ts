/** What comes in, as the listings of all inboxes tell it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix } from '../view/tree.js'
import type { ReceivedEvent } from './event.js'
import { objectEvent } from './object-event.js'
import { oldest } from './oldest.js'
import { forEachOwner, ownersIn, type OwnersOptions } from './owners.js'
import { compareMarks, type Eye, type Look, type Mark } from './source.js'

export interface InboxesOptions extends OwnersOptions {
  readonly listing: Pick<Listing, 'tree' | 'folders'>
}

const manyAtOnce = 5_000

/** An inbox as it was at the last look. */
interface Seen {
  readonly owner: Partner
  readonly tree: ViewTree
  /** By the bucket's clock. */
  readonly since: EpochMs
  /** Those whose LastModified is not before that, by what sets them apart: a key may be used again. */
  readonly young: ReadonlySet<string>
}

export class Inboxes implements Eye {
  readonly #options: InboxesOptions
  readonly #seen = new Map<Prefix, Seen>()

  constructor(options: InboxesOptions) {
    this.#options = options
  }

  async look(since: EpochMs, signal: CancelSignal): Promise<Look> {
    const { root, listing } = this.#options
    const news: ReceivedEvent[] = []
    let isFirst = false
    let listedAt: Milliseconds | undefined
    const missing = await forEachOwner(await ownersIn(this.#options, signal), async (owner) => {
      const prefix = viewPrefix(root, owner, 'inbox')
      const tree = await listing.tree(prefix, signal)
      listedAt = Math.min(listedAt ?? tree.listedAt, tree.listedAt)
      const before = this.#seen.get(prefix)
      if (before?.tree.content === tree.content && before.tree.completeAt === tree.completeAt) return
      const seen = seenIn(owner, tree, since)
      this.#seen.set(prefix, seen)
      if (!before) isFirst ||= tree.size > 0
      else for (const it of await newIn(before, seen)) news.push(received(owner, it, tree, root))
    })
    return { news, isFirst, listedAt, missing }
  }

  oldest(after: Mark, most: number): Promise<readonly ReceivedEvent[]> {
    const compare = (a: Found, b: Found): number => compareMarks(markOf(a.object), markOf(b.object))
    const found = oldest(this.#after(after), most, compare)
    return Promise.resolve(found.map((it) => received(it.owner, it.object, it.tree, this.#options.root)))
  }

  forget(): void {
    this.#seen.clear()
  }

  *#after(after: Mark): Generator<Found, undefined> {
    for (const { owner, tree } of this.#seen.values()) {
      for (const object of tree.recent(after.at)) {
        if (compareMarks(markOf(object), after) > 0) yield { owner, object, tree }
      }
    }
  }
}

interface Found {
  readonly owner: Partner
  readonly object: ObjectInfo
  readonly tree: ViewTree
}

function seenIn(owner: Partner, tree: ViewTree, since: EpochMs): Seen {
  return { owner, tree, since, young: new Set(Array.from(tree.recent(since), versionOf)) }
}

async function newIn(before: Seen, { tree, since }: Seen): Promise<readonly ObjectInfo[]> {
  const young = [...tree.recent(since)].filter(
    (it) => !before.young.has(versionOf(it)) && (it.mtime >= before.since || !before.tree.has(it.key)),
  )
  return [...young, ...(await late(before, tree, since))]
}

/** Those with an old LastModified that were not there before: looked for where all was listed anew. */
async function late(before: Seen, tree: ViewTree, since: EpochMs): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = []
  if (before.tree.completeAt === tree.completeAt || before.tree.content === tree.content) return found
  let looked = 0
  for (const object of tree.objects()) {
    if (object.mtime < since && !before.tree.has(object.key)) found.push(object)
    looked += 1
    // There may be a million of them, and others are not to wait.
    if (looked % manyAtOnce === 0) await nextTurn()
  }
  return found
}

function received(owner: Partner, object: ObjectInfo, tree: ViewTree, root: Prefix): ReceivedEvent {
  const at = new Date(object.mtime).toISOString()
  return { at, event: 'received', ...objectEvent(owner, 'inbox', object, { tree, root }) }
}

function versionOf({ key, mtime, etag }: ObjectInfo): string {
  return `${mtime} ${etag} ${key}`
}

function markOf({ key, mtime }: ObjectInfo): Mark {
  return { at: mtime, key: `${key} received` }
}
