/**
 * The file of the audit trail, or of the events: JSON lines, appended in the background. Whoever appends never waits and never fails: what
 * can't be written is kept, tried again, and said in `problem`.
 */
import { stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { reasonOf } from '../errors.js'
import { inTime } from '../patience.js'
import { isWritableByOthers, openOwn, requireOwnLog } from '../own-files.js'
import type { Milliseconds } from '../units.js'
import { auditTail } from './audit-tail.js'
import type { Logger } from './log.js'

/** Lines that wait at most; then the oldest are given up, and counted. */
const mostWaiting = 100_000
const retryAfter: Milliseconds = 5_000
/** An appended line is on disk so much later: the journal beside it can tell what a power loss took. */
const syncAfter: Milliseconds = 1_000
const flushWithin: Milliseconds = 2_000
/** So far apart are its writes: what comes meanwhile is written together. */
const writeEvery: Milliseconds = 50

export interface AuditLogOptions {
  /** For sentences; the audit trail by default. */
  readonly called?: string
  /** Lines are in the file, for who reads it; on disk they are a moment later. */
  readonly onWritten?: () => void
}

interface Opened {
  readonly handle: FileHandle
  readonly inode: number
  /** Its last line was cut off by a failure. */
  readonly isTorn: boolean
}

export class AuditLog {
  readonly #path: string
  readonly #log: Logger
  readonly #called: string
  readonly #onWritten: (() => void) | undefined
  #opened: Opened
  #waiting: string[] = []
  #lost = 0
  #pump: Promise<void> | undefined
  #problem: string | undefined
  #syncTimer: NodeJS.Timeout | undefined
  #isClosed = false
  /** By the clock that never steps. */
  #writtenAt: Milliseconds = -writeEvery
  /** Who waits for all of it. */
  #flushing = 0
  #hurry: () => void = () => undefined

  private constructor(path: string, opened: Opened, log: Logger, options: AuditLogOptions) {
    this.#path = path
    this.#opened = opened
    this.#log = log
    this.#called = options.called ?? 'audit trail'
    this.#onWritten = options.onWritten
  }

  /** @throws the disk's own error */
  static async open(path: string, log: Logger, options: AuditLogOptions = {}): Promise<AuditLog> {
    return new AuditLog(path, await openFile(path), log, options)
  }

  /** One sentence, while it can't be written. */
  get problem(): string | undefined {
    return this.#problem
  }

  append(entry: object): void {
    if (this.#isClosed) return
    this.#waiting.push(`${JSON.stringify(entry)}\n`)
    if (this.#waiting.length > mostWaiting) {
      this.#lost += 1
      this.#waiting.shift()
    }
    this.#start()
  }

  /** Has the file made anew at once, where a rotation has moved it away. */
  reopen(): void {
    if (this.#isClosed || this.#pump) return
    this.#pump = this.#reopen()
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#pump = undefined
        if (this.#waiting.length > 0 && !this.#isClosed) this.#start()
      })
  }

  /** What the last megabytes hold, over rotations. */
  tail(): Promise<readonly object[]> {
    return auditTail(this.#path)
  }

  /** All lines are on disk when it resolves; it waits two seconds at most, and not while the file can't be written. */
  async flushed(): Promise<void> {
    await inTime(this.#flush(), flushWithin)
  }

  async close(): Promise<void> {
    await this.flushed()
    this.#isClosed = true
    this.#hurry()
    clearTimeout(this.#syncTimer)
    if (this.#waiting.length > 0) {
      this.#log.error(
        `${this.#waiting.length} entries of the ${this.#called} could not be written; the next mount adds them.`,
      )
    }
    await this.#opened.handle.close().catch(() => undefined)
  }

  #start(): void {
    this.#pump ??= this.#write().finally(() => {
      this.#pump = undefined
      if (this.#waiting.length > 0 && !this.#isClosed) this.#start()
    })
  }

  async #flush(): Promise<void> {
    this.#flushing += 1
    this.#hurry()
    try {
      while (this.#pump && this.#problem === undefined) await inTime(this.#pump, 20)
    } finally {
      this.#flushing -= 1
    }
    await this.#sync()
  }

  /** Waits until it is time for the next write. @returns whether it is to be done yet */
  async #mayWrite(): Promise<boolean> {
    const left = this.#writtenAt + writeEvery - performance.now()
    if (left <= 0 || this.#flushing > 0) return true
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left).unref()
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return !this.#isClosed
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      if (!(await this.#mayWrite())) return
      try {
        await this.#reopen()
        const lines = this.#waiting
        this.#waiting = []
        await this.#writeLines(lines)
        this.#recovered()
      } catch (error) {
        this.#failed(error)
        await delay(retryAfter, undefined, { ref: false })
      }
    }
  }

  async #writeLines(lines: string[]): Promise<void> {
    const { handle, isTorn } = this.#opened
    const bytes = Buffer.from(`${isTorn ? '\n' : ''}${lines.join('')}`)
    try {
      for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done)).bytesWritten
      this.#opened = { ...this.#opened, isTorn: false }
      this.#writtenAt = performance.now()
      this.#onWritten?.()
      this.#syncTimer ??= setTimeout(() => void this.#sync(), syncAfter).unref()
    } catch (error) {
      // How much of it is there is not known: all of it once more, on a line of its own.
      this.#opened = { ...this.#opened, isTorn: true }
      this.#waiting = [...lines, ...this.#waiting]
      throw error
    }
  }

  /** After a rotation the name is free, or another file's. */
  async #reopen(): Promise<void> {
    const inode = await stat(this.#path).then(
      (it) => it.ino,
      () => undefined,
    )
    if (inode === this.#opened.inode) return
    const opened = await openFile(this.#path)
    await this.#opened.handle.close().catch(() => undefined)
    this.#opened = opened
  }

  async #sync(): Promise<void> {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    await this.#opened.handle.datasync().catch((error: unknown) => this.#failed(error))
  }

  #failed(error: unknown): void {
    const code = reasonOf(error)
    const sentence = `The ${this.#called} ${this.#path} can't be written (${code}); sending goes on.`
    if (this.#problem === undefined) this.#log.error({ err: error }, sentence)
    this.#problem = sentence
  }

  #recovered(): void {
    if (this.#problem === undefined) return
    this.#problem = undefined
    const { path, lost } = { path: this.#path, lost: this.#lost }
    this.#log.warn({ path, lost }, `The ${this.#called} is written again; ${lost} entries of it are lost.`)
    this.#lost = 0
  }
}

async function openFile(path: string): Promise<Opened> {
  const handle = await openOwn(path, 'a+', requireOwnLog)
  try {
    const found = await handle.stat()
    const { ino, size, mode } = found
    if (isWritableByOthers(found)) await handle.chmod(mode & 0o755)
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    return { handle, inode: ino, isTorn: size > 0 && last.toString() !== '\n' }
  } catch (error) {
    await handle.close()
    throw error
  }
}
