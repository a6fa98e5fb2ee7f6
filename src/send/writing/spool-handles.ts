/** What one handle of the kernel's may do with a file of the spool that it shares with others. */
import type { CancelSignal } from '../../cancellation.js'
import { FsError } from '../../errors.js'
import type { Bytes } from '../../units.js'
import type { Close, OpenSpoolFile } from '../sender.js'
import type { SharedFile } from './shared-file.js'
import type { Writer } from './writers.js'

/** What every handle may do. */
class SpoolHandle {
  protected readonly file: SharedFile

  constructor(file: SharedFile) {
    this.file = file
  }

  get id(): string {
    return this.file.session.id
  }

  read(position: Bytes, length: Bytes): Promise<Uint8Array> {
    return this.file.read(position, length)
  }
}

export class ReadingHandle extends SpoolHandle implements OpenSpoolFile {
  write(): Promise<number> {
    return Promise.reject(notForWriting())
  }

  truncate(): Promise<void> {
    return Promise.reject(notForWriting())
  }

  /** Whoever it is that reads, what others have written is not lost with his patience. */
  fsync(): Promise<void> {
    return this.file.sync()
  }

  /** Nothing of its can be lost. */
  flush(): Promise<void> {
    return Promise.resolve()
  }

  release(): Promise<void> {
    return this.file.release(undefined)
  }

  disown(): Promise<void> {
    return this.release()
  }
}

export class WritingHandle extends SpoolHandle implements OpenSpoolFile {
  readonly #writer: Writer

  constructor(file: SharedFile, writer: Writer) {
    super(file)
    this.#writer = writer
  }

  write(bytes: Uint8Array, position: Bytes, signal: CancelSignal): Promise<number> {
    return this.file.write(this.#writer, bytes, position, signal)
  }

  truncate(size: Bytes, signal: CancelSignal): Promise<void> {
    return this.file.truncate(size, signal)
  }

  fsync(signal: CancelSignal): Promise<void> {
    return this.file.sync(signal)
  }

  flush(close: Close, signal: CancelSignal): Promise<void> {
    return this.file.flush(this.#writer, close, signal)
  }

  release(): Promise<void> {
    return this.file.release(this.#writer)
  }

  async disown(): Promise<void> {
    await this.file.disowned()
    await this.release()
  }
}

function notForWriting(): FsError {
  return new FsError('EBADF', 'The file was not opened for writing.')
}
