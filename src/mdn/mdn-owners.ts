/** Whose MDNs are, as they say it themselves, and as it was found once by the messages that they answer. Rows of the table. */
import type { MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'
import { Interned } from './interned.js'
import { isDropped, isOutgoing, isUnreadable, type MdnColumns } from './mdn-columns.js'
import { pairFolders } from './named-pair.js'
import type { MdnReport } from './report.js'

export class MdnOwners {
  readonly #columns: MdnColumns
  readonly #ids = new Interned()
  readonly #folders = new Interned()
  /** `<station>/<partner>`: AS2 ids may have a slash, and then two pairs would be one; so a line break is between them. */
  readonly #pairs = new Interned()
  /** How many incoming ones each pair has by what they say. */
  readonly #counts = new Map<number, number>()
  readonly #unowned = { incoming: 0, outgoing: 0 }

  constructor(columns: MdnColumns) {
    this.#columns = columns
  }

  noteKey(row: number, key: string): void {
    const folders = pairFolders(key)
    if (folders.length > 0) this.#columns.setWord('folders', row, this.#folders.number(folders.join('/')) + 1)
  }

  noteSaid(row: number, direction: MdnDirection, { from, to, finalRecipient }: MdnReport): void {
    const columns = this.#columns
    if (finalRecipient !== undefined) columns.setWord('recipient', row, this.#ids.number(finalRecipient) + 1)
    if (from === undefined || to === undefined) return
    // The receipt goes the other way than the message; both are the station's view of it.
    const sides = direction === 'incoming' ? { station: to, partner: from } : { station: from, partner: to }
    const number = this.#pairs.number(pairText(sides))
    columns.setWord('sides', row, number + 1)
    if (direction === 'incoming') this.#count(number)
  }

  /** Which message it answers is known. */
  noteAnswers(row: number): void {
    if (this.isUnowned(row)) this.#countUnowned(row, 1)
  }

  /** It is about to be dropped. */
  noteDropped(row: number): void {
    if (this.isUnowned(row)) this.#countUnowned(row, -1)
  }

  /** By AS2-From and AS2-To. */
  sidesOf(row: number): Partner | undefined {
    return this.#pairAt(this.#columns.word('sides', row))
  }

  /** Those of its key that may name a pair. */
  foldersOf(row: number): readonly string[] {
    return this.#folders.text(this.#columns.word('folders', row) - 1)?.split('/') ?? []
  }

  /** All that it says of whose it is names just that pair, in the same letters. */
  namesOnly(row: number, { station, partner }: Partner): boolean {
    const [sides, folders] = [this.#columns.word('sides', row), this.#columns.word('folders', row)]
    return (
      (sides === 0 || sides - 1 === this.#pairs.find(pairText({ station, partner }))) &&
      (folders === 0 || folders - 1 === this.#folders.find(`${station}/${partner}`))
    )
  }

  /** It says which message it answers, and neither key nor headers say whose it is. */
  isUnowned(row: number): boolean {
    const columns = this.#columns
    if (columns.has(row, isUnreadable | isDropped) || columns.word('stemLow', row) === 0) return false
    return columns.word('folders', row) === 0 && columns.word('sides', row) === 0 && columns.word('owner', row) === 0
  }

  unowned(direction: MdnDirection): number {
    return this.#unowned[direction]
  }

  /** By the message that it answers, as it was found once. */
  ownerOf(row: number): Partner | undefined {
    return this.#pairAt(this.#columns.word('owner', row))
  }

  setOwner(row: number, owner: Partner): void {
    if (this.isUnowned(row)) this.#countUnowned(row, -1)
    const number = this.#pairs.number(pairText(owner))
    this.#columns.setWord('owner', row, number + 1)
    if (!this.#columns.has(row, isOutgoing)) this.#count(number)
  }

  /** The AS2 id that the answered message was sent to. */
  recipientOf(row: number): string | undefined {
    return this.#ids.text(this.#columns.word('recipient', row) - 1)
  }

  /** How many of a partner's receipts say whose they are. */
  countOf(partner: Partner): number {
    return this.#counts.get(this.#pairs.find(pairText(partner)) ?? -1) ?? 0
  }

  #countUnowned(row: number, more: number): void {
    this.#unowned[this.#columns.has(row, isOutgoing) ? 'outgoing' : 'incoming'] += more
  }

  #count(pair: number): void {
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1)
  }

  #pairAt(plusOne: number): Partner | undefined {
    const [station, partner] = this.#pairs.text(plusOne - 1)?.split('\n') ?? []
    return station === undefined || partner === undefined ? undefined : { station, partner }
  }
}

function pairText({ station, partner }: Partner): string {
  return `${station}\n${partner}`
}
