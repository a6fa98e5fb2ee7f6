/** One file of the spool that is open: gathers writes, syncs in the background, and tells of what failed by the next sync. */
import type { FileHandle } from 'node:fs/promises'
import { diskCalls } from '../../journal/disk-calls.js'
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
  #lastSync: Promise<void> = Promise.resolve()
  #background: Promise<void> = Promise.resolve()

  constructor({ handle, chunks, newIn, size, onClosed }: SpoolFileOptions) {
    this.#handle = handle
    this.#onClosed = onClosed
    this.#behind = new WriteBehind(handle, chunks)
    this.#newIn = newIn
    this.#size = size
    this.#isDirty = newIn !== undefined
  }

  get size(): Bytes {
    return this.#size
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
      await this.#behind.write(bytes, position)
      this.#written += length
      if (this.#written < writeBehindFrom) await this.#behind.drain()
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
      await this.#handle.truncate(size)
      this.#size = size
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
    // Closed or not, the descriptor is gone: close(2) fails for what was written, of which `sync` has told.
    await this.#handle.close().finally(this.#onClosed)
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
