/** What MDNs say, and whose they were found to be: in memory, and in the log of the state directory. */
import { LineLog, type LineLogOptions } from '../journal/line-log.js'
import type { LinePlace } from '../journal/line-pieces.js'
import type { ObjectInfo } from '../s3/store.js'
import type { Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { mdnPrefix, type MdnDirection } from '../view/tree.js'
import { changeIn, entryOf, mdnId, type IndexedMdn, type MdnChange } from './indexed-mdn.js'
import { MdnTable } from './mdn-table.js'
import type { MdnReport } from './report.js'

/** Of those that can't be understood, for `status`. */
const mostNamed = 10
/** Lines of the log that say nothing any more, before it is made anew at a start. */
const mostDead = 10_000

export interface MdnLogOptions extends Omit<LineLogOptions, 'name' | 'what'> {
  readonly root: Prefix
}

export class MdnLog {
  readonly table = new MdnTable()
  readonly #root: Prefix
  readonly #lines: LineLog
  #unreadableKeys: readonly string[] = []

  private constructor(root: Prefix, lines: LineLog) {
    this.#root = root
    this.#lines = lines
  }

  /** It knows nothing before it is loaded. @throws the disk's own error, or NotOursError */
  static async open(options: MdnLogOptions): Promise<MdnLog> {
    return new MdnLog(options.root, await LineLog.open({ ...options, name: 'mdns', what: 'What receipts say' }))
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
    let lines = 0
    await this.#lines.load((entry, place) => {
      lines += 1
      const change = changeIn(entry)
      if (change) this.#apply(change, place)
    })
    if (lines > 2 * this.table.size + mostDead) await this.#compact()
    return lines > 0
  }

  /** Of just that version. */
  find(direction: MdnDirection, object: ObjectInfo): number | undefined {
    return this.table.find(mdnId(direction, mdnPrefix(this.#root, direction), object))
  }

  /** @param says undefined: it can't be understood */
  add(object: ObjectInfo, says: MdnReport | undefined): void {
    const direction = object.key.startsWith(mdnPrefix(this.#root, 'incoming')) ? 'incoming' : 'outgoing'
    const read = { id: mdnId(direction, mdnPrefix(this.#root, direction), object), mtime: object.mtime, says }
    this.#apply({ read }, this.#lines.append(entryOf({ read })))
  }

  /** It was found whose it is. */
  async own(row: number, owner: Partner): Promise<void> {
    this.table.setOwner(row, owner)
    const mdn = await this.details(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#lines.append(entryOf({ found: { direction, key }, owner }))
  }

  /** It is not in the bucket any more. */
  async drop(row: number): Promise<void> {
    const mdn = await this.details(row)
    this.table.drop(row)
    if (!mdn) return
    const { direction, key } = mdn.id
    this.#lines.append(entryOf({ gone: { direction, key } }))
  }

  /** All that an MDN says, and its key below `raw-mdn/<direction>/`. */
  async details(row: number): Promise<IndexedMdn | undefined> {
    const change = changeIn(await this.#lines.read(this.table.placeOf(row)))
    return change && 'read' in change ? change.read : undefined
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  #apply(change: MdnChange, place: LinePlace): void {
    if ('read' in change) {
      const { id, says } = change.read
      if (!says) this.#unreadableKeys = [`${id.direction}/${id.key}`, ...this.#unreadableKeys].slice(0, mostNamed)
      this.table.add(change.read, place)
      return
    }
    const row = this.table.named('found' in change ? change.found : change.gone)
    if (row === undefined) return
    if ('found' in change) this.table.setOwner(row, change.owner)
    else this.table.drop(row)
  }

  async #compact(): Promise<void> {
    const { table } = this
    const rows = [...table.rows()].sort((a, b) => table.placeOf(a).offset - table.placeOf(b).offset)
    await this.#lines.compact(
      rows.map((row) => table.placeOf(row)),
      (i, place) => table.moved(rows[i] ?? 0, place),
    )
    for (const row of rows) {
      const owner = table.ownerOf(row)
      if (owner) await this.own(row, owner)
    }
  }
}
