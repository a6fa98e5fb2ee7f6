/**
 * The spool: what was written to `send/`, one file for each, until it is in the bucket. Small ones that the journal has need none;
 * they are made when somebody needs more of them than their bytes.
 */
import { constants, createReadStream } from 'node:fs'
import { rename, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { abortSignalOf, type CancelSignal } from '../../cancellation.js'
import { syncFolder } from '../../durable-file.js'
import { isDiskFull } from '../../errors.js'
import { writeAll } from '../../journal/write-all.js'
import { openOwn } from '../../own-files.js'
import { makeFolders } from '../../own-folders.js'
import type { ByteRange } from '../../s3/store.js'
import type { Logger } from '../../telemetry/log.js'
import type { Bytes } from '../../units.js'
import type { Descriptors } from './descriptors.js'
import { closeData, openData, openIfThere, sizeAt, sizesIn, startOf } from './data-files.js'
import { KeptContents } from '../life/contents.js'
import { Removals } from './removals.js'
import { orFsError } from './spool-error.js'
import { AmpleRoom, type Room } from './ample-room.js'
import { ContentRoom } from './small-content.js'
import { SpoolFile, type SpoolFileOptions } from './spool-file.js'
import { UnmadeFiles } from './unmade-files.js'
import { ChunkPool } from './write-behind.js'

/** Others need libuv's threads, too. */
const syncsAtOnce = 2
/** For all files that are written at the same time. */
const writeBehindMemory: Bytes = 32 * 1024 * 1024

/** The same of small ones, until they are closed. */
const contentMemory: Bytes = 8 * 1024 * 1024

export interface SpoolOptions {
  readonly directory: string
  /** For what is open under handles of the kernel. */
  readonly descriptors: Descriptors
  /** Of the disk that the directory is on, by default. */
  readonly room?: Room | undefined
  readonly log: Logger
}

export class Spool {
  /** What the journal has of small files, whose own data may not be on disk. */
  readonly contents = new KeptContents()
  readonly #data: string
  readonly #strangers: string
  readonly #descriptors: Descriptors
  readonly #chunks = new ChunkPool(writeBehindMemory)
  readonly #contentRoom = new ContentRoom(contentMemory)
  readonly #unmade = new UnmadeFiles()
  /** Of those that were closed, by their ids. */
  readonly #making = new Map<string, Promise<void>>()
  readonly #room: Room
  readonly #removals: Removals

  private constructor({ directory, descriptors, log, room }: SpoolOptions) {
    this.#descriptors = descriptors
    this.#removals = new Removals({ pathOf: (id) => this.#path(id), log })
    this.#data = join(directory, 'data')
    this.#room = room ?? new AmpleRoom(this.#data)
    this.#strangers = join(directory, 'lost+found')
  }

  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options)
    await makeFolders(spool.#data)
    await spool.#room.look()
    return spool
  }

  async sizes(): Promise<Map<string, Bytes>> {
    return sizesIn(this.#data)
  }

  /** Whether files need not be made at once. */
  get hasRoom(): boolean {
    return this.#room.isAmple
  }

  /**
   * It is made when it has to be; at once where room is short.
   * @param named resolves when the journal knows of it: it is not made before
   * @throws FsError ENOSPC, EMFILE, EIO
   */
  async create(id: string, named?: () => Promise<void>): Promise<SpoolFile> {
    await this.#removals.keep(id)
    this.#descriptors.take()
    const file = this.#file(id, { handle: undefined, size: 0, named })
    this.#unmade.opened(id, file)
    if (this.#room.isAmple) return file
    try {
      await orFsError(() => file.made(), id)
      return file
    } catch (error) {
      this.#unmade.delete(id)
      this.#descriptors.give()
      throw error
    }
  }

  /** To read: of what the journal alone has no file is made. @throws FsError EMFILE, EIO */
  async read(id: string): Promise<SpoolFile> {
    const kept = this.#unmade.has(id) ? this.contents.bytes(id) : undefined
    if (!kept) return this.open(id)
    this.#descriptors.take()
    return this.#file(id, { handle: undefined, kept, size: kept.length })
  }

  /**
   * To write.
   * @param isLost whether its data may be gone: then the file is made anew
   * @throws FsError ENOSPC, EMFILE, EIO
   */
  async open(id: string, { isLost } = { isLost: false }): Promise<SpoolFile> {
    await this.#removals.keep(id)
    await orFsError(() => this.#made(id), id)
    if (isLost && (await this.size(id)) === undefined) return this.create(id)
    const handle = await this.#opened(id)
    try {
      const { size } = await orFsError(() => handle.stat(), id)
      return this.#file(id, { handle, size })
    } catch (error) {
      await handle.close()
      this.#descriptors.give()
      throw error
    }
  }

  /** Whether nothing of one that is open outlives the process. */
  isInMemory(id: string): boolean {
    return this.#unmade.file(id) !== undefined && this.contents.get(id) === undefined
  }

  /** @returns undefined if it is not there */
  async size(id: string): Promise<Bytes | undefined> {
    if (this.#unmade.has(id)) return this.#unmade.file(id)?.size ?? this.contents.bytes(id)?.length
    return sizeAt(this.#path(id))
  }

  /** Makes a file of a stream, in place of what there is, on disk when it resolves. @returns its size */
  async store(id: string, body: Readable, signal: CancelSignal): Promise<Bytes> {
    await this.#removals.keep(id)
    this.#unmade.delete(id)
    return orFsError(async () => {
      const handle = await openOwn(this.#path(id), 'w')
      try {
        await writeFile(handle, body, { signal: abortSignalOf(signal) })
        await handle.sync()
        await syncFolder(this.#data)
        return (await handle.stat()).size
      } finally {
        await handle.close()
      }
    }, id)
  }

  /**
   * At a start, when nobody writes to anything: files hold what the journal has of them, on disk, when it resolves. Those that are
   * not there need not be: the journal goes on having them.
   * @returns how many had lost it
   * @throws the disk's own error
   */
  async restore(): Promise<number> {
    for (const id of this.contents.ids) if ((await this.size(id)) === undefined) this.#unmade.found(id)
    const there = this.contents.ids.filter((id) => !this.#unmade.has(id))
    const lost = await this.settle(there, true)
    for (const id of there) this.contents.drop(id)
    return lost
  }

  /**
   * Files hold what the journal has of them, on disk, when it resolves. They are written once more: a disk that has failed to write them
   * in the background tells of it once, and whoever syncs them after that is told that all is well.
   * @param isStart nobody writes to any of them
   * @returns how many had lost it
   * @throws the disk's own error
   */
  async settle(ids: readonly string[], isStart = false): Promise<number> {
    let lost = 0
    for (let i = 0; i < ids.length; i += syncsAtOnce) {
      const some = ids
        .slice(i, i + syncsAtOnce)
        .map((id) => this.#settled(id, isStart).catch(() => this.#settled(id, isStart)))
      for (const wasLost of await Promise.all(some)) if (wasLost) lost += 1
    }
    if (ids.length > 0) await syncFolder(this.#data)
    return lost
  }

  /** A new stream over a part of a file. */
  stream(id: string, range: ByteRange): Readable {
    if (range.start === range.end) return Readable.from([])
    // A disk may fail to write a file that was never synced.
    const content = this.contents.bytes(id)
    if (content && content.length >= range.end) return Readable.from([content.subarray(range.start, range.end)])
    // `end` of a file stream is inclusive.
    const { O_RDONLY, O_NOFOLLOW } = constants
    return createReadStream(this.#path(id), {
      start: range.start,
      end: range.end - 1,
      highWaterMark: 256 * 1024,
      // The declared type knows names alone.
      flags: (O_RDONLY | O_NOFOLLOW) as unknown as string,
    })
  }

  /** What nobody needs any more. Never throws: what can't be removed now is told, and tried again. */
  async remove(id: string): Promise<void> {
    // Whoever makes it just now takes it away again.
    if (!this.#unmade.delete(id)) await this.#removals.remove(id)
  }

  /** Whether it should be gone, and is not. */
  isLeft(id: string): boolean {
    return this.#removals.isLeft(id)
  }

  /** What is open is made, and outlives the process; nothing is removed any more. */
  async close(): Promise<void> {
    await this.#unmade.end()
    await this.#removals.close()
  }

  /** Puts a file that the journal does not know where a person finds it. @returns its new path */
  async putAside(id: string): Promise<string> {
    await makeFolders(this.#strangers)
    const path = join(this.#strangers, id)
    await rename(this.#path(id), path)
    return path
  }

  /** @returns whether it had lost it */
  async #settled(id: string, isStart: boolean): Promise<boolean> {
    const open = this.#unmade.file(id)
    if (open) {
      await open.sync()
      return false
    }
    if (await this.#made(id, 'synced')) return false
    const path = this.#path(id)
    // Asked at the last moment: somebody may have begun to write to it.
    const wantedOf = (found: Uint8Array | undefined): Buffer | undefined =>
      !isStart && this.contents.isOpen(id) ? undefined : this.contents.wantedOf(id, found)
    const there = await openIfThere(path)
    const file = there ?? (wantedOf(undefined) && (await openOwn(path, 'w')))
    if (!file) return false
    try {
      const found = there && (await startOf(there))
      const wanted = wantedOf(found)
      const isThere = found !== undefined && wanted?.equals(found.subarray(0, wanted.length)) !== false
      if (!isThere) await file.truncate()
      // Where there is no room to write it once more, that it is there has to do.
      if (wanted) await writeAll(file, wanted, 0).catch((error: unknown) => unlessFull(error, isThere))
      await file.datasync()
      return !isThere
    } finally {
      await file.close()
    }
  }

  async #opened(id: string): Promise<FileHandle> {
    this.#descriptors.take()
    try {
      return await orFsError(() => openData(this.#path(id)), id)
    } catch (error) {
      this.#descriptors.give()
      throw error
    }
  }

  #file(
    id: string,
    {
      named,
      ...options
    }: Pick<SpoolFileOptions, 'handle' | 'kept' | 'size'> & { readonly named?: (() => Promise<void>) | undefined },
  ): SpoolFile {
    const makeKept = async (): Promise<FileHandle> => {
      await this.#made(id)
      return openOwn(this.#path(id), 'r+')
    }
    return new SpoolFile({
      ...options,
      make: options.kept ? makeKept : (content) => this.#make(id, content, named),
      isNeeded: () => this.#unmade.has(id) && this.contents.get(id) === undefined,
      folder: this.#data,
      chunks: this.#chunks,
      room: this.#contentRoom,
      onClosed: () => {
        this.#descriptors.give()
        this.#unmade.closed(id)
      },
    })
  }

  /** One that is not made is, with all that is known of it. @returns whether that was done here */
  async #made(id: string, until: 'written' | 'synced' = 'written'): Promise<boolean> {
    const open = this.#unmade.file(id)
    if (open) await open.made()
    const making = this.#making.get(id)
    if (making) await making
    const content = this.#unmade.has(id) ? this.contents.bytes(id) : undefined
    if (!content) return false
    const made = this.#make(id, content).then((handle) => closeData(handle, until))
    this.#making.set(id, made)
    await made.finally(() => this.#making.delete(id))
    return true
  }

  /** All of it, or nothing; nothing under its name, if nobody needs it any more. */
  async #make(id: string, content: Uint8Array, named?: () => Promise<void>): Promise<FileHandle> {
    await named?.()
    await this.#removals.keep(id)
    const handle = await openOwn(this.#path(id), 'wx+').catch((error: unknown) => this.#notMade(error))
    try {
      await writeAll(handle, content, 0)
    } catch (error) {
      await handle.close()
      await this.#removals.remove(id)
      return this.#notMade(error)
    }
    if (!this.#unmade.delete(id)) await this.#removals.remove(id)
    return handle
  }

  #notMade(error: unknown): never {
    if (isDiskFull(error)) this.#room.failed()
    throw error
  }

  #path(id: string): string {
    return join(this.#data, id)
  }
}

function unlessFull(error: unknown, isForgiven: boolean): void {
  if (!isForgiven || !isDiskFull(error)) throw error
}
