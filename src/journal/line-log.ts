/**
 * Lines that are appended in the background, each with its checksum (`journal.ts`), and left to the system to sync: for what a
 * power loss may take, as it can be found again. One that is torn or damaged is passed over. Memory has only where each is.
 */
import { type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackgroundJob } from '../background-job.js'
import { isDiskFull, reasonOf } from '../errors.js'
import { linesAt, linesOf, offsetsOf, type LinePlace } from './line-pieces.js'
import { formatLine, parseLine } from './lines.js'
import { madeAnew } from './made-anew.js'
import { writeAll } from './write-all.js'
import { openOwn } from '../own-files.js'
import { makeFolders } from '../own-folders.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds } from '../units.js'

/** What it says is made sense of before others have their turn: some 300 lines, 10 ms. */
const readAtOnce: Bytes = 64 * 1024
/** What waits to be written, as the disk is full: no more is read then. */
const mostWaiting: Bytes = 1024 * 1024
const retryAfter: Milliseconds = 5_000
const longestLine: Bytes = 64 * 1024

export interface LineLogOptions {
  readonly directory: string
  readonly name: string
  /** What is in it, as sentences begin: `What receipts say`. */
  readonly what: string
  /** Nothing is written once the directory is another's. */
  readonly lost: AbortSignal
  readonly log: Logger
}

export class LineLog {
  readonly #path: string
  readonly #options: LineLogOptions
  readonly #writing: BackgroundJob
  /** Undefined: the disk has had no room for it yet. */
  #file: FileHandle | undefined
  /** Of whole lines that are written. */
  #written: Bytes = 0
  #waiting: Buffer[] = []
  #waitingBytes: Bytes = 0
  #problem: string | undefined
  /** Makes it anew, once all that was appended is written. */
  #replacement: (() => Promise<void>) | undefined

  private constructor(options: LineLogOptions) {
    this.#options = options
    this.#path = join(options.directory, options.name)
    this.#writing = new BackgroundJob(() => this.#write())
  }

  /** A full disk is no reason not to begin. @throws the disk's own error, or NotOursError */
  static async open(options: LineLogOptions): Promise<LineLog> {
    const log = new LineLog(options)
    try {
      await log.#opened()
    } catch (error) {
      if (!isDiskFull(error)) throw error
      log.#hasFailed(error)
    }
    return log
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** More would wait than is good: whoever has more to write waits too. */
  get isBehind(): boolean {
    return this.#waitingBytes > mostWaiting
  }

  /** Bytes of it, those included that wait. */
  get size(): Bytes {
    return this.#written + this.#waitingBytes
  }

  /**
   * Reads what is there, before anything is appended.
   * @param visit is given each whole line, in order
   * @throws the disk's own error
   */
  async load(visit: (entry: unknown, place: LinePlace) => void): Promise<void> {
    const file = this.#file
    let [rest, position, bad] = [Buffer.alloc(0), 0, 0]
    while (file) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(readAtOnce), 0, readAtOnce, position)
      if (bytesRead === 0) break
      const offset = position - rest.length
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      position += bytesRead
      let start = 0
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        const entry = parseLine(bytes.toString('utf8', start, end))
        if (entry === undefined) bad += 1
        else visit(entry, { offset: offset + start, length: end - start })
        start = end + 1
      }
      this.#written = offset + start
      // A line without an end is none of ours.
      rest = bytes.length - start > longestLine ? Buffer.alloc(0) : bytes.subarray(start)
      await nextTurn()
    }
    if (bad > 0) {
      this.#options.log.warn(
        { log: this.#path, lines: bad },
        `${this.#options.what}: some of it is damaged on disk, and is found anew.`,
      )
    }
  }

  /** Written in the background. */
  append(entry: object): LinePlace {
    const line = Buffer.from(formatLine(entry))
    const place = { offset: this.size, length: line.length - 1 }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
    if (this.#problem === undefined) this.#writing.now()
    return place
  }

  /** @returns undefined for what can't be read */
  async read({ offset, length }: LinePlace): Promise<unknown> {
    if (offset >= this.#written) await this.#writing.idle()
    try {
      const bytes = await this.#bytesAt(offset, length)
      return bytes.length === length ? parseLine(bytes.toString()) : undefined
    } catch (err) {
      this.#options.log.warn({ err }, `${this.#options.what}: that could not be read from the state directory.`)
      return undefined
    }
  }

  /**
   * Makes it anew of these lines only; what is appended meanwhile comes behind them. Where that fails, it stays as it was.
   * @param places of lines, in the order of the file; asked for once all that was appended is written
   * @param moved is told where they are now, and by how much all that came after them has moved; nobody can append between
   */
  async compact(
    places: () => readonly LinePlace[],
    moved: (now: readonly Bytes[], from: Bytes, by: Bytes) => void,
  ): Promise<void> {
    this.#replacement = async () => {
      const [all, from] = [places(), this.#written]
      const lines = linesAt(all, (offset, length) => this.#bytesAt(offset, length))
      await this.#replaceBy(lines, () => moved(offsetsOf(all), from, this.#written - from))
    }
    this.#writing.now()
    await this.#writing.idle()
  }

  /**
   * Makes it anew of these only; what is appended meanwhile comes behind them. Where that fails, it stays as it was. For whoever keeps no places.
   * @param entries asked for once all that was appended is written
   */
  async replace(entries: () => Iterable<object>): Promise<void> {
    this.#replacement = () => this.#replaceBy(linesOf(entries()))
    this.#writing.now()
    await this.#writing.idle()
  }

  /** All that was appended is written, or can't be for now. @returns whether it is */
  async written(): Promise<boolean> {
    await this.#writing.idle()
    return this.#waiting.length === 0
  }

  async close(): Promise<void> {
    await this.#writing.idle()
    await this.#writing.stop()
    await this.#file?.close()
  }

  async #bytesAt(offset: Bytes, length: Bytes): Promise<Buffer> {
    const { bytesRead, buffer } = await (await this.#opened()).read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  }

  async #replaceBy(pieces: AsyncIterable<Buffer> | Iterable<Buffer>, replaced?: () => void): Promise<void> {
    const { file, length } = await madeAnew(this.#path, pieces)
    const former = this.#file
    this.#file = file
    this.#written = length
    replaced?.()
    await former?.close()
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file) return this.#file
    await makeFolders(this.#options.directory)
    this.#file = await opened(this.#path)
    return this.#file
  }

  async #write(): Promise<void> {
    const { lost } = this.#options
    while (this.#waiting.length > 0 && !lost.aborted) {
      const lines = this.#waiting.length
      const bytes = Buffer.concat(this.#waiting)
      try {
        await writeAll(await this.#opened(), bytes, this.#written)
      } catch (err) {
        this.#hasFailed(err)
        this.#writing.in(retryAfter)
        return
      }
      this.#problem = undefined
      this.#waiting = this.#waiting.slice(lines)
      this.#waitingBytes -= bytes.length
      this.#written += bytes.length
    }
    if (!lost.aborted) await this.#replaceIfDue()
  }

  async #replaceIfDue(): Promise<void> {
    const replace = this.#replacement
    this.#replacement = undefined
    if (!replace) return
    try {
      await replace()
    } catch (err) {
      this.#options.log.warn(
        { err },
        `${this.#options.what}: that could not be written anew; its file goes on growing.`,
      )
    }
  }

  #hasFailed(err: unknown): void {
    const sentence = `${this.#options.what}: that can't be written down (${reasonOf(err)}), and the next mount finds it anew.`
    if (this.#problem === undefined) this.#options.log.error({ err }, sentence)
    this.#problem = sentence
  }
}

async function opened(path: string): Promise<FileHandle> {
  // 'r+' needs it to be there; 'a+' would write at the end whatever the position.
  await (await openOwn(path, 'a')).close()
  return openOwn(path, 'r+')
}
