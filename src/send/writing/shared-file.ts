/** A spool file that is open, under all its handles: several processes may write to it, and the last one's close decides. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError, type FsErrorCode } from '../../errors.js'
import type { Bytes } from '../../units.js'
import type { Write } from '../disk/book.js'
import type { SpoolFile } from '../disk/spool-file.js'
import { orFsError } from '../disk/spool-error.js'
import type { Close, OpenSpoolFile } from '../sender.js'
import type { LastCloses } from './last-closes.js'
import { ReadingHandle, WritingHandle } from './spool-handles.js'
import type { Writer } from './writers.js'
import { notInTime } from './damage.js'
import type { WritingSession } from './writing-session.js'

export interface SharedFileOptions {
  readonly file: SpoolFile
  readonly session: WritingSession
  readonly lastCloses: LastCloses
  /** Of a new file: nobody has ever got it, and it goes again. */
  readonly forget?: () => Promise<void>
  /** Nobody has it open any more. */
  readonly onIdle: () => void
}

/** No object of S3 is larger. */
const largest: Bytes = 5 * 1024 ** 4
/** What a truncate that leaves the file as it was may fail with. */
const withoutRoom: readonly FsErrorCode[] = ['ENOSPC', 'EFBIG']

export class SharedFile {
  readonly session: WritingSession
  /** Resolves when nobody has it open any more. */
  readonly idle: Promise<void>
  readonly #file: SpoolFile
  readonly #lastCloses: LastCloses
  readonly #forget: (() => Promise<void>) | undefined
  readonly #onIdle: () => void
  #handles = 0
  /** How often it was changed, and how often when it was last put on disk by a flush; negative: never. */
  #changes = 0
  #flushedChanges = -1

  constructor({ file, session, lastCloses, forget, onIdle }: SharedFileOptions) {
    this.session = session
    this.#file = file
    this.#lastCloses = lastCloses
    this.#forget = forget
    let resolveIdle: () => void = () => undefined
    this.idle = new Promise((resolve) => (resolveIdle = resolve))
    this.#onIdle = () => {
      onIdle()
      resolveIdle()
    }
  }

  get size(): Bytes {
    return this.#file.size
  }

  /** A further handle. */
  handle(options: { readonly write: boolean }): OpenSpoolFile {
    this.#handles += 1
    return options.write ? new WritingHandle(this, this.session.writers.opened()) : new ReadingHandle(this)
  }

  /** It is in the spool, whatever becomes of its name. @throws FsError ENOSPC, EIO */
  async made(): Promise<void> {
    await orFsError(() => this.#file.made())
  }

  read(position: Bytes, length: Bytes): Promise<Uint8Array> {
    return this.#file.read(position, length)
  }

  async write(writer: Writer, bytes: Uint8Array, position: Bytes, signal: CancelSignal): Promise<number> {
    const { damage } = this.session
    mustFit(position + bytes.length)
    damage.mustBeWhole()
    writer.wrote()
    this.#changes += 1
    const { length } = bytes
    await damage.guardAnswer(signal, () => this.#write(bytes, position))
    this.session.written(this.#file.size)
    return length
  }

  /** @param write of who has locked it */
  async truncate(size: Bytes, signal: CancelSignal, write?: Write): Promise<void> {
    const { damage, message, isChanged } = this.session
    mustFit(size)
    const isLate = (): boolean => signal.aborted
    if (isLate()) throw notInTime()
    if (size === 0 && damage.sentence !== undefined) return this.#beginAnew(signal, write)
    damage.mustBeWhole()
    const isCutOff = size === 0 && message.current?.killedBy !== undefined
    if (size === this.#file.size && !isChanged && !isCutOff) return
    this.#changes += 1
    await damage.guardAnswer(signal, async () => {
      await message.writtenAgain(write)
      await this.#file.drain()
    })
    await damage.guardAnswer(signal, () => this.#file.truncate(size), withoutRoom)
    if (size === 0 && !isLate()) this.session.emptied()
    else this.session.written(size)
  }

  /** @param signal aborted when it is reported as failed; undefined: nobody waits */
  sync(signal?: CancelSignal): Promise<void> {
    const { damage, message } = this.session
    const act = async (): Promise<void> => {
      await this.#file.sync()
      await message.madeKnown()
    }
    return signal ? damage.guardAnswer(signal, act) : damage.guard(act)
  }

  /**
   * close(2) of one descriptor: data, folder and journal are on disk when it resolves. Before the first byte
   * (`sh -c '… > f'`) there is nothing to do.
   */
  async flush(writer: Writer, close: Close, signal: CancelSignal): Promise<void> {
    const { damage, message, isChanged, before } = this.session
    // One that had failed before it was opened may be closed as it was.
    if (isChanged) damage.mustBeWhole()
    if (message.current === undefined) return
    // Asked at once, while the process is there.
    const known = writer.closed(close, (killedBy) => message.writerKilled(killedBy))
    // One that waited to be sent, and was opened for writing without a write, waits again.
    if (!isChanged && before?.state !== 'queued') return known
    await damage.guardAnswer(signal, () => this.#flushed(known))
  }

  /** The only handle is nobody's. Never throws: a new file of which that can't be written down is empty, as any that was left. */
  async disowned(): Promise<void> {
    if (this.#handles > 1) return
    if (this.#forget && this.#changes === 0) await this.#forget().catch(() => undefined)
    // It was cut when it was opened.
    else if (this.session.isChanged) this.session.damage.unanswered()
  }

  /** The kernel's word that a handle is closed by all who had it. @param writer undefined: one that could only read */
  async release(writer: Writer | undefined): Promise<void> {
    await writer?.known()
    if (writer && this.session.writers.released(writer)) await this.#closedByAll()
    this.#handles -= 1
    if (this.#handles > 0) return
    this.#onIdle()
    await this.#file.close()
  }

  /**
   * Nobody writes to it any more, though no release came. What was written after the last close(2) came from a process that is
   * gone, or is out of our sight: then it stays as it is, to be held at the next mount.
   * @param isProof nobody has it open; else those may whose calls come no more
   */
  async endWriting(isProof: boolean): Promise<void> {
    const { writers, isFlushed, message } = this.session
    if (writers.isEmpty || !(message.isComplete || (isProof && isFlushed))) return
    writers.end()
    await this.#closedByAll()
  }

  /** The last writer is gone. */
  async #closedByAll(): Promise<void> {
    if (this.session.isChanged && this.#changes !== this.#flushedChanges)
      await this.#syncedLate().catch(() => undefined)
    await this.#lastCloses.of(this.session)
  }

  /** What came after the last flush: pages of a mapping, written back late. */
  async #syncedLate(): Promise<void> {
    await this.sync()
    const { message } = this.session
    if (message.isContentKept) await message.flushed(this.#file, () => false)
  }

  /** @param known how it is closed */
  async #flushed(known: Promise<void>): Promise<void> {
    const { message, writers } = this.session
    this.session.flushed()
    const isSmall = this.#file.isSmall && message.hasRoomFor(this.#file.size)
    if (!isSmall) await this.#file.sync()
    await known
    const changes = this.#changes
    const isComplete = await message.flushed(this.#file, () => writers.areClosed)
    this.#flushedChanges = changes
    if (isComplete) writers.expectRelease()
  }

  async #write(bytes: Uint8Array, position: Bytes): Promise<void> {
    const { message } = this.session
    if (!message.isComplete) return this.#file.write(bytes, position)
    const copy = Buffer.from(bytes)
    await message.writtenAgain()
    return this.#file.write(copy, position)
  }

  /** Whatever of it was lost is not in it any more. */
  async #beginAnew(signal: CancelSignal, write: Write | undefined): Promise<void> {
    await this.session.damage.guardAnswer(signal, async () => {
      await this.session.message.writtenAgain(write)
      await this.#file.clear()
    })
    if (!signal.aborted) this.session.emptied()
  }
}

function mustFit(size: Bytes): void {
  if (size > largest) throw new FsError('EFBIG', 'S3 takes files of up to 5 TiB.')
}
