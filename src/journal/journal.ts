/**
 * A write-ahead log: one line a change, each with its checksum; appended, synced in groups, compacted.
 * Room for the next lines is there before they come, as zeros: a full disk must not keep anybody from taking away
 * what fills it, and a sync need not write a new size.
 */
import { mkdir, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { replaceFile, syncFolder } from '../durable-file.js'
import { openOwn, readOwn } from '../own-files.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes } from '../units.js'
import { writeAll } from './write-all.js'

const fileName = 'journal'
/** Some hundred lines. Half of it is for what takes files away: new ones are refused before that. */
const reserve: Bytes = 256 * 1024
const step: Bytes = 32 * 1024

/** Entries as they were read, and whether something between them could not be. */
interface ParsedJournal<T> {
  readonly entries: readonly T[]
  /** A line that is bad though others follow: not a torn write, but damage. */
  readonly isDamaged: boolean
  /** Something may be missing that was acknowledged: by damage, or as the last whole line is bad. */
  readonly isDoubtful: boolean
}

/** A line: eight hexadecimal digits of CRC-32, a space, JSON. */
export function formatLine(entry: unknown): string {
  const json = JSON.stringify(entry)
  return `${checksum(json)} ${json}\n`
}

/**
 * Pure: a torn last line is dropped, it was never acknowledged; a bad one before it is left out and reported.
 * @returns entries as whoever wrote them had them: the checksum says that a line is whole, no more. Which versions write what is for
 * `T` to say, with all optional that one of them may lack
 */
export function parseJournal<T>(text: string): ParsedJournal<T> {
  const lines = text.replace(/\0+$/, '').split('\n')
  const torn = lines.pop() ?? ''
  const parsed = lines.map((line) => parseLine(line) as T | undefined)
  const entries = parsed.filter((it) => it !== undefined)
  const bad = parsed.length - entries.length
  // A crash can also leave the last whole block of zeros or half a line with a newline in it: only the end may be bad.
  const isTail = bad === 1 && parsed.at(-1) === undefined && torn === ''
  return { entries, isDamaged: bad > 0 && !isTail, isDoubtful: bad > 0 }
}

/** @returns undefined for what is no whole line of ours */
export function parseLine(line: string): unknown {
  const json = line.slice(9)
  if (line.length < 10 || line[8] !== ' ' || checksum(json) !== line.slice(0, 8)) return undefined
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

interface Opened {
  readonly file: FileHandle
  readonly length: Bytes
  readonly allocated: Bytes
}

export interface AppendOptions {
  /** Also against power loss; else against the end of the process. */
  readonly sync: boolean
  /** It lets something more wait: refused while there is little room. */
  readonly isNew?: boolean
}

export class Journal<T> {
  readonly #path: string
  #file: FileHandle
  /** Bytes of whole lines; what a failed write left behind them is written over. */
  #length: Bytes
  /** Bytes of the file, with the zeros at its end. */
  #allocated: Bytes
  /** Writes follow one another. */
  #lastWrite: Promise<unknown> = Promise.resolve()
  #nextSync: Promise<void> | undefined
  #lastSync: Promise<unknown> = Promise.resolve()

  private constructor(path: string, { file, length, allocated }: Opened) {
    this.#path = path
    this.#file = file
    this.#length = length
    this.#allocated = allocated
  }

  /**
   * Reads what is there; a damaged journal is copied aside before it is ever written again.
   * @param of what it is kept for, as the log names it: `send/`
   * @param isReserved no version wrote one without zeros at its end: where they lack, lines may have been cut off with them
   */
  static async read<T>(
    directory: string,
    of: string,
    log: Logger,
    isReserved = false,
  ): Promise<Omit<ParsedJournal<T>, 'isDamaged'>> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, fileName)
    const text = await readOwn(path)
    if (text === undefined) return { entries: [], isDoubtful: false }
    const parsed = parseJournal<T>(text)
    const { entries } = parsed
    const isCut = text === '' || (isReserved && !text.endsWith('\0'))
    const isDoubtful = parsed.isDoubtful || isCut
    if (parsed.isDamaged || isCut) {
      const aside = `${path}.damaged-${Date.now()}`
      await replaceFile(aside, text)
      log.error({ journal: aside }, `The journal of ${of} is damaged: a copy is put aside, what can be read goes on.`)
    }
    return { entries, isDoubtful }
  }

  /** Begins a new journal that holds these entries, in one step. */
  static async begin<T>(directory: string, entries: readonly T[]): Promise<Journal<T>> {
    const path = join(directory, fileName)
    return new Journal<T>(path, await replaced(path, entries))
  }

  /** Goes on with the one that is there, all of which could be read: a full disk has no room for another. */
  static async goOn<T>(directory: string): Promise<Journal<T>> {
    const path = join(directory, fileName)
    const file = await openOwn(path, 'r+')
    try {
      const bytes = await file.readFile()
      // What is to be acted on from now on was perhaps never synced by the process that has died.
      await file.sync()
      return new Journal<T>(path, { file, length: bytes.lastIndexOf('\n') + 1, allocated: bytes.length })
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
    const line = Buffer.from(formatLine(entry))
    const written = this.#lastWrite.then(async () => {
      await this.#makeRoom(line.length, isNew ? reserve / 2 : 0)
      await writeAll(this.#file, line, this.#length)
      this.#length += line.length
    })
    this.#lastWrite = written.catch(() => undefined)
    await written
    if (sync) await this.#sync()
  }

  /** Replaces the journal by one that holds just these entries. Appends wait for it. */
  async compact(entries: () => readonly T[]): Promise<void> {
    const compacted = this.#lastWrite.then(async () => {
      const old = this.#file
      const { file, length, allocated } = await replaced(this.#path, entries())
      this.#file = file
      this.#length = length
      this.#allocated = allocated
      await this.#lastSync
      // A disk that failed may say so once more; nothing of it is needed.
      await old.close().catch(() => undefined)
    })
    this.#lastWrite = compacted.catch(() => undefined)
    await compacted
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

async function replaced(path: string, entries: readonly unknown[]): Promise<Opened> {
  const temporary = `${path}.new`
  const file = await openOwn(temporary, 'w')
  try {
    const lines = Buffer.from(entries.map(formatLine).join(''))
    const allocated = lines.length + reserve
    await writeAll(file, Buffer.concat([lines], allocated), 0)
    await file.sync()
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return { file, length: lines.length, allocated }
  } catch (error) {
    await file.close().catch(() => undefined)
    // It takes room that others need.
    await unlink(temporary).catch(() => undefined)
    throw error
  }
}
