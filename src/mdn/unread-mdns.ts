/** Which MDNs of a listing were not read yet, and which that were read are gone. Only what may be new is compared, where all was before. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import type { ViewTree } from '../listing/listing.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Milliseconds } from '../units.js'
import type { MdnDirection } from '../view/tree.js'
import type { MdnLog } from './mdn-log.js'

/** What was looked at last. */
interface Look {
  readonly content: object
  readonly completeAt: Milliseconds
  readonly newest: EpochMs
}

export interface Unread {
  readonly unread: readonly ObjectInfo[]
  /** How many more there are than can be remembered. */
  readonly more: number
  /** All was compared. */
  readonly isWhole: boolean
  /** Rows of what is no longer listed, and old. */
  readonly gone: readonly number[]
}

/** What comes anew is no older than that, seen from the newest. */
const lookBack: Milliseconds = 15 * 60_000
/** Between two turns of others. */
const atOnce = 2_000
/** Of those to be read, so many are remembered; the rest is looked for again when these are read. */
const mostWanted = 20_000
/** What is no longer listed is remembered for that long: the gateway's rules take messages away after 35 days. */
const rememberedFor: Milliseconds = 40 * 24 * 3_600_000

export class UnreadMdns {
  readonly #log: MdnLog
  readonly #looks = new Map<MdnDirection, Look>()

  constructor(log: MdnLog) {
    this.#log = log
  }

  /** Whether this is what was looked at last. */
  isKnown(direction: MdnDirection, { content }: ViewTree): boolean {
    return this.#looks.get(direction)?.content === content
  }

  /** All of it is to be looked at again. */
  forget(direction: MdnDirection): void {
    this.#looks.delete(direction)
  }

  /** @returns undefined if it was given up */
  async of(direction: MdnDirection, tree: ViewTree, signal: CancelSignal): Promise<Unread | undefined> {
    const last = this.#looks.get(direction)
    const isWhole = last?.completeAt !== tree.completeAt
    const listed = new Set<number>()
    const unread: ObjectInfo[] = []
    let [newest, count, more] = [last?.newest ?? 0, 0, 0]
    for (const object of isWhole ? tree.objects() : tree.recent(newest - lookBack)) {
      count += 1
      if (count % atOnce === 0) await nextTurn()
      if (signal.aborted) return undefined
      newest = Math.max(newest, object.mtime)
      const row = this.#log.find(direction, object)
      if (row !== undefined) listed.add(row)
      else if (!object.key.endsWith('/')) unread.push(object)
      if (unread.length > 2 * mostWanted) more += newestOf(unread)
    }
    more += newestOf(unread)
    this.#looks.set(direction, { content: tree.content, completeAt: tree.completeAt, newest })
    const gone = isWhole ? this.#goneOf(direction, listed, newest - rememberedFor) : []
    // Some of them may have been read meanwhile.
    return { unread: unread.filter((it) => this.#log.find(direction, it) === undefined), more, isWhole, gone }
  }

  #goneOf(direction: MdnDirection, listed: ReadonlySet<number>, before: EpochMs): readonly number[] {
    const { table } = this.#log
    const isGone = (row: number): boolean =>
      !listed.has(row) && table.mtimeOf(row) < before && table.directionOf(row) === direction
    return [...table.rows()].filter(isGone)
  }
}

/** Leaves the newest, if there are too many. @returns how many are left out */
function newestOf(objects: ObjectInfo[]): number {
  if (objects.length <= mostWanted) return 0
  objects.sort((a, b) => b.mtime - a.mtime)
  return objects.splice(mostWanted).length
}
