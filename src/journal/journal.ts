/**
 * A write-ahead log: one line a change, each with its checksum; appended, synced in groups, compacted.
 * Room for the next lines is there before they come, as zeros: a full disk must not keep anybody from taking away
 * what fills it, and a sync need not write a new size.
 */
import { stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../durable-file.js'
import { FsError } from '../errors.js'
import { openOwn, readOwn } from '../own-files.js'
import { makeFolders } from '../own-folders.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds } from '../units.js'
import { diskCalls, SyncError } from './disk-calls.js'
import { isSameFile } from './file-identity.js'
import {
  readJournal,
  replaceJournal,
  reserve,
  type Dated,
  type FirstLine,
  type JournalForm,
  type OpenedJournal,
} from './journal-file.js'
import { formatLine, parseJournal, type ParsedJournal } from './lines.js'
import { putAsideName } from './put-aside-name.js'
import { writeAll } from './write-all.js'

const fileName = 'journal'
const step: Bytes = 32 * 1024
/** Of what nobody waits for: a program that writes file after file comes back sooner. */
const patience: Milliseconds = 5

export interface ReadOptions<T> {
  /** What it is kept for, as the log names it: `send/`. */
  readonly of: string
  readonly log: Logger
  /** No version wrote one without zeros at its end: where they lack, lines may have been cut off with them. Of one that is named so it is always. */
  readonly isReserved?: boolean
  /** Whether it lacks lines that are known to have been written, though nothing shows in it. */
  readonly isBehind?: (parsed: Pick<ParsedJournal<T>, 'lines'>) => boolean
  /** Is given each entry as it is read, and none is kept: a hundred thousand would be a lot of memory. */
  readonly visit?: (entry: T) => void
  /** What is kept of an entry that was read; all of it by default. */
  readonly kept?: (entry: T) => T
}

export interface AppendOptions {
  /** Also against power loss; else against the end of the process. */
  readonly sync: boolean
  /** It lets something more wait: refused while there is little room. */
  readonly isNew?: boolean
  /** Nobody waits for it: it may be written with what comes next, if that comes within moments. Not for what is synced. */
  readonly isPatient?: boolean
  /** Asked when it is its turn to be written: who was told meanwhile that it failed does not want it any more. */
  readonly isWanted?: () => boolean
}

export interface JournalRead<T> extends Pick<ParsedJournal<T>, 'entries' | 'isDoubtful'> {
  /** It is another file than the one it was written as: what was written to that since is not in it. */
  readonly isCopy: boolean
}

/** It was not written, as nobody waits for it any more. */
export class NotWanted extends FsError {
  constructor() {
    super('ETIMEDOUT', 'It was not done in time: the disk of the state directory hangs.')
  }
}

/** An entry that is to be written; undefined: nothing, but what was written before is to be synced. */
interface Waiting<T> extends AppendOptions {
  readonly entry: T | undefined
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Journal<T extends object> {
  readonly #path: string
  readonly #form: JournalForm
  #file: FileHandle
  /** Bytes of whole lines; what a failed write left behind them is written over. */
  #length: Bytes
  /** Where that ends. */
  #leftUntil: Bytes = 0
  /** Bytes of the file, with the zeros at its end. */
  #allocated: Bytes
  #lines: number
  /** What is to be written next, together; whoever comes joins them. */
  #gathering: Waiting<T>[] | undefined
  /** What comes before that, and is in no hurry. */
  #patient: Waiting<T>[] = []
  #hurrying: NodeJS.Timeout | undefined
  /** Writes follow one another. */
  #last: Promise<unknown> = Promise.resolve()

  private constructor(path: string, { file, length, allocated, lines }: OpenedJournal, form: JournalForm) {
    this.#path = path
    this.#form = form
    this.#file = file
    this.#length = length
    this.#allocated = allocated
    this.#lines = lines
  }

  /** Reads what is there; a damaged journal is copied aside before it is ever written again. */
  static async read<T>(
    directory: string,
    { of, log, isReserved = false, isBehind = () => false, visit, kept = (entry) => entry }: ReadOptions<T>,
  ): Promise<JournalRead<T>> {
    await makeFolders(directory)
    const path = join(directory, fileName)
    const entries: T[] = []
    const add = visit ?? ((entry: T) => entries.push(kept(entry)))
    const parsed = await readJournal(path, (it) => add(it as T))
    if (parsed === undefined) return { entries: [], isDoubtful: false, isCopy: false }
    const [first, ...others] = entries
    const identity = first === undefined ? undefined : (first as Partial<FirstLine>).file
    const lastLineAt = (entries as readonly Dated[]).findLast((it) => it.at !== undefined)?.at
    const isCopy = identity !== undefined && !isSameFile(identity, await stat(path, { bigint: true }), lastLineAt)
    // Whichever says what file it is was written with zeros, too.
    const hasZeros = isReserved || identity !== undefined
    const isCut = parsed.length === 0 || (hasZeros && !parsed.endsWithZero) || isBehind(parsed)
    const isDoubtful = parsed.isDoubtful || isCut
    if (parsed.isDamaged || isCut) {
      const aside = putAsideName(path)
      await replaceFile(aside, (await readOwn(path)) ?? '')
      log.error({ journal: aside }, `The journal of ${of} is damaged: a copy is put aside, what can be read goes on.`)
    }
    return { entries: identity ? others : entries, isDoubtful, isCopy }
  }

  /** Begins a new journal that holds these entries, in one step. */
  static async begin<T extends object>(
    directory: string,
    entries: Iterable<T>,
    form: JournalForm = {},
  ): Promise<Journal<T>> {
    const path = join(directory, fileName)
    return new Journal<T>(path, await replaceJournal(path, entries, form), form)
  }

  /** Goes on with the one that is there, all of which could be read: a full disk has no room for another. */
  static async goOn<T extends object>(directory: string, form: JournalForm = {}): Promise<Journal<T>> {
    const path = join(directory, fileName)
    const file = await openOwn(path, 'r+')
    try {
      const bytes = await file.readFile()
      // What is to be acted on from now on was perhaps never synced by the process that has died.
      await file.sync()
      const length = bytes.lastIndexOf('\n') + 1
      const lines = parseJournal(bytes.toString('utf8', 0, length)).lines
      return new Journal<T>(path, { file, length, allocated: bytes.length, lines }, form)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /**
   * Appends an entry. All that come while others are being written go together into the next write, and share its sync.
   * @throws NotWanted; the disk's own error: the entry may then be there or not
   */
  append(entry: T, options: AppendOptions): Promise<void> {
    return this.#enqueue(entry, options)
  }

  /**
   * Replaces the journal by one that holds just these entries. Appends wait for it.
   * @param entries of the moment that it is called
   * @param replaced is called when it is, before anything comes behind them
   */
  async compact(entries: () => Iterable<T>, replaced?: () => void): Promise<void> {
    this.hurry()
    this.#gathering = undefined
    await this.#inTurn(async () => {
      const old = this.#file
      const { file, length, allocated, lines } = await replaceJournal(this.#path, entries(), this.#form)
      this.#file = file
      this.#length = length
      this.#allocated = allocated
      this.#leftUntil = 0
      this.#lines = lines
      replaced?.()
      // A disk that failed may say so once more; nothing of it is needed.
      await old.close().catch(() => undefined)
    })
  }

  /** How many lines are on disk for good. @throws the disk's own error */
  async synced(): Promise<number> {
    let lines = 0
    await this.#enqueue(undefined, { sync: true }).then(() => (lines = this.#lines))
    return lines
  }

  /** Somebody waits for what is patient. */
  hurry(): void {
    if (this.#patient.length > 0) this.#gather()
  }

  async close(): Promise<void> {
    this.hurry()
    await this.#last
    await this.#file.close()
  }

  #enqueue(entry: T | undefined, options: AppendOptions): Promise<void> {
    const gathering = this.#gathering ?? (options.isPatient === true ? this.#waitAMoment() : this.#gather())
    return new Promise<void>((resolve, reject) => {
      gathering.push({ ...options, entry, resolve, reject })
    })
  }

  #waitAMoment(): Waiting<T>[] {
    this.#hurrying ??= setTimeout(() => this.hurry(), patience)
    return this.#patient
  }

  #gather(): Waiting<T>[] {
    const waiting = this.#patient
    this.#patient = []
    clearTimeout(this.#hurrying)
    this.#hurrying = undefined
    this.#gathering = waiting
    void this.#inTurn(() => {
      if (this.#gathering === waiting) this.#gathering = undefined
      return this.#writeWaiting(waiting)
    })
    return waiting
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const done = this.#last.then(act)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #writeWaiting(waiting: readonly Waiting<T>[]): Promise<void> {
    const lines: Buffer[] = []
    const group: Waiting<T>[] = []
    let bytes: Bytes = 0
    for (const it of waiting) {
      try {
        if (it.isWanted?.() === false) throw new NotWanted()
        const line = this.#lineOf(it.entry, lines.length)
        await this.#makeRoom(bytes + line.length, it.isNew === true ? reserve / 2 : 0)
        if (line.length > 0) lines.push(line)
        bytes += line.length
        group.push(it)
      } catch (error) {
        it.reject(error)
      }
    }
    if (group.length > 0) await this.#writeGroup(group, lines, bytes)
  }

  /** Never throws: each of them is told. */
  async #writeGroup(group: readonly Waiting<T>[], lines: readonly Buffer[], bytes: Bytes): Promise<void> {
    const [from, sync] = [this.#length, group.some((it) => it.sync)]
    const written = Math.max(bytes, this.#leftUntil - from)
    let failure: unknown
    try {
      await diskCalls.write(this.#file, Buffer.concat(lines, written), from, sync)
    } catch (error) {
      failure = error
    }
    const isWritten = failure === undefined || failure instanceof SyncError
    this.#leftUntil = isWritten ? 0 : from + written
    if (isWritten) {
      this.#length += bytes
      this.#lines += lines.length
    }
    for (const it of group) {
      if (failure === undefined || (isWritten && !it.sync)) it.resolve()
      else it.reject(failure)
    }
  }

  /** @param before how many lines come before it, and are not written yet */
  #lineOf(entry: T | undefined, before: number): Buffer {
    if (entry === undefined) return Buffer.alloc(0)
    return Buffer.from(formatLine(entry, this.#form.isNumbered ? this.#lines + before + 1 : undefined))
  }

  /** @param toSpare what must be left after it */
  async #makeRoom(bytes: Bytes, toSpare: Bytes): Promise<void> {
    const end = this.#length + bytes
    if (end + reserve / 2 <= this.#allocated) return
    try {
      const wanted = this.#allocated + reserve
      while (this.#allocated < wanted) {
        await writeAll(this.#file, Buffer.alloc(step), this.#allocated)
        this.#allocated += step
      }
    } catch (error) {
      // No room for more, but there is some left. The last zero stays, which says that nothing was cut off.
      if (end + toSpare >= this.#allocated) throw error
    }
  }
}
