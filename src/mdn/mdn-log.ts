/** What MDNs say, and whose they were found to be: in memory, and in the log of the state directory. */
import { LineLog, type LineLogOptions } from '../journal/line-log.js'
import type { LinePlace } from '../journal/line-pieces.js'
import type { ObjectInfo } from '../s3/store.js'
import type { EpochMs, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { directionOfMdn, mdnPrefix, type MdnDirection } from '../view/tree.js'
import { changeIn, entryOf, mdnId, type IndexedMdn, type MdnChange, type MdnId } from './indexed-mdn.js'
import { MdnTable } from './mdn-table.js'
import type { MdnReport } from './report.js'

/** Of those that may not be read. They come twenty in ten minutes: @see MdnReader */
const mostRefused = 5_000
/** Of those that can't be understood, for `status`. */
const mostNamed = 10
/** Lines of the log that say nothing any more, before it is made anew. */
const mostDead = 10_000

export interface MdnLogOptions extends Omit<LineLogOptions, 'name' | 'what'> {
  readonly root: Prefix
  /** By the bucket's clock. */
  readonly now: () => EpochMs
  /** After so many lines that say nothing it is made anew. */
  readonly mostDead?: number
}

export class MdnLog {
  readonly table = new MdnTable()
  readonly #root: Prefix
  readonly #now: () => EpochMs
  readonly #mostDead: number
  readonly #lines: LineLog
  #unreadableKeys: readonly string[] = []
  /** Those that could not be read yet, by direction and key. */
  readonly #refused = new Map<string, Omit<MdnId, 'version'>>()
  /** How many lines it has. */
  #count = 0
  #compacting: Promise<void> | undefined
  /** What could not be made anew is not tried again before it has so many lines. */
  #nextAt = 0

  private constructor({ root, now, mostDead: most = mostDead }: MdnLogOptions, lines: LineLog) {
    this.#root = root
    this.#now = now
    this.#mostDead = most
    this.#lines = lines
  }

  /** It knows nothing before it is loaded. @throws the disk's own error, or NotOursError */
  static async open(options: MdnLogOptions): Promise<MdnLog> {
    return new MdnLog(options, await LineLog.open({ ...options, name: 'mdns', what: 'What receipts say' }))
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#lines.problem
  }

  /** What was read can't be kept for now. */
  get isBehind(): boolean {
    return this.#lines.isBehind
  }

  /** The last ones, below `raw-mdn/`. */
  get unreadableKeys(): readonly string[] {
    return this.#unreadableKeys
  }

  /** @returns whether there was anything @throws the disk's own error */
  async load(): Promise<boolean> {
    await this.#lines.load((entry, place) => {
      this.#count += 1
      const change = changeIn(entry)
      const isOutdated = change && 'read' in change && change.read.isOutdated
      if (change && isOutdated !== true) this.#apply(change, place)
    })
    const isEmpty = this.#count === 0
    await this.#compactIfGrown()
    return !isEmpty
  }

  /** Of just that version. */
  find(direction: MdnDirection, object: ObjectInfo): number | undefined {
    return this.table.find(mdnId(direction, mdnPrefix(this.#root, direction), object))
  }

  /** @param says undefined: it can't be understood */
  add(object: ObjectInfo, says: MdnReport | undefined): void {
    const id = this.#idOf(object)
    const allowedAt = this.#refused.has(nameOf(id)) ? this.#now() : undefined
    const read = { id, mtime: object.mtime, says, allowedAt }
    this.#apply({ read }, this.#append({ read }))
  }

  /** The keys may not read it, or it is archived: once it can be read, it is news. */
  refuse(object: ObjectInfo): void {
    const { direction, key } = this.#idOf(object)
    const refused = { direction, key }
    if (!this.#refused.has(nameOf(refused))) this.#apply({ refused }, this.#append({ refused }))
  }

  /** It was found whose it is. */
  async own(row: number, owner: Partner): Promise<void> {
    this.table.setOwner(row, owner)
    await this.#noteOwner(row, owner)
  }

  /** It is not in the bucket any more. */
  async drop(row: number): Promise<void> {
    const identity = this.table.identityOf(row)
    const mdn = await this.details(row)
    // The row may be another's by now.
    if (this.table.identityOf(row) !== identity) return
    this.table.drop(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#append({ gone: { direction, key } })
  }

  /** All that an MDN says, and its key below `raw-mdn/<direction>/`. */
  async details(row: number): Promise<IndexedMdn | undefined> {
    const { offset, length } = this.table.placeOf(row)
    const change = changeIn(await this.#lines.read({ offset, length }))
    // The log may have been made anew meanwhile.
    if (this.table.placeOf(row).offset !== offset) return this.details(row)
    return change && 'read' in change ? change.read : undefined
  }

  async close(): Promise<void> {
    await this.#compacting
    await this.#lines.close()
  }

  #idOf(object: ObjectInfo): MdnId {
    const direction = directionOfMdn(this.#root, object.key)
    return mdnId(direction, mdnPrefix(this.#root, direction), object)
  }

  #append(change: MdnChange): LinePlace {
    this.#count += 1
    const place = this.#lines.append(entryOf(change))
    void this.#compactIfGrown()
    return place
  }

  async #noteOwner(row: number, owner: Partner): Promise<void> {
    const mdn = await this.details(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#append({ found: { direction, key }, owner })
  }

  #apply(change: MdnChange, place: LinePlace): void {
    if ('read' in change) {
      const { id, says } = change.read
      this.#noteReadable(id, says !== undefined)
      this.#refused.delete(nameOf(id))
      this.table.add(change.read, place)
      return
    }
    if ('refused' in change) {
      this.#noteRefused(change.refused)
      return
    }
    const row = this.table.named('found' in change ? change.found : change.gone)
    if (row === undefined) return
    if ('found' in change) this.table.setOwner(row, change.owner)
    else {
      this.#noteReadable(change.gone, true)
      this.table.drop(row)
    }
  }

  #noteReadable({ direction, key }: Omit<MdnId, 'version'>, isReadable: boolean): void {
    const name = `${direction}/${key}`
    const others = this.#unreadableKeys.filter((it) => it !== name)
    this.#unreadableKeys = isReadable ? others : [name, ...others].slice(0, mostNamed)
  }

  #noteRefused(refused: Omit<MdnId, 'version'>): void {
    const [oldest] = this.#refused.keys()
    if (this.#refused.size >= mostRefused && oldest !== undefined) this.#refused.delete(oldest)
    this.#refused.set(nameOf(refused), refused)
  }

  async #compactIfGrown(): Promise<void> {
    if (this.#compacting || this.#count <= Math.max(2 * this.table.size + this.#mostDead, this.#nextAt)) return
    this.#nextAt = this.#count + this.#mostDead
    this.#compacting = this.#compact()
    await this.#compacting
    this.#compacting = undefined
  }

  async #compact(): Promise<void> {
    const { table } = this
    let rows: readonly number[] = []
    const before = this.#count
    await this.#lines.compact(
      () => {
        rows = [...table.rows()].sort((a, b) => table.placeOf(a).offset - table.placeOf(b).offset)
        return rows.map((row) => table.placeOf(row))
      },
      (now, from, by) => {
        // Those that came meanwhile are behind all others.
        for (const row of table.rows())
          if (table.placeOf(row).offset >= from) table.moved(row, table.placeOf(row).offset + by)
        rows.forEach((row, i) => table.moved(row, now[i] ?? 0))
        table.release()
        this.#count -= before - rows.length
        this.#nextAt = 0
      },
    )
    for (const refused of this.#refused.values()) this.#append({ refused })
    for (const row of rows) {
      const owner = table.owners.ownerOf(row)
      if (owner) await this.#noteOwner(row, owner)
    }
  }
}

function nameOf({ direction, key }: Omit<MdnId, 'version'>): string {
  return `${direction}\n${key}`
}
