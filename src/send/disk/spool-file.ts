/** One file of the spool that is open: gathers writes, syncs in the background, and tells of what failed by the next sync. */
import type { FileHandle } from 'node:fs/promises'
import { diskCalls } from '../../journal/disk-calls.js'
import { mostContent } from '../life/contents.js'
import type { Bytes } from '../../units.js'
import { orFsError } from './spool-error.js'
import { WriteBehind, type ChunkPool } from './write-behind.js'

/** So much is written between syncs in the background: the one at close then has little left to do. */
const syncEvery: Bytes = 64 * 1024 * 1024
/** Small files are written at once; memory to gather writes in is for those that go on. */
const writeBehindFrom: Bytes = 256 * 1024

export interface SpoolFileOptions {
  readonly handle: FileHandle
  readonly chunks: ChunkPool
  /** For contents of small files. */
  readonly room: ContentRoom
  /** The folder to sync with the first sync, for a new file. */
  readonly newIn: string | undefined
  readonly size: Bytes
  readonly onClosed: () => void
}

/** Errors of writes may come late: from a later call, at the latest from `sync` or `drain`. */
export class SpoolFile {
  readonly #handle: FileHandle
  readonly #behind: WriteBehind
  readonly #onClosed: () => void
  #newIn: string | undefined
  #size: Bytes
  #written: Bytes = 0
  #unsynced: Bytes = 0
  #isDirty: boolean
  /** All that is in it, where that is little, and was written from its beginning to its end. */
  #content: SmallContent | undefined
  readonly #room: ContentRoom
  #writing = 0
  #lastSync: Promise<void> = Promise.resolve()
  #background: Promise<void> = Promise.resolve()

  constructor({ handle, chunks, room, newIn, size, onClosed }: SpoolFileOptions) {
    this.#handle = handle
    this.#onClosed = onClosed
    this.#behind = new WriteBehind(handle, chunks)
    this.#newIn = newIn
    this.#size = size
    this.#isDirty = newIn !== undefined
    this.#room = room
    this.#content = newIn === undefined ? undefined : new SmallContent(room)
  }

  get size(): Bytes {
    return this.#size
  }

  /** It is small, was never synced, and all of it is known. */
  get isSmall(): boolean {
    return this.#isDirty && this.#newIn !== undefined && this.#writing === 0 && this.#content !== undefined
  }

  /** All of one that is small; undefined of any other. */
  get unsynced(): Buffer | undefined {
    return this.isSmall ? this.#content?.bytes : undefined
  }

  async read(position: Bytes, length: Bytes): Promise<Uint8Array> {
    return orFsError(async () => {
      await this.#behind.drain()
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    })
  }

  /** Takes all of it, or throws. */
  async write(bytes: Uint8Array, position: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      const length = bytes.length
      if (this.#content?.add(bytes, position) === false) this.#dropContent()
      await this.#whileWriting(async () => {
        await this.#behind.write(bytes, position)
        this.#written += length
        if (this.#written < writeBehindFrom) await this.#behind.drain()
      })
      this.#size = Math.max(this.#size, position + length)
      this.#syncInBackground(length)
    })
  }

  /** All that was taken is in the file (not yet on disk) when it resolves. */
  async drain(): Promise<void> {
    await orFsError(() => this.#behind.drain())
  }

  /** Of one that was drained. Where there is no room (ENOSPC, EFBIG), the file is as it was. */
  async truncate(size: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      this.#dropContent()
      await this.#handle.truncate(size)
      this.#size = size
      if (size === 0 && this.#newIn !== undefined) this.#content = new SmallContent(this.#room)
    })
  }

  /** Cuts it to nothing, whatever failed before: what is written from now on is all of it. */
  async clear(): Promise<void> {
    await this.#behind.reset()
    await this.#lastSync.catch(() => undefined)
    await this.#background.catch(() => undefined)
    this.#background = Promise.resolve()
    this.#written = 0
    await this.truncate(0)
  }

  /** All that was written so far is on disk when it resolves; whoever comes meanwhile waits for the same. */
  sync(): Promise<void> {
    if (this.#isDirty) {
      this.#isDirty = false
      const before = this.#lastSync.catch(() => undefined)
      this.#lastSync = before.then(() => this.#sync())
    }
    return this.#lastSync
  }

  async close(): Promise<void> {
    await this.#behind.drain().catch(() => undefined)
    await this.#background.catch(() => undefined)
    this.#dropContent()
    // Closed or not, the descriptor is gone: close(2) fails for what was written, of which `sync` has told.
    await this.#handle.close().finally(this.#onClosed)
  }

  async #whileWriting(act: () => Promise<void>): Promise<void> {
    this.#writing += 1
    try {
      await act()
    } catch (error) {
      this.#dropContent()
      throw error
    } finally {
      this.#writing -= 1
    }
  }

  #dropContent(): void {
    this.#content?.drop()
    this.#content = undefined
  }

  async #sync(): Promise<void> {
    try {
      await orFsError(async () => {
        await this.#behind.drain()
        await this.#background
        if (this.#newIn === undefined) await this.#handle.datasync()
        else await diskCalls.syncNew(this.#handle, this.#newIn)
        this.#newIn = undefined
      })
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  #syncInBackground(written: Bytes): void {
    this.#unsynced += written
    if (this.#unsynced < syncEvery) return
    this.#unsynced = 0
    const before = this.#background
    this.#background = before.then(() => this.#handle.datasync())
    // Its failure is thrown by the next sync.
    this.#background.catch(() => undefined)
  }
}

/** Memory for the contents of all small files that are open. */
export class ContentRoom {
  #left: Bytes

  constructor(limit: Bytes) {
    this.#left = limit
  }

  /** @returns false: there is not so much */
  take(length: Bytes): boolean {
    if (length > this.#left) return false
    this.#left -= length
    return true
  }

  give(length: Bytes): void {
    this.#left += length
  }
}

/** Bytes that come one after the other, as long as they are few. */
class SmallContent {
  readonly #room: ContentRoom
  readonly #parts: Uint8Array[] = []
  #length: Bytes = 0

  constructor(room: ContentRoom) {
    this.#room = room
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }

  /** Takes a copy. @returns false: they are not what comes next, or too many */
  add(bytes: Uint8Array, position: Bytes): boolean {
    if (position !== this.#length || position + bytes.length > mostContent || !this.#room.take(bytes.length))
      return false
    this.#parts.push(Uint8Array.from(bytes))
    this.#length += bytes.length
    return true
  }

  drop(): void {
    this.#room.give(this.#length)
    this.#length = 0
  }
}
