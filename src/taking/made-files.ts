/** Contents of what programs make in new/, lock files above all: in files of the state directory, never sent anywhere. */
import { readdir, stat, unlink, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, FsError, isDiskFull } from '../errors.js'
import { writeAll } from '../journal/write-all.js'
import { openOwn } from '../own-files.js'
import type { Bytes, EpochMs } from '../units.js'
import type { MadeNumber } from './marks.js'

const most: Bytes = 1024 * 1024
const mostInAll: Bytes = 16 * 1024 * 1024
/** Empty ones take no bytes. */
const mostFiles = 20_000

interface Made {
  size: Bytes
  mtime: EpochMs
  opens: number
  /** While it is open. */
  file: Promise<FileHandle> | undefined
  /** It has no name any longer: it goes at its last close. */
  isNameless: boolean
}

export class MadeFiles {
  readonly #directory: string
  readonly #files = new Map<MadeNumber, Made>()
  #bytes: Bytes = 0
  #last = 0

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** @param named those that have a name: whatever else is there was being made, or removed, when the daemon ended */
  static async open(directory: string, named: ReadonlySet<MadeNumber>): Promise<MadeFiles> {
    const files = new MadeFiles(directory)
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      if (!named.has(Number(name))) await unlink(path)
      else files.#note(Number(name), await stat(path))
    }
    // One whose content was lost with the power is empty.
    for (const number of named) if (!files.#files.has(number)) files.#note(number, { size: 0, mtimeMs: 0 })
    return files
  }

  /** Of one that has a name or is open. */
  of(number: MadeNumber): { readonly size: Bytes; readonly mtime: EpochMs } | undefined {
    return this.#files.get(number)
  }

  /** A new one, without a name yet. @throws FsError ENOSPC, EIO or EMFILE */
  async make(): Promise<MadeNumber> {
    if (this.#files.size >= mostFiles)
      throw new FsError('ENOSPC', `new/ keeps at most ${mostFiles} files that were made in it.`)
    const number = (this.#last += 1)
    this.#note(number, { size: 0, mtimeMs: Date.now() })
    const file = await this.#try(() => openOwn(this.#path(number), 'w')).catch((error: unknown) => {
      this.#files.delete(number)
      throw error
    })
    await file.close()
    return number
  }

  /** Its last name is gone. */
  async nameless(number: MadeNumber): Promise<void> {
    const made = this.#files.get(number)
    if (!made) return
    made.isNameless = true
    if (made.opens === 0) await this.#remove(number, made)
  }

  async open(number: MadeNumber): Promise<void> {
    const made = this.#get(number)
    made.opens += 1
    made.file ??= this.#try(() => openOwn(this.#path(number), 'r+'))
    try {
      await made.file
    } catch (error) {
      made.opens -= 1
      made.file = undefined
      throw error
    }
  }

  async close(number: MadeNumber): Promise<void> {
    const made = this.#get(number)
    made.opens -= 1
    if (made.opens > 0) return
    const { file } = made
    made.file = undefined
    await (await file)?.close()
    if (made.isNameless) await this.#remove(number, made)
  }

  async read(number: MadeNumber, position: Bytes, length: Bytes): Promise<Uint8Array> {
    const { size } = this.#get(number)
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - position)))
    const file = await this.#file(number)
    const { bytesRead } = await this.#try(() => file.read(bytes, 0, bytes.length, position))
    return bytes.subarray(0, bytesRead)
  }

  /** @param bytes are copied before this returns its promise. @throws FsError ENOSPC above what is kept */
  async write(number: MadeNumber, bytes: Uint8Array, position: Bytes): Promise<number> {
    const made = this.#get(number)
    const copy = Buffer.from(bytes)
    const end = position + copy.length
    await this.#sized(made, Math.max(made.size, end), async () => {
      const file = await this.#file(number)
      await writeAll(file, copy, position)
    })
    return copy.length
  }

  async truncate(number: MadeNumber, size: Bytes): Promise<void> {
    const made = this.#get(number)
    await this.open(number)
    try {
      await this.#sized(made, size, async () => (await this.#file(number)).truncate(size))
    } finally {
      await this.close(number)
    }
  }

  async sync(number: MadeNumber): Promise<void> {
    const file = await this.#file(number)
    await this.#try(() => file.sync())
  }

  async setMtime(number: MadeNumber, mtime: EpochMs): Promise<void> {
    const made = this.#get(number)
    await this.#try(() => utimes(this.#path(number), mtime / 1000, mtime / 1000))
    made.mtime = mtime
  }

  /** What it takes is counted before it is written, and no more than it takes afterwards. */
  async #sized(made: Made, size: Bytes, write: () => Promise<void>): Promise<void> {
    const before = made.size
    if (size > most || this.#bytes - before + size > mostInAll) {
      throw new FsError('ENOSPC', 'new/ keeps at most 1 MiB of a file that is made in it, and 16 MiB of all together.')
    }
    this.#bytes += size - before
    made.size = size
    try {
      await this.#try(write)
      made.mtime = Date.now()
    } catch (error) {
      this.#bytes -= size - before
      made.size = before
      throw error
    }
  }

  async #remove(number: MadeNumber, made: Made): Promise<void> {
    this.#files.delete(number)
    this.#bytes -= made.size
    // If it stays, it is nobody's: the next start removes it.
    await unlink(this.#path(number)).catch(() => undefined)
  }

  #note(number: MadeNumber, { size, mtimeMs }: { readonly size: Bytes; readonly mtimeMs: EpochMs }): void {
    // Times that were set are kept by the system as fractions of a second, which may be a little less.
    this.#files.set(number, { size, mtime: Math.round(mtimeMs), opens: 0, file: undefined, isNameless: false })
    this.#bytes += size
    this.#last = Math.max(this.#last, number)
  }

  #get(number: MadeNumber): Made {
    const made = this.#files.get(number)
    if (!made) throw new FsError('ENOENT', 'It was removed.')
    return made
  }

  #file(number: MadeNumber): Promise<FileHandle> {
    const { file } = this.#get(number)
    if (!file) throw new FsError('EBADF', 'It is not open.')
    return file
  }

  #path(number: MadeNumber): string {
    return join(this.#directory, String(number))
  }

  async #try<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (cause) {
      if (cause instanceof FsError) throw cause
      if (isDiskFull(cause)) throw new FsError('ENOSPC', 'The disk of the state directory is full.', { cause })
      if (codeOf(cause) === 'EMFILE') throw new FsError('EMFILE', 'Too many files are open.', { cause })
      throw new FsError('EIO', 'The state directory can’t be written.', { cause })
    }
  }
}
