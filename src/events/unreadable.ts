/** Receipts that nobody can understand: what became of their messages is not known. */
import type { Receipts } from '../mdn/receipts.js'
import type { EpochMs, Key, Prefix } from '../units.js'
import { encodeName } from '../view/names.js'
import { mdnPrefix } from '../view/tree.js'
import type { UnreadableEvent } from './event.js'
import { oldest } from './oldest.js'
import { compareMarks, type Eye, type Look, type Mark } from './source.js'

export interface UnreadableOptions {
  readonly receipts: Pick<Receipts, 'details' | 'table'>
  readonly root: Prefix
}

interface Seen {
  readonly changes: number
  readonly since: EpochMs
  readonly young: ReadonlySet<string>
}

/** Where they come in thousands, each is one too many: the newest are told. */
const most = 1_000

export class UnreadableReceipts implements Eye {
  readonly #options: UnreadableOptions
  #seen: Seen | undefined

  constructor(options: UnreadableOptions) {
    this.#options = options
  }

  async look(since: EpochMs): Promise<Look> {
    const { changes } = this.#options.receipts.table
    const before = this.#seen
    const nothing = { news: [], isFirst: false, listedAt: undefined, missing: undefined }
    if (before?.changes === changes) return nothing
    const rows = this.#rows(since)
    const { table } = this.#options.receipts
    this.#seen = { changes, since, young: new Set(rows.map((it) => table.identityOf(it))) }
    if (!before) return { ...nothing, isFirst: rows.length > 0 }
    const isNew = (row: number): boolean =>
      !before.young.has(table.identityOf(row)) && table.knowableAt(row) >= before.since
    return { ...nothing, news: await this.#told(rows.filter(isNew)) }
  }

  async oldest(after: Mark, wanted: number): Promise<readonly UnreadableEvent[]> {
    const told = await this.#told(this.#rows(after.at))
    const marked = told.map((event) => ({ event, at: Date.parse(event.at), key: `${event.key} ${event.event}` }))
    const found = marked.filter((it) => compareMarks(it, after) > 0)
    return oldest(found, wanted, compareMarks).map((it) => it.event)
  }

  forget(): void {
    this.#seen = undefined
  }

  /** The newest, if there are too many. */
  #rows(since: EpochMs): readonly number[] {
    const { table } = this.#options.receipts
    const rows: number[] = []
    if (table.unreadable === 0) return rows
    for (const row of table.rows()) if (!table.isReadable(row) && table.knowableAt(row) >= since) rows.push(row)
    return rows.sort((a, b) => table.knowableAt(b) - table.knowableAt(a)).slice(0, most)
  }

  async #told(rows: readonly number[]): Promise<UnreadableEvent[]> {
    const { receipts, root } = this.#options
    const { table } = receipts
    const told: UnreadableEvent[] = []
    for (const row of rows) {
      const found = await receipts.details(row)
      if (!found) continue
      const { direction, key, version } = found.id
      told.push({
        at: new Date(table.knowableAt(row)).toISOString(),
        event: 'mdn-unreadable',
        path: `/.as2fs/mdn/${direction}/${key.split('/').map(encodeName).join('/')}`,
        key: `${mdnPrefix(root, direction)}${key}` as Key,
        etag: version,
      })
    }
    return told
  }
}
