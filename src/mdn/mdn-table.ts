/** What all MDNs say, in memory: by key and version, and by the message that they answer. Texts stay on disk. */
import type { Bytes, EpochMs } from '../units.js'
import type { MdnDirection } from '../view/tree.js'
import type { Partner } from '../view/partner.js'
import { isDuplicateWarning, outcomes, type Outcome } from './disposition.js'
import { Interned } from './interned.js'
import type { LinePlace } from '../journal/line-pieces.js'
import type { IndexedMdn, MdnId } from './indexed-mdn.js'
import {
  isContradictory,
  isDropped,
  isDuplicate,
  isOutgoing,
  isUnreadable,
  MdnColumns,
  outcomeBits,
} from './mdn-columns.js'
import { MdnOwners } from './mdn-owners.js'
import { messageNames } from './message-id.js'
import { hashedRows, RowLookup } from './row-lookup.js'
import { newHasher, type Hasher } from '../text-hash.js'

/** An MDN as it counts for a message. */
export interface Receipt {
  readonly row: number
  readonly mtime: EpochMs
  /** Nobody could know what it says before, by the bucket's clock. */
  readonly knowableAt: EpochMs
  readonly outcome: Outcome
  readonly isDuplicate: boolean
  readonly isContradictory: boolean
  /** Undefined where it must be read from disk: there are too many different ones. */
  readonly disposition: string | undefined
}

/** @see MdnTable.hashesOf */
export type NameHashes = ReadonlySet<number>

const noNames: NameHashes = new Set()

export class MdnTable {
  readonly owners: MdnOwners
  readonly #columns = new MdnColumns()
  readonly #hash: Hasher
  #byKey: RowLookup
  #byStem: RowLookup
  /** Rows that may be used for others. */
  #free: number[] = []
  /** Rows that may be so the next time: whoever waits for what one of them said is long answered by then. */
  #resting: number[] = []
  readonly #dispositions = new Interned()
  /** Of the few that the keys might not read at first. */
  readonly #allowedAt = new Map<number, EpochMs>()
  #dropped = 0
  #unreadable = 0
  #changes = 0

  constructor(hash: Hasher = newHasher()) {
    this.#hash = hash
    this.owners = new MdnOwners(this.#columns)
    this.#byKey = this.#newByKey()
    this.#byStem = this.#newByStem()
  }

  /** Of those that are in the bucket. */
  get size(): number {
    return this.#columns.size - this.#dropped
  }

  /** That the rows take. */
  get bytes(): Bytes {
    return this.#columns.bytes
  }

  get unreadable(): number {
    return this.#unreadable
  }

  /** Another number when anything has changed. */
  get changes(): number {
    return this.#changes
  }

  add({ id, mtime, says, allowedAt }: IndexedMdn, place: LinePlace): number {
    const former = this.named(id)
    if (former !== undefined) this.drop(former)
    const columns = this.#columns
    const row = this.#newRow()
    this.#setHash(row, 'keyLow', 'keyHigh', keyText(id))
    columns.setWord('version', row, this.#hash(id.version).low)
    columns.setDouble('mtime', row, mtime)
    if (allowedAt !== undefined) this.#allowedAt.set(row, allowedAt)
    columns.setDouble('offset', row, place.offset)
    columns.setWord('length', row, place.length)
    this.owners.noteKey(row, id.key)
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
    return row === undefined || this.#columns.has(row, isDropped) ? undefined : row
  }

  /** It is not in the bucket any more, or as another. */
  drop(row: number): void {
    if (this.#columns.has(row, isDropped)) return
    this.#dropped += 1
    this.#allowedAt.delete(row)
    this.owners.noteDropped(row)
    this.#columns.setWord('flags', row, this.#columns.word('flags', row) | isDropped)
    if (this.#columns.has(row, isUnreadable)) this.#unreadable -= 1
    this.#changes += 1
  }

  /** Rows that were dropped before it was called the last time may be used for others from now on. */
  release(): void {
    this.#byKey = this.#newByKey()
    this.#byStem = this.#newByStem()
    this.#free = [...this.#free, ...this.#resting]
    this.#resting = []
    const free = new Set(this.#free)
    for (let row = 0; row < this.#columns.size; row += 1) {
      if (free.has(row)) continue
      if (this.#columns.has(row, isDropped)) this.#resting.push(row)
      else {
        this.#byKey.add(row)
        if (this.#hasStem(row)) this.#byStem.add(row)
      }
    }
  }

  /** The same for one MDN only, though a row is used for another later. */
  identityOf(row: number): string {
    return `${row} ${this.#columns.word('version', row)} ${this.mtimeOf(row)}`
  }

  placeOf(row: number): LinePlace {
    return { offset: this.#columns.double('offset', row), length: this.#columns.word('length', row) }
  }

  moved(row: number, offset: Bytes): void {
    this.#columns.setDouble('offset', row, offset)
  }

  mtimeOf(row: number): EpochMs {
    return this.#columns.double('mtime', row)
  }

  /** Nobody could know what it says before: the keys might not read it. */
  knowableAt(row: number): EpochMs {
    return Math.max(this.mtimeOf(row), this.#allowedAt.get(row) ?? 0)
  }

  isReadable(row: number): boolean {
    return !this.#columns.has(row, isUnreadable)
  }

  /** Rows that are not dropped. */
  *rows(): Generator<number, undefined> {
    for (let row = 0; row < this.#columns.size; row += 1) if (!this.#columns.has(row, isDropped)) yield row
  }

  directionOf(row: number): MdnDirection {
    return this.#columns.has(row, isOutgoing) ? 'outgoing' : 'incoming'
  }

  /** It was found whose it is. */
  setOwner(row: number, owner: Partner): void {
    this.owners.setOwner(row, owner)
    this.#changes += 1
  }

  /**
   * The MDNs of one direction that name a message, latest last; of one time, which S3 tells in seconds, the worst.
   * @param name the message's folder in the bucket
   * @param others that may be meant as well: an MDN names the one whose name has most of its id
   */
  answersTo(name: string, direction: MdnDirection, others: NameHashes = noNames): readonly number[] {
    const names = messageNames(name)
    if (!names) return []
    const stem = this.#hash(names.stem)
    const isStem = names.whole === names.stem
    const own = isStem ? 0 : this.#hash(names.whole).low
    const rows: number[] = []
    for (let row = this.#byStem.last(stem.low, stem.high); row !== undefined; row = this.#before(row)) {
      const [local, whole] = [this.#columns.word('localLow', row), this.#columns.word('wholeLow', row)]
      const isShorter = isStem ? others.has(local) || others.has(whole) : whole !== own && others.has(whole)
      const isIt = !isShorter && (isStem || local === own || whole === own)
      if (
        isIt &&
        !this.#columns.has(row, isDropped) &&
        this.#columns.has(row, isOutgoing) === (direction === 'outgoing')
      )
        rows.push(row)
    }
    const order = (a: number, b: number): number =>
      this.mtimeOf(a) - this.mtimeOf(b) ||
      this.#outcomeOf(b) - this.#outcomeOf(a) ||
      this.placeOf(a).offset - this.placeOf(b).offset
    return rows.sort(order)
  }

  /** Of messages whose names are more than the first part of an id. */
  hashesOf(names: Iterable<string>): NameHashes {
    const hashes = new Set<number>()
    for (const name of names) {
      const it = messageNames(name)
      if (it && it.whole !== it.stem) hashes.add(this.#hash(it.whole).low)
    }
    return hashes
  }

  receipt(row: number): Receipt {
    return {
      row,
      mtime: this.mtimeOf(row),
      knowableAt: this.knowableAt(row),
      outcome: outcomes[this.#outcomeOf(row)] ?? 'unknown',
      isDuplicate: this.#columns.has(row, isDuplicate),
      isContradictory: this.#columns.has(row, isContradictory),
      disposition: this.#dispositions.text(this.#columns.word('disposition', row) - 1),
    }
  }

  /** Its place in `outcomes`: from bad to good. */
  #outcomeOf(row: number): number {
    return this.#columns.word('flags', row) & outcomeBits
  }

  #addSaid(row: number, direction: MdnDirection, says: NonNullable<IndexedMdn['says']>, flags: number): void {
    const columns = this.#columns
    const { outcome, disposition, contradictory, originalMessageId } = says
    const more = (contradictory.length > 0 ? isContradictory : 0) | (isDuplicateWarning(disposition) ? isDuplicate : 0)
    columns.setWord('flags', row, flags | outcomes.indexOf(outcome) | more)
    columns.setWord('disposition', row, this.#dispositions.number(disposition) + 1)
    this.owners.noteSaid(row, direction, says)
    const names = originalMessageId === undefined ? undefined : messageNames(originalMessageId)
    if (!names) return
    this.#setHash(row, 'stemLow', 'stemHigh', names.stem)
    columns.setWord('localLow', row, this.#hash(names.local).low)
    columns.setWord('wholeLow', row, this.#hash(names.whole).low)
    this.#byStem.add(row)
    this.owners.noteAnswers(row)
  }

  /** A hash of nothing but zeros is none. */
  #hasStem(row: number): boolean {
    return this.#columns.word('stemLow', row) !== 0 || this.#columns.word('stemHigh', row) !== 0
  }

  #newRow(): number {
    const row = this.#free.pop()
    if (row === undefined) return this.#columns.add()
    this.#columns.clear(row)
    this.#dropped -= 1
    return row
  }

  #newByKey(): RowLookup {
    return new RowLookup(hashedRows(this.#columns, 'keyLow', 'keyHigh', 'beforeOfKey'))
  }

  #newByStem(): RowLookup {
    return new RowLookup(hashedRows(this.#columns, 'stemLow', 'stemHigh', 'beforeOfStem'))
  }

  #before(row: number): number | undefined {
    const before = this.#columns.word('beforeOfStem', row)
    return before === 0 ? undefined : before - 1
  }

  #setHash(row: number, lowWord: 'keyLow' | 'stemLow', highWord: 'keyHigh' | 'stemHigh', text: string): void {
    const { low, high } = this.#hash(text)
    this.#columns.setWord(lowWord, row, low)
    this.#columns.setWord(highWord, row, high)
  }
}

function keyText({ direction, key }: Omit<MdnId, 'version'>): string {
  return `${direction}\n${key}`
}
