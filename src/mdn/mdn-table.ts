/** What all MDNs say, in memory: by key and version, and by the message that they answer. Texts stay on disk. */
import type { EpochMs } from '../units.js'
import type { MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'
import { Columns } from './columns.js'
import { isDuplicateWarning, outcomes, type Outcome } from './disposition.js'
import { Interned } from './interned.js'
import type { LinePlace } from '../journal/line-pieces.js'
import type { IndexedMdn, MdnId } from './indexed-mdn.js'
import { messageNames } from './message-id.js'
import { pairFolders } from './named-pair.js'
import { RowLookup } from './row-lookup.js'
import { newHasher, type Hasher } from './text-hash.js'

const isUnreadable = 8
const isContradictory = 16
const isDuplicate = 32
const isOutgoing = 64
const isDropped = 128
const outcomeBits = 7

/** Numbers of texts are there plus one: 0 is none. */
const words = [
  'keyLow',
  'keyHigh',
  'beforeOfKey',
  'version',
  'stemLow',
  'stemHigh',
  'beforeOfStem',
  'localLow',
  'wholeLow',
  'length',
  'flags',
  'disposition',
  'folders',
  'sides',
  'recipient',
  'owner',
] as const

/** An MDN as it counts for a message. */
export interface Receipt {
  readonly row: number
  readonly mtime: EpochMs
  readonly outcome: Outcome
  readonly isDuplicate: boolean
  readonly isContradictory: boolean
  /** Undefined where it must be read from disk: there are too many different ones. */
  readonly disposition: string | undefined
}

export class MdnTable {
  readonly #columns = new Columns(words, ['offset', 'mtime'])
  readonly #hash: Hasher
  readonly #byKey: RowLookup
  readonly #byStem: RowLookup
  readonly #dispositions = new Interned()
  readonly #ids = new Interned()
  readonly #folders = new Interned()
  /** `<station>/<partner>`: AS2 ids may have a slash, and then two pairs would be one; so a line break is between them. */
  readonly #pairs = new Interned()
  /** How many incoming ones each pair has by what they say. */
  readonly #counts = new Map<number, number>()
  readonly #unowned = { incoming: 0, outgoing: 0 }
  #dropped = 0
  #unreadable = 0
  #changes = 0

  constructor(hash: Hasher = newHasher()) {
    this.#hash = hash
    this.#byKey = new RowLookup(this.#chain('keyLow', 'keyHigh', 'beforeOfKey'))
    this.#byStem = new RowLookup(this.#chain('stemLow', 'stemHigh', 'beforeOfStem'))
  }

  /** Of those that are in the bucket. */
  get size(): number {
    return this.#columns.size - this.#dropped
  }

  get unreadable(): number {
    return this.#unreadable
  }

  /** Another number when anything has changed. */
  get changes(): number {
    return this.#changes
  }

  add({ id, mtime, says }: IndexedMdn, place: LinePlace): number {
    const former = this.named(id)
    if (former !== undefined) this.drop(former)
    const columns = this.#columns
    const row = columns.add()
    this.#setHash(row, 'keyLow', 'keyHigh', keyText(id))
    columns.setWord('version', row, this.#hash(id.version).low)
    columns.setDouble('mtime', row, mtime)
    columns.setDouble('offset', row, place.offset)
    columns.setWord('length', row, place.length)
    const folders = pairFolders(id.key)
    if (folders.length > 0) columns.setWord('folders', row, this.#folders.number(folders.join('/')) + 1)
    this.#byKey.add(row)
    const direction = id.direction === 'outgoing' ? isOutgoing : 0
    if (says) this.#addSaid(row, id.direction, says, direction)
    else {
      columns.setWord('flags', row, direction | isUnreadable)
      this.#unreadable += 1
    }
    this.#changes += 1
    return row
  }

  /** Of just that version. */
  find(id: MdnId): number | undefined {
    const row = this.named(id)
    return row !== undefined && this.#columns.word('version', row) === this.#hash(id.version).low ? row : undefined
  }

  /** Of whatever version. */
  named(id: Omit<MdnId, 'version'>): number | undefined {
    const { low, high } = this.#hash(keyText(id))
    const row = this.#byKey.last(low, high)
    return row === undefined || this.#has(row, isDropped) ? undefined : row
  }

  /** It is not in the bucket any more, or as another. */
  drop(row: number): void {
    if (this.#has(row, isDropped)) return
    this.#dropped += 1
    if (this.isUnowned(row)) this.#countUnowned(row, -1)
    this.#columns.setWord('flags', row, this.#columns.word('flags', row) | isDropped)
    if (this.#has(row, isUnreadable)) this.#unreadable -= 1
    this.#changes += 1
  }

  placeOf(row: number): LinePlace {
    return { offset: this.#columns.double('offset', row), length: this.#columns.word('length', row) }
  }

  moved(row: number, { offset, length }: LinePlace): void {
    this.#columns.setDouble('offset', row, offset)
    this.#columns.setWord('length', row, length)
  }

  mtimeOf(row: number): EpochMs {
    return this.#columns.double('mtime', row)
  }

  isReadable(row: number): boolean {
    return !this.#has(row, isUnreadable)
  }

  /** Rows that are not dropped. */
  *rows(): Generator<number, undefined> {
    for (let row = 0; row < this.#columns.size; row += 1) if (!this.#has(row, isDropped)) yield row
  }

  /** By AS2-From and AS2-To. */
  sidesOf(row: number): Partner | undefined {
    return this.#pairAt(this.#columns.word('sides', row))
  }

  /** Those of its key that may name a pair. */
  foldersOf(row: number): readonly string[] {
    return this.#folders.text(this.#columns.word('folders', row) - 1)?.split('/') ?? []
  }

  directionOf(row: number): MdnDirection {
    return this.#has(row, isOutgoing) ? 'outgoing' : 'incoming'
  }

  /** It says which message it answers, and neither key nor headers say whose it is. */
  isUnowned(row: number): boolean {
    const columns = this.#columns
    if (this.#has(row, isUnreadable | isDropped) || columns.word('stemLow', row) === 0) return false
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
    if (!this.#has(row, isOutgoing)) this.#count(number)
    this.#changes += 1
  }

  /** The AS2 id that the answered message was sent to. */
  recipientOf(row: number): string | undefined {
    return this.#ids.text(this.#columns.word('recipient', row) - 1)
  }

  /** How many of a partner's receipts say whose they are. */
  countOf(partner: Partner): number {
    return this.#counts.get(this.#pairs.find(pairText(partner)) ?? -1) ?? 0
  }

  /**
   * The MDNs of one direction that name a message, latest last.
   * @param name the message's folder in the bucket
   */
  answersTo(name: string, direction: MdnDirection): readonly number[] {
    const names = messageNames(name)
    if (!names) return []
    const stem = this.#hash(names.stem)
    const isStem = names.whole === names.stem
    const own = this.#hash(names.whole).low
    const rows: number[] = []
    for (let row = this.#byStem.last(stem.low, stem.high); row !== undefined; row = this.#before(row)) {
      const isIt = isStem || this.#columns.word('localLow', row) === own || this.#columns.word('wholeLow', row) === own
      if (isIt && !this.#has(row, isDropped) && this.#has(row, isOutgoing) === (direction === 'outgoing'))
        rows.push(row)
    }
    return rows.sort((a, b) => this.mtimeOf(a) - this.mtimeOf(b) || a - b)
  }

  receipt(row: number): Receipt {
    return {
      row,
      mtime: this.mtimeOf(row),
      outcome: outcomes[this.#columns.word('flags', row) & outcomeBits] ?? 'unknown',
      isDuplicate: this.#has(row, isDuplicate),
      isContradictory: this.#has(row, isContradictory),
      disposition: this.#dispositions.text(this.#columns.word('disposition', row) - 1),
    }
  }

  #addSaid(row: number, direction: MdnDirection, says: NonNullable<IndexedMdn['says']>, flags: number): void {
    const columns = this.#columns
    const { outcome, disposition, contradictory, originalMessageId, from, to, finalRecipient } = says
    const more = (contradictory.length > 0 ? isContradictory : 0) | (isDuplicateWarning(disposition) ? isDuplicate : 0)
    columns.setWord('flags', row, flags | outcomes.indexOf(outcome) | more)
    columns.setWord('disposition', row, this.#dispositions.number(disposition) + 1)
    if (finalRecipient !== undefined) columns.setWord('recipient', row, this.#ids.number(finalRecipient) + 1)
    if (from !== undefined && to !== undefined) {
      // The receipt goes the other way than the message; both are the station's view of it.
      const sides = direction === 'incoming' ? { station: to, partner: from } : { station: from, partner: to }
      const number = this.#pairs.number(pairText(sides))
      columns.setWord('sides', row, number + 1)
      if (direction === 'incoming') this.#count(number)
    }
    const names = originalMessageId === undefined ? undefined : messageNames(originalMessageId)
    if (!names) return
    this.#setHash(row, 'stemLow', 'stemHigh', names.stem)
    columns.setWord('localLow', row, this.#hash(names.local).low)
    columns.setWord('wholeLow', row, this.#hash(names.whole).low)
    this.#byStem.add(row)
    if (this.isUnowned(row)) this.#countUnowned(row, 1)
  }

  #countUnowned(row: number, more: number): void {
    this.#unowned[this.directionOf(row)] += more
  }

  #count(pair: number): void {
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + 1)
  }

  #pairAt(plusOne: number): Partner | undefined {
    const [station, partner] = this.#pairs.text(plusOne - 1)?.split('\n') ?? []
    return station === undefined || partner === undefined ? undefined : { station, partner }
  }

  #before(row: number): number | undefined {
    const before = this.#columns.word('beforeOfStem', row)
    return before === 0 ? undefined : before - 1
  }

  #has(row: number, flag: number): boolean {
    return (this.#columns.word('flags', row) & flag) !== 0
  }

  #setHash(row: number, lowWord: 'keyLow' | 'stemLow', highWord: 'keyHigh' | 'stemHigh', text: string): void {
    const { low, high } = this.#hash(text)
    this.#columns.setWord(lowWord, row, low)
    this.#columns.setWord(highWord, row, high)
  }

  #chain(low: 'keyLow' | 'stemLow', high: 'keyHigh' | 'stemHigh', before: 'beforeOfKey' | 'beforeOfStem') {
    return {
      low: (row: number) => this.#columns.word(low, row),
      high: (row: number) => this.#columns.word(high, row),
      setBefore: (row: number, it: number) => this.#columns.setWord(before, row, it),
    }
  }
}

function keyText({ direction, key }: Omit<MdnId, 'version'>): string {
  return `${direction}\n${key}`
}

function pairText({ station, partner }: Partner): string {
  return `${station}\n${partner}`
}
