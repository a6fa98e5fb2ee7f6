/** Spool files under kernel handles: several handles may share one, and the last writer's close decides. */
import { FsError } from '../errors.js'
import type { Clock } from '../telemetry/clock.js'
import type { Bytes } from '../units.js'
import type { Message } from './message.js'
import type { MessageBook } from './message-book.js'
import type { OpenSpoolFile } from './sender.js'
import type { SpoolFile } from './spool.js'

export interface SharedFileOptions {
  readonly id: string
  readonly file: SpoolFile
  readonly book: MessageBook
  readonly clock: Clock
  readonly isNew: boolean
  /** The last writer has released it. `before`: what it was when it was opened, undefined for a new one. */
  readonly onClosed: (isChanged: boolean, before: Message | undefined) => Promise<void>
  /** Nobody has it open any more. */
  readonly onIdle: () => void
}

/** A spool file that is open, with all its handles. */
export class SharedFile {
  readonly id: string
  /** Resolves when nobody has it open any more. */
  readonly idle: Promise<void>
  readonly #file: SpoolFile
  readonly #book: MessageBook
  readonly #clock: Clock
  readonly #onClosed: SharedFileOptions['onClosed']
  readonly #onIdle: () => void
  /** What it was before it was opened for writing. */
  #before: Message | undefined
  #handles = 0
  #writers = 0
  #isChanged: boolean
  /** Whether all that was written was also closed by somebody, and is on disk. */
  #isFlushed = false

  constructor(options: SharedFileOptions) {
    this.id = options.id
    this.#file = options.file
    this.#book = options.book
    this.#clock = options.clock
    this.#isChanged = options.isNew
    this.#onClosed = options.onClosed
    let resolveIdle: () => void = () => undefined
    this.idle = new Promise((resolve) => (resolveIdle = resolve))
    this.#onIdle = () => {
      options.onIdle()
      resolveIdle()
    }
  }

  /** A further handle. */
  handle(options: { readonly write: boolean }): OpenSpoolFile {
    this.#handles += 1
    if (options.write) this.#writers += 1
    const refuse = () => Promise.reject(new FsError('EBADF', 'The file was not opened for writing.'))
    return {
      id: this.id,
      read: (position, length) => this.#file.read(position, length),
      write: options.write ? (bytes, position, signal) => this.#write(bytes, position, signal) : refuse,
      truncate: options.write ? (size) => this.truncate(size) : refuse,
      flush: (signal) => (options.write ? this.#flush(signal) : Promise.resolve()),
      fsync: () => this.#guarded(() => this.#file.sync()),
      release: () => this.#release(options.write),
    }
  }

  /** It leaves the queue, or wherever it was: closed unchanged, it goes back there. */
  reopened(before: Message): void {
    this.#before = before
  }

  /**
   * Nobody has it open, though no release came. What was written after the last close(2) came from a process that is
   * gone, or is out of our sight: then it stays as it is, to be held at the next mount.
   */
  async endWriting(): Promise<void> {
    if (this.#writers === 0 || !this.#isFlushed) return
    this.#writers = 0
    await this.#written()
  }

  async truncate(size: Bytes): Promise<void> {
    if (size === this.#file.size && !this.#isChanged) return
    await this.#guarded(() => this.#file.truncate(size))
    this.#changed()
  }

  async #write(bytes: Uint8Array, position: Bytes, signal: AbortSignal): Promise<number> {
    await this.#answered(signal, () => this.#guarded(() => this.#file.write(bytes, position)))
    this.#changed()
    return bytes.length
  }

  /** Data, folder and journal are on disk when it resolves. A flush before the first byte (`sh -c '… > f'`) has nothing to do. */
  async #flush(signal: AbortSignal): Promise<void> {
    const message = this.#message()
    if (message?.isDamaged === true) throw new FsError('EIO', message.error ?? 'A write to it failed.')
    if (!this.#isChanged || message === undefined) return
    await this.#answered(signal, () =>
      this.#guarded(async () => {
        this.#isFlushed = true
        await this.#file.sync()
        const current = this.#message()
        if (current && current.state !== 'gone') await this.#book.put([current], { sync: this.#file.size > 0 })
      }),
    )
  }

  async #release(isWriter: boolean): Promise<void> {
    if (isWriter) this.#writers -= 1
    if (isWriter && this.#writers === 0) await this.#written()
    this.#handles -= 1
    if (this.#handles > 0) return
    this.#onIdle()
    await this.#file.close()
  }

  /** The last writer is gone. */
  async #written(): Promise<void> {
    const [isChanged, before] = [this.#isChanged, this.#before]
    // What came after the last flush: pages of a mapping, written back late.
    if (isChanged) await this.#guarded(() => this.#file.sync()).catch(() => undefined)
    this.#isChanged = false
    this.#before = undefined
    await this.#onClosed(isChanged, before)
  }

  #changed(): void {
    this.#isChanged = true
    this.#isFlushed = false
    const message = this.#message()
    if (message) this.#book.touch({ ...message, size: this.#file.size, mtime: this.#clock.now() })
  }

  /** What was reported as failed must never be sent, even if it is done later. */
  async #answered<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    const onLate = () => void this.#damage('It was not answered in time: the disk of the state directory hangs.')
    signal.addEventListener('abort', onLate, { once: true })
    try {
      return await act()
    } finally {
      signal.removeEventListener('abort', onLate)
    }
  }

  async #guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      await this.#damage(error instanceof Error ? error.message : String(error))
      throw error
    }
  }

  async #damage(sentence: string): Promise<void> {
    const message = this.#message()
    if (!message || message.isDamaged === true) return
    this.#isChanged = true
    const damaged: Message = { ...message, isDamaged: true, error: `It is not complete. ${sentence}` }
    // At once, and whatever the disk says: it must not be sent now.
    this.#book.touch(damaged)
    await this.#book.put([damaged], { sync: false }).catch(() => undefined)
  }

  #message(): Message | undefined {
    return this.#book.get(this.id)
  }
}
