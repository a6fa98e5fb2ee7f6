/**
 * Blocks on disk, for files that are read again after a restart or beyond memory. Whatever is wrong with the disk, a reader
 * gets its bytes from the bucket: nothing here fails, and nothing here is waited for when writing.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, rename, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, reasonOf, UsageError } from '../errors.js'
import { inTime, late } from '../patience.js'
import { NotOursError, openOwn, requireOwnFolder, requireUnshared } from '../own-files.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Bytes, Milliseconds } from '../units.js'
import { decodeHead, encodeHead, fileOf, headSize, isIntact, type BlockName } from './disk-block.js'
import { DiskRoom } from './disk-room.js'
import type { DiskUsage } from './objects.js'

export interface DiskCacheOptions {
  /** `--disk-cache` */
  readonly directory: string
  /** `--disk-cache-size` */
  readonly limit: Bytes
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

/** Memory for blocks that wait to be written; what comes beyond is not kept. */
const maxWaiting: Bytes = 32 * 1024 * 1024
const writersAtOnce = 2
/** A disk that takes longer is slower than the bucket. */
const patience: Milliseconds = 1_000
/** After a failed write. */
const pauseAfterFailure: Milliseconds = 60_000

interface Waiting {
  readonly name: BlockName
  readonly bytes: Uint8Array
  readonly done: () => void
}

export class DiskCache {
  readonly #folder: string
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Logger
  readonly #room: DiskRoom
  readonly #waiting: Waiting[] = []
  #waitingBytes: Bytes = 0
  #writers = 0
  /** Until then nothing is written. */
  #pausedUntil: Milliseconds = 0
  /** Until then nothing is read. */
  #deafUntil: Milliseconds = 0
  #hits = 0
  #misses = 0
  #damaged = 0
  #dropped = 0

  private constructor(folder: string, { limit, clock, log }: DiskCacheOptions) {
    this.#folder = folder
    this.#clock = clock
    this.#log = log
    this.#room = new DiskRoom(folder, limit)
  }

  /** @throws UsageError if the directory can't be used */
  static async open(options: DiskCacheOptions): Promise<DiskCache> {
    // The number changes with the format: what another version left is not read, and may be deleted.
    const folder = join(options.directory, 'blocks-1')
    try {
      await mkdir(options.directory, { recursive: true, mode: 0o700 })
      await requireUnshared(options.directory)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await requireOwnFolder(folder)
      await (await openOwn(join(folder, `.${process.pid}.tmp`), 'w')).close()
      await unlink(join(folder, `.${process.pid}.tmp`))
    } catch (cause) {
      if (cause instanceof NotOursError) {
        throw new UsageError(`The directory of --disk-cache can't be trusted: ${cause.message}`)
      }
      const reason = reasonOf(cause)
      throw new UsageError(`The directory of --disk-cache, ${options.directory}, can't be written to (${reason}).`)
    }
    const cache = new DiskCache(folder, options)
    cache.#room.sweep().catch((error: unknown) => cache.#failed(error))
    return cache
  }

  usage(): DiskUsage {
    const { used, limit } = this.#room
    return { used, limit, hits: this.#hits, misses: this.#misses, damaged: this.#damaged, dropped: this.#dropped }
  }

  /**
   * @param name of the block as it was written
   * @param part of it, in bytes of the object: from the beginning of a piece
   * @returns exactly those bytes, verified; undefined if they are not there
   */
  async read(name: BlockName, part = name.range): Promise<Uint8Array | undefined> {
    const bytes = await this.#found(name, part)
    if (bytes) this.#hits += 1
    else this.#misses += 1
    return bytes
  }

  async #found(name: BlockName, part: BlockName['range']): Promise<Uint8Array | undefined> {
    if (this.#clock.monotonic() < this.#deafUntil) return undefined
    try {
      // In memory of its own: a read that is late must not write where others do.
      const bytes = await inTime(this.#read(name, part), patience)
      if (bytes === late) throw new Error('the disk does not answer')
      return bytes
    } catch (error) {
      // Each call that hangs has one of the few threads that write to the spool, too.
      this.#deafUntil = this.#clock.monotonic() + pauseAfterFailure
      this.#failed(error)
      return undefined
    }
  }

  /**
   * Keeps a block, some time later.
   * @param bytes must stay as they are until `done` is called
   */
  write(name: BlockName, bytes: Uint8Array, done: () => void): void {
    if (this.#waitingBytes + bytes.length > maxWaiting || this.#clock.monotonic() < this.#pausedUntil) {
      this.#dropped += 1
      done()
      return
    }
    this.#waitingBytes += bytes.length
    this.#waiting.push({ name, bytes, done })
    if (this.#writers < writersAtOnce) void this.#writeAll()
  }

  async #read(name: BlockName, part: BlockName['range']): Promise<Uint8Array | undefined> {
    const path = join(this.#folder, fileOf(name))
    const file = await openOwn(path, 'r').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (!file) return undefined
    try {
      // Another name for it could be in a folder where others write.
      const { nlink, size } = await file.stat()
      const head = await readAt(file, 0, headSize)
      const checksums = decodeHead(head, name)
      const from = part.start - name.range.start
      const bytes = checksums && (await readAt(file, headSize + from, part.end - part.start))
      if (nlink === 1 && bytes && bytes.length === part.end - part.start && isIntact(bytes, from, checksums)) {
        // Used now: others go first.
        await file.utimes(new Date(), new Date()).catch(() => undefined)
        return bytes
      }
      this.#damaged += 1
      this.#log.warn({ path, key: name.key }, 'A block of the disk cache is damaged: it is fetched again.')
      await unlink(path)
      this.#room.removed(size)
      return undefined
    } finally {
      await file.close()
    }
  }

  async #writeAll(): Promise<void> {
    this.#writers += 1
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await this.#write(next.name, next.bytes)
      } catch (error) {
        this.#failed(error)
      }
      this.#waitingBytes -= next.bytes.length
      next.done()
    }
    this.#writers -= 1
  }

  async #write(name: BlockName, bytes: Uint8Array): Promise<void> {
    const head = encodeHead(name, bytes)
    if (!head || !(await this.#room.hasRoomFor(headSize + bytes.length))) {
      this.#dropped += 1
      return
    }
    const path = join(this.#folder, fileOf(name))
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    // Under a name of its own until it is whole; a crash of the machine in between is found by the checksums.
    const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const file = await openOwn(temporary, 'wx')
      try {
        await file.writev([head, bytes])
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      throw error
    }
    this.#room.wrote(headSize + bytes.length)
  }

  /** The bucket has everything: no reader hears of it. */
  #failed(err: unknown): void {
    if (this.#clock.monotonic() < this.#pausedUntil) return
    this.#pausedUntil = this.#clock.monotonic() + pauseAfterFailure
    this.#log.warn({ err, folder: this.#folder }, 'The disk cache fails: it is left alone for a minute.')
  }
}

async function readAt(file: FileHandle, position: Bytes, length: Bytes): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}
