/** Spool files under kernel handles: several handles may share one, and the last writer's close decides. */
import { FsError, type FsErrorCode } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Bytes, Milliseconds } from '../../units.js'
import { without, type Message } from '../life/message.js'
import type { Locks } from '../disk/locks.js'
import type { MessageBook } from '../disk/book.js'
import type { Close, OpenSpoolFile } from '../sender.js'
import type { SpoolFile } from '../disk/spool.js'

export interface SharedFileOptions {
  readonly id: string
  readonly file: SpoolFile
  readonly book: MessageBook
  /** A message is read, changed and written down by one at a time: a rename may be under way. */
  readonly locks: Locks
  readonly clock: Clock
  readonly isNew: boolean
  /** The last writer has released it: asks for `endOfWriting` once nobody else can open it. */
  readonly onClosed: () => Promise<void>
  /** Nobody has it open any more. */
  readonly onIdle: () => void
}

/** What the last writer leaves behind. */
export interface EndOfWriting {
  readonly isChanged: boolean
  readonly size: Bytes
  /** What failed, in one sentence: it is not complete. */
  readonly damage: string | undefined
  /** What it was before it was opened for writing; undefined for a new file. */
  readonly before: Message | undefined
}

/**
 * The release follows the last close(2) at once. If it does not come, a process that was not seen has the file open still, or
 * a mapping of it.
 */
const releaseWithin: Milliseconds = 1_000

/** No object of S3 is larger. */
const largest: Bytes = 5 * 1024 ** 4
/** What a truncate that leaves the file as it was may fail with. */
const withoutRoom: readonly FsErrorCode[] = ['ENOSPC', 'EFBIG']

/** A handle that may write. */
interface Writer {
  /** Nobody has it open any more; its release is on the way. */
  isClosed: boolean
  /** How often it was written to. */
  writes: number
  /** Closes of which it is not known yet how they are done: the release waits for them. */
  readonly closing: Set<Promise<void>>
}

/** A spool file that is open, with all its handles. */
export class SharedFile {
  readonly id: string
  /** Resolves when nobody has it open any more. */
  readonly idle: Promise<void>
  readonly #file: SpoolFile
  readonly #book: MessageBook
  readonly #locks: Locks
  readonly #clock: Clock
  readonly #onClosed: SharedFileOptions['onClosed']
  readonly #onIdle: () => void
  /** What it was before it was opened for writing. */
  #before: Message | undefined
  #handles = 0
  readonly #writers = new Set<Writer>()
  #isChanged: boolean
  /** Nothing was written since somebody closed it. */
  #isFlushed = false
  #damage: string | undefined
  /** What the first to hear of the damage was told. */
  #damageCode: FsErrorCode = 'EIO'
  /** Waits for the release that must follow. */
  #doubt: NodeJS.Timeout | undefined

  constructor(options: SharedFileOptions) {
    this.id = options.id
    this.#file = options.file
    this.#book = options.book
    this.#locks = options.locks
    this.#clock = options.clock
    this.#isChanged = options.isNew
    this.#damage = damageOf(this.#message())
    this.#onClosed = options.onClosed
    let resolveIdle: () => void = () => undefined
    this.idle = new Promise((resolve) => (resolveIdle = resolve))
    this.#onIdle = () => {
      options.onIdle()
      resolveIdle()
    }
  }

  get size(): Bytes {
    return this.#file.size
  }

  /** Whether all that was written was closed by somebody. */
  get isFlushed(): boolean {
    return this.#isFlushed
  }

  get isWritten(): boolean {
    return this.#writers.size > 0
  }

  /** A further handle. */
  handle(options: { readonly write: boolean }): OpenSpoolFile {
    this.#handles += 1
    const writer: Writer | undefined = options.write ? { isClosed: false, writes: 0, closing: new Set() } : undefined
    if (writer) this.#writers.add(writer)
    const refuse = () => Promise.reject(new FsError('EBADF', 'The file was not opened for writing.'))
    return {
      id: this.id,
      read: (position, length) => this.#file.read(position, length),
      write: writer ? (bytes, position, signal) => this.#write(writer, bytes, position, signal) : refuse,
      truncate: writer ? (size) => this.#truncate(size, () => this.#goesOn()) : refuse,
      flush: (close, signal) => (writer ? this.#flush(writer, close, signal) : Promise.resolve()),
      fsync: () => this.#guarded(() => this.#file.sync()),
      release: () => this.#release(writer),
    }
  }

  /** It leaves the queue, or wherever it was: closed unchanged, it goes back there. */
  reopened(before: Message): void {
    this.#before = before
    this.#damage = damageOf(before)
    this.#damageCode = 'EIO'
  }

  /** @returns undefined if somebody has opened it for writing again meanwhile: then that one's close decides */
  endOfWriting(): EndOfWriting | undefined {
    if (this.#writers.size > 0) return undefined
    const end = { isChanged: this.#isChanged, before: this.#before, size: this.#file.size, damage: this.#damage }
    this.#isChanged = false
    this.#before = undefined
    return end
  }

  /**
   * Nobody has it open, though no release came. What was written after the last close(2) came from a process that is
   * gone, or is out of our sight: then it stays as it is, to be held at the next mount.
   */
  async endWriting(): Promise<void> {
    const isClosed = this.#isFlushed || this.#message()?.isComplete === true
    if (this.#writers.size === 0 || !isClosed) return
    this.#writers.clear()
    await this.#written()
  }

  /** By whoever has locked it. */
  truncate(size: Bytes): Promise<void> {
    return this.#truncate(size, () => this.#goesOnLocked())
  }

  async #truncate(size: Bytes, goesOn: () => Promise<void>): Promise<void> {
    mustFit(size)
    if (size === 0 && this.#damage !== undefined) return this.#beginAnew(goesOn)
    this.#mustBeWhole()
    const isCutOff = size === 0 && this.#message()?.killedBy !== undefined
    if (size === this.#file.size && !this.#isChanged && !isCutOff) return
    await this.#guarded(async () => {
      await goesOn()
      await this.#file.drain()
    })
    await this.#guarded(() => this.#file.truncate(size), withoutRoom)
    this.#changed(size)
  }

  /** Whatever of it was lost is not in it any more. */
  async #beginAnew(goesOn: () => Promise<void>): Promise<void> {
    await this.#guarded(async () => {
      await goesOn()
      await this.#file.clear()
    })
    this.#damage = undefined
    const message = this.#message()
    if (message) this.#book.touch(without(message, 'isDamaged', 'error', 'members'))
    this.#changed(0)
  }

  async #write(writer: Writer, bytes: Uint8Array, position: Bytes, signal: AbortSignal): Promise<number> {
    mustFit(position + bytes.length)
    this.#mustBeWhole()
    writer.isClosed = false
    writer.writes += 1
    const { length } = bytes
    await this.#answered(signal, () => this.#guarded(() => this.#writeData(bytes, position)))
    this.#changed()
    return length
  }

  async #writeData(bytes: Uint8Array, position: Bytes): Promise<void> {
    if (this.#message()?.isComplete !== true) return this.#file.write(bytes, position)
    const copy = Buffer.from(bytes)
    await this.#goesOn()
    return this.#file.write(copy, position)
  }

  /** It seemed to be closed for good, and is written again: on disk before a byte of it changes. */
  async #goesOn(): Promise<void> {
    if (this.#message()?.isComplete === true) await this.#locks.run([this.id], () => this.#goesOnLocked())
  }

  async #goesOnLocked(): Promise<void> {
    const message = this.#message()
    if (message?.isComplete === true) await this.#book.put([without(message, 'isComplete')], { sync: true })
  }

  /** Data, folder and journal are on disk when it resolves. A flush before the first byte (`sh -c '… > f'`) has nothing to do. */
  async #flush(writer: Writer, close: Close, signal: AbortSignal): Promise<void> {
    const message = this.#message()
    // One that had failed before it was opened may be closed as it was.
    if (this.#isChanged) this.#mustBeWhole()
    // One that waited to be sent, and was opened for writing without a write, waits again.
    const isBack = !this.#isChanged && this.#before?.state === 'queued'
    if (message === undefined) return
    const closing: Promise<void> = this.#closing(writer, close).finally(() => writer.closing.delete(closing))
    writer.closing.add(closing)
    if (!this.#isChanged && !isBack) {
      await closing
      return
    }
    await this.#answered(signal, () =>
      this.#guarded(async () => {
        this.#isFlushed = true
        await this.#file.sync()
        await closing
        await this.#locks.run([this.id], () => this.#closedLocked())
      }),
    )
  }

  /** Finds out how it is closed, and keeps that in mind. After a crash a file that is not complete is held in any case. */
  async #closing(writer: Writer, close: Close): Promise<void> {
    const { writes } = writer
    const { isLast, killedBy } = await close.closed()
    // What was written meanwhile came from somebody who was not seen.
    writer.isClosed = isLast && writer.writes === writes
    if (killedBy === undefined) return
    // Locked: what is being written down would be seen after it, and in its place.
    await this.#locks.run([this.id], async () => {
      const message = this.#message()
      if (message?.state === 'open') this.#book.touch({ ...message, killedBy })
    })
  }

  /** All that was written is on disk: that it was closed is written down. */
  async #closedLocked(): Promise<void> {
    const current = this.#message()
    // Its release may have come meanwhile, where the answer to this took too long.
    if (current?.state !== 'open') return
    const isComplete = this.#writers.size > 0 && [...this.#writers].every((it) => it.isClosed && it.closing.size === 0)
    const closed: Message = {
      ...current,
      size: this.#file.size,
      ...(isComplete ? { isComplete } : {}),
    }
    await this.#book.put([closed], { sync: this.#file.size > 0 })
    if (isComplete) this.#expectRelease()
  }

  #expectRelease(): void {
    clearTimeout(this.#doubt)
    this.#doubt = setTimeout(() => {
      for (const writer of this.#writers) writer.isClosed = false
      // What can't be written down now stays as it was: whole as far as anybody could see.
      this.#goesOn().catch(() => undefined)
    }, releaseWithin)
  }

  async #release(writer: Writer | undefined): Promise<void> {
    // They were answered too late, or their process did not wait.
    await Promise.all([...(writer?.closing ?? [])])
    if (writer && this.#writers.delete(writer) && this.#writers.size === 0) {
      clearTimeout(this.#doubt)
      await this.#written()
    }
    this.#handles -= 1
    if (this.#handles > 0) return
    this.#onIdle()
    await this.#file.close()
  }

  /** The last writer is gone. */
  async #written(): Promise<void> {
    // What came after the last flush: pages of a mapping, written back late.
    if (this.#isChanged) await this.#guarded(() => this.#file.sync()).catch(() => undefined)
    await this.#onClosed()
  }

  #changed(truncatedTo?: Bytes): void {
    this.#isChanged = true
    this.#isFlushed = false
    const message = this.#message()
    if (!message) return
    // Whatever was cut off is not in it any more.
    const rest = truncatedTo === 0 ? without(message, 'killedBy') : message
    this.#book.touch({ ...rest, size: this.#file.size, mtime: this.#clock.now() })
  }

  /** What was reported as failed must never be sent, even if it is done later. */
  async #answered<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    const onLate = () => {
      this.#damaged('It was not answered in time: the disk of the state directory hangs.')
    }
    signal.addEventListener('abort', onLate, { once: true })
    try {
      return await act()
    } finally {
      signal.removeEventListener('abort', onLate)
    }
  }

  /** @param harmless what it may fail with, and has changed nothing then */
  async #guarded<T>(act: () => Promise<T>, harmless: readonly FsErrorCode[] = []): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof FsError && harmless.includes(error.code))) {
        this.#damaged(
          error instanceof Error ? error.message : String(error),
          error instanceof FsError ? error.code : 'EIO',
        )
      }
      throw error
    }
  }

  /** @throws FsError after something of it was lost: until it is cut to nothing, whatever is written is in vain */
  #mustBeWhole(): void {
    if (this.#damage !== undefined) throw new FsError(this.#damageCode, this.#damage)
  }

  #damaged(reason: string, code: FsErrorCode = 'EIO'): void {
    const message = this.#message()
    if (this.#damage !== undefined || !message) return
    this.#damageCode = code
    this.#damage = `It is not complete. ${reason}`
    this.#isChanged = true
    const damage = { isDamaged: true, error: this.#damage }
    // At once, and whatever the disk says: it must not be sent now.
    this.#book.touch({ ...message, ...damage })
    // Not waited for: who truncates has the lock. Its close says the same.
    const write = async (): Promise<void> => {
      const current = this.#message()
      const isSo = current?.state === 'open' && this.#damage === damage.error
      if (isSo) await this.#book.put([{ ...current, ...damage }], { sync: false })
    }
    this.#locks.run([this.id], write).catch(() => undefined)
  }

  #message(): Message | undefined {
    return this.#book.get(this.id)
  }
}

/** What is known to be lost of a file, in one sentence. */
function damageOf(message: Message | undefined): string | undefined {
  return message?.isDamaged === true ? (message.error ?? 'A write to it failed.') : undefined
}

function mustFit(size: Bytes): void {
  if (size > largest) throw new FsError('EFBIG', 'S3 takes files of up to 5 TiB.')
}
