/** What a line of the journal of new/ says, what comes of it, and the lines that say all that is known. Pure. */
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'
import { isFileId, isPackedIds, packIds, unpackIds, type FileId, type PackedIds } from './file-id.js'
import { Marks, type MadeNumber, type ModeOwner, type NewPath } from './marks.js'

/** A change of one partner's marks. */
export type MarkChange =
  | { readonly take: FileId | readonly FileId[] }
  | { readonly takes: PackedIds }
  | { readonly name: FileId; readonly as: NewPath }
  | { readonly unname: FileId }
  | { readonly chmod: ModeOwner; readonly mode: number }
  | { readonly forget: readonly FileId[] }
  | { readonly reset: true }
  /** `count`: so many were taken, of which the next lines tell. */
  | { readonly from: EpochMs; readonly count?: number }
  | { readonly mkdir: NewPath }
  | { readonly rmdir: NewPath }
  | { readonly move: NewPath; readonly to: NewPath }
  /** Another name of a file that was made, its first one too. */
  | { readonly link: MadeNumber; readonly as: NewPath }
  | { readonly unlink: NewPath }

/** Partners are written out once, and have numbers from then on. */
export type MarkEntry =
  /** For partners of which nothing else is said. In the first line of a journal: the how-manieth it is. */
  | { readonly all: { readonly from: EpochMs; readonly journal?: number } }
  | { readonly p: number; readonly of: readonly [station: string, partner: string] }
  | ({ readonly p: number } & MarkChange)

/** So many ids in one line: a damaged one costs no more. */
const idsOfLine = 32
/** For so many room is made at once: whatever a line may say. */
const mostExpected = 1_000_000

/** Of all partners. */
export class AllMarks {
  readonly #known = new Map<number, { readonly partner: Partner; readonly marks: Marks }>()
  readonly #numbers = new Map<string, number>()
  #next = 0
  #changes = 0
  /** What the bucket has from before counts as taken, of all partners for which nothing else is said. */
  #from: EpochMs
  /** How many journals were begun, this one too; undefined: whoever began it did not say. */
  #journal: number | undefined

  constructor(from: EpochMs = 0) {
    this.#from = from
  }

  get from(): EpochMs {
    return this.#from
  }

  /** How many were applied. */
  get changes(): number {
    return this.#changes
  }

  get journal(): number | undefined {
    return this.#journal
  }

  /** How many lines say all of it, about. */
  get size(): number {
    let size = 0
    for (const { marks } of this.#known.values()) {
      size += marks.taken.size / idsOfLine + marks.claims.size + marks.files.size + marks.modes.size
    }
    return size
  }

  /** Of the partners of which anything was ever said. */
  get numbers(): readonly number[] {
    return [...this.#known.keys()]
  }

  get partners(): readonly Partner[] {
    return [...this.#known.values()].map((it) => it.partner)
  }

  /** Of all files that were made, and have a name. */
  madeNumbers(): ReadonlySet<MadeNumber> {
    return new Set([...this.#known.values()].flatMap(({ marks }) => [...marks.files.values()]))
  }

  /** Undefined: nothing was said of it yet. */
  numberOf(partner: Partner): number | undefined {
    return this.#numbers.get(keyOf(partner))
  }

  /** The number for one that has none yet. */
  get nextNumber(): number {
    return this.#next
  }

  /** Of a partner of which nothing was said yet they are nobody's. */
  of(partner: Partner): Marks {
    return this.#marks(this.numberOf(partner))
  }

  apply(entry: MarkEntry): void {
    this.#changes += 1
    if ('all' in entry) {
      this.#from = entry.all.from
      this.#journal = entry.all.journal ?? this.#journal
    } else if ('of' in entry) this.#introduce(entry.p, { station: entry.of[0], partner: entry.of[1] })
    else applyChange(this.#marks(entry.p), entry)
  }

  /** A journal was begun with the entries that were told for it. */
  begunAs(journal: number): void {
    this.#journal = journal
  }

  /** Of a journal. A line that makes no sense says nothing: whoever wrote it meant nothing that is known here. */
  read(line: unknown): void {
    if (isEntry(line)) this.apply(line)
  }

  /**
   * For another journal, made as they are asked for: of this moment, but that ids which are taken meanwhile may be among them.
   * @param journal the how-manieth it is to be
   */
  entries(journal: number): Iterable<MarkEntry> {
    const known = [...this.#known].map(([p, { partner, marks }]) => ({ p, partner, changes: changesOf(marks) }))
    return entriesOf({ all: { from: this.#from, journal } }, known)
  }

  #introduce(number: number, partner: Partner): void {
    if (this.#known.has(number)) return
    this.#numbers.set(keyOf(partner), number)
    this.#known.set(number, { partner, marks: this.#fresh() })
    this.#next = Math.max(this.#next, number + 1)
  }

  #marks(number: number | undefined): Marks {
    return this.#known.get(number ?? -1)?.marks ?? this.#fresh()
  }

  #fresh(): Marks {
    const marks = new Marks()
    marks.from = this.#from
    return marks
  }
}

/** What a start makes of a journal. */
export function recover(entries: readonly unknown[]): AllMarks {
  const all = new AllMarks()
  for (const entry of entries) all.read(entry)
  return all
}

function applyChange(marks: Marks, change: MarkChange): void {
  if ('take' in change) takeAll(marks, change.take)
  else if ('takes' in change) marks.takeAll(unpackIds(change.takes))
  else if ('name' in change) marks.name(change.name, change.as)
  else if ('unname' in change) marks.unname(change.unname)
  else if ('chmod' in change) marks.modes.set(change.chmod, change.mode)
  else if ('forget' in change) marks.forget(change.forget)
  else if ('reset' in change) marks.reset()
  else if ('from' in change) begin(marks, change)
  else if ('mkdir' in change) marks.mkdir(change.mkdir)
  else if ('rmdir' in change) marks.folders.delete(change.rmdir)
  else if ('move' in change) marks.move(change.move, change.to)
  else if ('link' in change) marks.link(change.link, change.as)
  else marks.unlink(change.unlink)
}

function takeAll(marks: Marks, ids: FileId | readonly FileId[]): void {
  if (typeof ids === 'string') marks.take(ids)
  else for (const id of ids) marks.take(id)
}

function begin(marks: Marks, { from, count = 0 }: { readonly from: EpochMs; readonly count?: number }): void {
  marks.from = from
  marks.taken.reserve(Math.min(count, mostExpected))
}

function* entriesOf(
  first: MarkEntry,
  known: Iterable<{ readonly p: number; readonly partner: Partner; readonly changes: Iterable<MarkChange> }>,
): Generator<MarkEntry, undefined> {
  yield first
  for (const { p, partner, changes } of known) {
    yield { p, of: [partner.station, partner.partner] }
    for (const change of changes) yield { p, ...change }
  }
}

function changesOf(marks: Marks): Iterable<MarkChange> {
  const others: MarkChange[] = [
    ...[...marks.folders].map((mkdir) => ({ mkdir })),
    ...[...marks.files].map(([as, link]) => ({ link, as })),
    ...[...marks.claims].map(([as, name]) => ({ name, as })),
    ...[...marks.modes].map(([chmod, mode]) => ({ chmod, mode })),
  ]
  return inOrder({ from: marks.from, count: marks.taken.size }, marks.taken.pieces(idsOfLine), others)
}

function* inOrder(
  first: MarkChange,
  taken: Iterable<Uint32Array>,
  others: readonly MarkChange[],
): Generator<MarkChange, undefined> {
  yield first
  for (const ids of taken) yield { takes: packIds(ids) }
  yield* others
}

function keyOf({ station, partner }: Partner): string {
  return `${station}/${partner}`
}

type Check = (value: unknown) => boolean
const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value)
const isIds: Check = (value) => Array.isArray(value) && value.every(isFileId)
const isOwner: Check = (value) => isFileId(value) || (typeof value === 'string' && /^#\d+$/.test(value))

/** What each kind of change must have. */
const shapes: readonly Readonly<Record<string, Check>>[] = [
  { take: (value) => isFileId(value) || isIds(value) },
  { takes: isPackedIds },
  { name: isFileId, as: isText },
  { unname: isFileId },
  { chmod: isOwner, mode: isNumber },
  { forget: isIds },
  { reset: (value) => value === true },
  { from: isNumber, count: (value) => value === undefined || isNumber(value) },
  { mkdir: isText },
  { rmdir: isText },
  { move: isText, to: isText },
  { link: isNumber, as: isText },
  { unlink: isText },
  { of: (value) => Array.isArray(value) && value.length === 2 && value.every(isText) },
]

function isEntry(value: unknown): value is MarkEntry {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Readonly<Record<string, unknown>>
  if (typeof fields.all === 'object' && fields.all !== null) return 'from' in fields.all && isNumber(fields.all.from)
  if (!isNumber(fields.p)) return false
  return shapes.some((shape) => Object.entries(shape).every(([field, check]) => check(fields[field])))
}
