/**
 * Lines that are appended in the background, each with its checksum (`journal.ts`), and left to the system to sync: for what a
 * power loss may take, as it can be found again. One that is torn or damaged is passed over. Memory has only where each is.
 */
import { mkdir, rename, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BackgroundJob } from '../background-job.js'
import { syncFolder } from '../durable-file.js'
import { reasonOf } from '../errors.js'
import { formatLine, parseLine } from './lines.js'
import { writeAll } from './write-all.js'
import { openOwn } from '../own-files.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds } from '../units.js'

/** A line, without its end. */
export interface LinePlace {
  readonly offset: Bytes
  readonly length: Bytes
}

const readAtOnce: Bytes = 1024 * 1024
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
  #file: FileHandle
  /** Of whole lines that are written. */
  #written: Bytes
  #waiting: Buffer[] = []
  #waitingBytes: Bytes = 0
  #problem: string | undefined

  private constructor(options: LineLogOptions, path: string, file: FileHandle) {
    this.#options = options
    this.#path = path
    this.#file = file
    this.#written = 0
    this.#writing = new BackgroundJob(() => this.#write())
  }

  /** @throws the disk's own error, or NotOursError */
  static async open(options: LineLogOptions): Promise<LineLog> {
    const { directory, name } = options
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = join(directory, name)
    return new LineLog(options, path, await opened(path))
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
    let [rest, position, bad] = [Buffer.alloc(0), 0, 0]
    for (;;) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(readAtOnce), 0, readAtOnce, position)
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
      const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, offset)
      return bytesRead === length ? parseLine(buffer.toString()) : undefined
    } catch (err) {
      this.#options.log.warn({ err }, `${this.#options.what}: that could not be read from the state directory.`)
      return undefined
    }
  }

  /**
   * Makes it anew of these lines only; before anything is appended.
   * @param places of lines, in the order of the file; each gets its new one by `moved`, when all are written
   * @throws the disk's own error; it stays as it was then
   */
  async compact(places: readonly LinePlace[], moved: (index: number, place: LinePlace) => void): Promise<void> {
    const temporary = `${this.#path}.new`
    const file = await openOwn(temporary, 'w')
    let end = 0
    try {
      for (const run of runsOf(places)) {
        const bytes = await this.#linesAt(run)
        await writeAll(file, bytes, end)
        end += bytes.length
      }
      await file.sync()
      await rename(temporary, this.#path)
      await syncFolder(dirname(this.#path))
    } finally {
      await file.close()
    }
    await this.#file.close()
    this.#file = await openOwn(this.#path, 'r+')
    this.#written = end
    let offset = 0
    places.forEach(({ length }, i) => {
      moved(i, { offset, length })
      offset += length + 1
    })
  }

  /** All that was appended is written, or can't be for now. @returns whether it is */
  async written(): Promise<boolean> {
    await this.#writing.idle()
    return this.#waiting.length === 0
  }

  async close(): Promise<void> {
    await this.#writing.idle()
    await this.#writing.stop()
    await this.#file.close()
  }

  /** With their line breaks. */
  async #linesAt(places: readonly LinePlace[]): Promise<Buffer> {
    const from = places[0]?.offset ?? 0
    const last = places.at(-1)
    const length = last ? last.offset + last.length + 1 - from : 0
    const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, from)
    return Buffer.concat(places.map((it) => buffer.subarray(it.offset - from, it.offset - from + it.length + 1)))
  }

  async #write(): Promise<void> {
    const { lost, log } = this.#options
    while (this.#waiting.length > 0 && !lost.aborted) {
      const lines = this.#waiting.length
      const bytes = Buffer.concat(this.#waiting)
      try {
        await writeAll(this.#file, bytes, this.#written)
      } catch (err) {
        const sentence = `${this.#options.what}: that can't be written down (${reasonOf(err)}), and the next mount finds it anew.`
        if (this.#problem === undefined) log.error({ err }, sentence)
        this.#problem = sentence
        this.#writing.in(retryAfter)
        return
      }
      this.#problem = undefined
      this.#waiting = this.#waiting.slice(lines)
      this.#waitingBytes -= bytes.length
      this.#written += bytes.length
    }
  }
}

async function opened(path: string): Promise<FileHandle> {
  // 'r+' needs it to be there; 'a+' would write at the end whatever the position.
  await (await openOwn(path, 'a')).close()
  return openOwn(path, 'r+')
}

/** Lines that are read at once. */
function* runsOf(places: readonly LinePlace[]): Generator<readonly LinePlace[], undefined> {
  let run: LinePlace[] = []
  for (const place of places) {
    if (run[0] && place.offset + place.length - run[0].offset > readAtOnce) {
      yield run
      run = []
    }
    run.push(place)
  }
  if (run.length > 0) yield run
}
