/** What came in: the latest documents of all inboxes, as the listings have them. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import type { ArrivalRow, ArrivalsQuery, ArrivalsReport } from '../control/reports.js'
import { objectEvent } from '../events/object-event.js'
import { forEachOwner, ownersIn, type OwnersOptions } from '../events/owners.js'
import type { Listing, ViewTree } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Clock } from '../telemetry/clock.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix } from '../view/tree.js'
import { Newest } from './newest.js'

export interface ArrivalsOptions extends OwnersOptions {
  readonly listing: Pick<Listing, 'tree' | 'folders'>
  readonly clock: Pick<Clock, 'now'>
}

/** Between two turns of others. */
const atOnce = 2_000

interface Found {
  readonly owner: Partner
  readonly object: ObjectInfo
  readonly tree: ViewTree
}

export class Arrivals {
  readonly #options: ArrivalsOptions

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** @throws FsError if nothing can be looked at */
  async latest({ since = 0, most }: ArrivalsQuery, signal: CancelSignal): Promise<ArrivalsReport> {
    const { root, listing, clock } = this.#options
    const newest = new Newest<Found>(most, (a, b) => latestFirst(a.object, b.object))
    let count = 0
    const missing = await forEachOwner(await ownersIn(this.#options, signal), async (owner) => {
      const tree = await listing.tree(viewPrefix(root, owner, 'inbox'), signal)
      let seen = 0
      for (const object of tree.recent(since)) {
        if (++seen % atOnce === 0) await nextTurn()
        if (object.size === 0 && object.key.endsWith('/')) continue
        count += 1
        newest.add({ owner, object, tree })
      }
    })
    const rows = newest.list().map((it) => this.#row(it))
    return { generatedAt: clock.now(), count, rows, missing: missing === undefined ? [] : [missing] }
  }

  #row({ owner, object, tree }: Found): ArrivalRow {
    const { root } = this.#options
    const { station, partner, name, path, size } = objectEvent(owner, 'inbox', object, { tree, root })
    return { station, partner, name, path, size, at: object.mtime }
  }
}

function latestFirst(a: ObjectInfo, b: ObjectInfo): number {
  return b.mtime - a.mtime || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}
