/**
 * One file of the spool that is open: gathers writes, syncs in the background, and tells of what failed by the next sync.
 * A new one is made on disk when it needs to be: a small one that is written and closed at once never is, as the journal has it.
 */
import type { FileHandle } from 'node:fs/promises'
import { diskCalls } from '../../journal/disk-calls.js'
import type { Bytes } from '../../units.js'
import { SmallContent, type ContentRoom } from './small-content.js'
import { orFsError } from './spool-error.js'
import { WriteBehind, type ChunkPool } from './write-behind.js'

/** So much is written between syncs in the background: the one at close then has little left to do. */
const syncEvery: Bytes = 64 * 1024 * 1024
/** Small files are written at once; memory to gather writes in is for those that go on. */
const writeBehindFrom: Bytes = 256 * 1024

export interface SpoolFileOptions {
  /** Of one that is there; undefined: it is not made yet. */
  readonly handle: FileHandle | undefined
  /** Of one that the journal alone has: all of it. */
  readonly kept?: Buffer | undefined
  /** Makes one that is not made, with what it holds so far; all of that, or nothing. */
  readonly make: (content: Uint8Array) => Promise<FileHandle>
  /** Whether one that was never made is lost if it is not made now. */
  readonly isNeeded: () => boolean
  readonly chunks: ChunkPool
  /** For contents of small files. */
  readonly room: ContentRoom
  /** The folder that new ones are made in, to be synced with their first sync. */
  readonly folder: string
  readonly size: Bytes
  readonly onClosed: () => void
}

interface Made {
  readonly handle: FileHandle
  readonly behind: WriteBehind
}

/** Errors of writes may come late: from a later call, at the latest from `sync` or `drain`. */
export class SpoolFile {
  readonly #options: SpoolFileOptions
  /** Undefined: it is in memory alone. */
  #made: Made | undefined
  #making: Promise<Made> | undefined
  /** Its name may not be on disk. */
  #isNew: boolean
  #size: Bytes
  #written: Bytes = 0
  #unsynced: Bytes = 0
  #isDirty: boolean
  /** All that is in it, where that is little, and was written from its beginning to its end. Of a new one that is not made: always. */
  #content: SmallContent | undefined
  #writing = 0
  #lastSync: Promise<void> = Promise.resolve()
  #background: Promise<void> = Promise.resolve()

  constructor(options: SpoolFileOptions) {
    this.#options = options
    this.#made = options.handle && this.#madeOf(options.handle)
    this.#isNew = options.handle === undefined && options.kept === undefined
    this.#isDirty = this.#isNew
    this.#size = options.size
    this.#content = this.#isNew ? new SmallContent(options.room) : undefined
  }

  get size(): Bytes {
    return this.#size
  }

  /** It is small, was never synced, and all of it is known. */
  get isSmall(): boolean {
    return this.#isDirty && this.#isNew && this.#writing === 0 && this.#content !== undefined
  }

  /** All of one that is small; undefined of any other. */
  get unsynced(): Buffer | undefined {
    return this.isSmall ? this.#content?.bytes : undefined
  }

  async read(position: Bytes, length: Bytes): Promise<Uint8Array> {
    return orFsError(async () => {
      const made = this.#made ?? (await this.#making)
      if (!made) return this.#inMemory.subarray(position, position + length)
      await made.behind.drain()
      const { buffer, bytesRead } = await made.handle.read(Buffer.allocUnsafe(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    })
  }

  /** Takes all of it, or throws. */
  async write(bytes: Uint8Array, position: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      const end = position + bytes.length
      if (!(this.#isUnmade && this.#content?.add(bytes, position) === true)) await this.#write(bytes, position)
      this.#size = Math.max(this.#size, end)
    })
  }

  /** All that was taken is in the file (not yet on disk) when it resolves; of one that is not made, in memory. */
  async drain(): Promise<void> {
    await orFsError(async () => (this.#made ?? (await this.#making))?.behind.drain())
  }

  /** Of one that was drained. Where there is no room (ENOSPC, EFBIG), the file is as it was. */
  async truncate(size: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      const made = size === 0 && this.#isUnmade && this.#isNew ? undefined : await this.made()
      this.#dropContent()
      if (made) await made.handle.truncate(size)
      this.#size = size
      if (size === 0 && this.#isNew) this.#content = new SmallContent(this.#options.room)
    })
  }

  /** Cuts it to nothing, whatever failed before: what is written from now on is all of it. */
  async clear(): Promise<void> {
    await this.#making?.catch(() => undefined)
    await this.#made?.behind.reset()
    await this.#lastSync.catch(() => undefined)
    await this.#background.catch(() => undefined)
    this.#background = Promise.resolve()
    this.#written = 0
    await this.truncate(0)
  }

  /** It is in the spool's folder (not yet on disk), with all that was taken, when it resolves. */
  made(): Promise<Made> {
    if (this.#made) return Promise.resolve(this.#made)
    this.#making ??= this.#make().finally(() => (this.#making = undefined))
    return this.#making
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
    const { isNeeded, onClosed } = this.#options
    const isLeft = this.#isUnmade && !(this.#isNew && isNeeded())
    // Where it can't be made, whoever closed it was told.
    const made = isLeft ? undefined : await this.made().catch(() => undefined)
    if (!made) {
      // In one step: nobody makes what is in memory no more.
      this.#dropContent()
      onClosed()
      return
    }
    await made.behind.drain().catch(() => undefined)
    await this.#background.catch(() => undefined)
    this.#dropContent()
    // Closed or not, the descriptor is gone: close(2) fails for what was written, of which `sync` has told.
    await made.handle.close().finally(onClosed)
  }

  get #isUnmade(): boolean {
    return this.#made === undefined && this.#making === undefined
  }

  /** All of one that is not made. */
  get #inMemory(): Buffer {
    return this.#options.kept ?? this.#content?.bytes ?? Buffer.alloc(0)
  }

  async #make(): Promise<Made> {
    // Its last close came before: by now the journal has it.
    if (this.#isNew && !this.#content) throw new Error('It is closed.')
    const handle = await this.#options.make(this.#inMemory)
    this.#made = this.#madeOf(handle)
    return this.#made
  }

  #madeOf(handle: FileHandle): Made {
    return { handle, behind: new WriteBehind(handle, this.#options.chunks) }
  }

  async #write(bytes: Uint8Array, position: Bytes): Promise<void> {
    // The kernel takes its buffer back when it is answered, or past the deadline.
    const taken = this.#made ? bytes : Buffer.from(bytes)
    const { behind } = this.#made ?? (await this.made())
    const { length } = taken
    if (this.#content?.add(taken, position) === false) this.#dropContent()
    await this.#whileWriting(async () => {
      await behind.write(taken, position)
      this.#written += length
      if (this.#written < writeBehindFrom) await behind.drain()
    })
    this.#syncInBackground(length)
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
        const { handle, behind } = await this.made()
        await behind.drain()
        await this.#background
        if (this.#isNew) await diskCalls.syncNew(handle, this.#options.folder)
        else await handle.datasync()
        this.#isNew = false
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
    this.#background = before.then(async () => this.#made?.handle.datasync())
    // Its failure is thrown by the next sync.
    this.#background.catch(() => undefined)
  }
}
