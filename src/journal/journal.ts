/**
 * A write-ahead log: one line a change, each with its checksum; appended, synced in groups, compacted.
 * Room for the next lines is there before they come, as zeros: a full disk must not keep anybody from taking away
 * what fills it, and a sync need not write a new size.
 */
import { rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile, syncFolder } from '../durable-file.js'
import { openOwn, readOwn } from '../own-files.js'
import { makeFolders } from '../own-folders.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes } from '../units.js'
import { formatLine, parseJournal, type ParsedJournal } from './lines.js'
import { writeAll } from './write-all.js'

const fileName = 'journal'
/** Some hundred lines. Half of it is for what takes files away: new ones are refused before that. */
const reserve: Bytes = 256 * 1024
const step: Bytes = 32 * 1024

interface Opened {
  readonly file: FileHandle
  readonly length: Bytes
  readonly allocated: Bytes
  readonly lines: number
}

export interface ReadOptions<T> {
  /** What it is kept for, as the log names it: `send/`. */
  readonly of: string
  readonly log: Logger
  /** No version wrote one without zeros at its end: where they lack, lines may have been cut off with them. */
  readonly isReserved?: boolean
  /** Whether it lacks lines that are known to have been written, though nothing shows in it. */
  readonly isBehind?: (parsed: ParsedJournal<T>) => boolean
}

export interface AppendOptions {
  /** Also against power loss; else against the end of the process. */
  readonly sync: boolean
  /** It lets something more wait: refused while there is little room. */
  readonly isNew?: boolean
}

export class Journal<T extends object> {
  readonly #path: string
  readonly #isNumbered: boolean
  #file: FileHandle
  /** Bytes of whole lines; what a failed write left behind them is written over. */
  #length: Bytes
  /** Bytes of the file, with the zeros at its end. */
  #allocated: Bytes
  #lines: number
  /** Writes follow one another. */
  #lastWrite: Promise<unknown> = Promise.resolve()
  #nextSync: Promise<void> | undefined
  #lastSync: Promise<unknown> = Promise.resolve()

  private constructor(path: string, { file, length, allocated, lines }: Opened, isNumbered: boolean) {
    this.#path = path
    this.#isNumbered = isNumbered
    this.#file = file
    this.#length = length
    this.#allocated = allocated
    this.#lines = lines
  }

  /** Reads what is there; a damaged journal is copied aside before it is ever written again. */
  static async read<T>(
    directory: string,
    { of, log, isReserved = false, isBehind = () => false }: ReadOptions<T>,
  ): Promise<Pick<ParsedJournal<T>, 'entries' | 'isDoubtful'>> {
    await makeFolders(directory)
    const path = join(directory, fileName)
    const text = await readOwn(path)
    if (text === undefined) return { entries: [], isDoubtful: false }
    const parsed = parseJournal<T>(text)
    const { entries } = parsed
    const isCut = text === '' || (isReserved && !text.endsWith('\0')) || isBehind(parsed)
    const isDoubtful = parsed.isDoubtful || isCut
    if (parsed.isDamaged || isCut) {
      const aside = `${path}.damaged-${Date.now()}`
      await replaceFile(aside, text)
      log.error({ journal: aside }, `The journal of ${of} is damaged: a copy is put aside, what can be read goes on.`)
    }
    return { entries, isDoubtful }
  }

  /**
   * Begins a new journal that holds these entries, in one step.
   * @param isNumbered each line has its number: then one that is missing is known to be
   */
  static async begin<T extends object>(
    directory: string,
    entries: readonly T[],
    isNumbered = false,
  ): Promise<Journal<T>> {
    const path = join(directory, fileName)
    return new Journal<T>(path, await replaced(path, entries, isNumbered), isNumbered)
  }

  /** Goes on with the one that is there, all of which could be read: a full disk has no room for another. */
  static async goOn<T extends object>(directory: string, isNumbered = false): Promise<Journal<T>> {
    const path = join(directory, fileName)
    const file = await openOwn(path, 'r+')
    try {
      const bytes = await file.readFile()
      // What is to be acted on from now on was perhaps never synced by the process that has died.
      await file.sync()
      const length = bytes.lastIndexOf('\n') + 1
      const lines = parseJournal(bytes.toString('utf8', 0, length)).lines
      return new Journal<T>(path, { file, length, allocated: bytes.length, lines }, isNumbered)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /**
   * Appends an entry.
   * @throws the disk's own error; the entry may then be there or not
   */
  async append(entry: T, { sync, isNew = false }: AppendOptions): Promise<void> {
    const written = this.#lastWrite.then(async () => {
      const line = Buffer.from(formatLine(entry, this.#isNumbered ? this.#lines + 1 : undefined))
      await this.#makeRoom(line.length, isNew ? reserve / 2 : 0)
      await writeAll(this.#file, line, this.#length)
      this.#length += line.length
      this.#lines += 1
    })
    this.#lastWrite = written.catch(() => undefined)
    await written
    if (sync) await this.#sync()
  }

  /** Replaces the journal by one that holds just these entries. Appends wait for it. */
  async compact(entries: () => readonly T[]): Promise<void> {
    const compacted = this.#lastWrite.then(async () => {
      const old = this.#file
      const { file, length, allocated, lines } = await replaced(this.#path, entries(), this.#isNumbered)
      this.#file = file
      this.#length = length
      this.#allocated = allocated
      this.#lines = lines
      await this.#lastSync
      // A disk that failed may say so once more; nothing of it is needed.
      await old.close().catch(() => undefined)
    })
    this.#lastWrite = compacted.catch(() => undefined)
    await compacted
  }

  /** How many lines are on disk for good. @throws the disk's own error */
  async synced(): Promise<number> {
    await this.#lastWrite
    const lines = this.#lines
    await this.#sync()
    return lines
  }

  async close(): Promise<void> {
    await this.#lastWrite
    await this.#lastSync
    await this.#file.close()
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

  /** Whoever comes while a sync is under way shares the next one. */
  #sync(): Promise<void> {
    if (!this.#nextSync) {
      const sync = this.#lastSync.then(() => {
        this.#nextSync = undefined
        return syncInPlace(this.#file)
      })
      this.#nextSync = sync
      this.#lastSync = sync.catch(() => undefined)
    }
    return this.#nextSync
  }
}

/** What is synced to a file that was deleted is gone all the same. */
async function syncInPlace(file: FileHandle): Promise<void> {
  const [{ nlink }] = await Promise.all([file.stat(), file.datasync()])
  if (nlink === 0) throw new Error('The journal was deleted under the running daemon.')
}

async function replaced(path: string, entries: readonly object[], isNumbered: boolean): Promise<Opened> {
  const temporary = `${path}.new`
  const file = await openOwn(temporary, 'w')
  try {
    const bytes = Buffer.from(entries.map((it, i) => formatLine(it, isNumbered ? i + 1 : undefined)).join(''))
    const allocated = bytes.length + reserve
    await writeAll(file, Buffer.concat([bytes], allocated), 0)
    await file.sync()
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return { file, length: bytes.length, allocated, lines: entries.length }
  } catch (error) {
    await file.close().catch(() => undefined)
    // It takes room that others need.
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}
