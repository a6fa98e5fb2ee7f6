/** The spool: what was written to `send/`, one file for each, until it is in the bucket. */
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { syncFolder } from '../durable-file.js'
import { FsError, type FsErrorCode } from '../errors.js'
import type { ByteRange } from '../s3/store.js'
import type { Bytes } from '../units.js'

/** So much is written between syncs in the background: the one at close then has little left to do. */
const syncEvery: Bytes = 64 * 1024 * 1024
const passedOn = new Set<string>(['ENOSPC', 'EFBIG', 'EMFILE'] satisfies FsErrorCode[])

export class Spool {
  readonly #data: string
  readonly #strangers: string

  private constructor(directory: string) {
    this.#data = join(directory, 'data')
    this.#strangers = join(directory, 'lost+found')
  }

  static async open(directory: string): Promise<Spool> {
    const spool = new Spool(directory)
    await mkdir(spool.#data, { recursive: true, mode: 0o700 })
    return spool
  }

  async sizes(): Promise<Map<string, Bytes>> {
    const ids = await readdir(this.#data)
    return new Map(await Promise.all(ids.map(async (id) => [id, (await stat(this.#path(id))).size] as const)))
  }

  /** @throws FsError ENOSPC, EMFILE, EIO */
  async create(id: string): Promise<SpoolFile> {
    return orFsError(async () => new SpoolFile(await open(this.#path(id), 'wx+', 0o600), this.#data, 0), id)
  }

  async open(id: string): Promise<SpoolFile> {
    return orFsError(async () => {
      const handle = await open(this.#path(id), 'r+')
      return new SpoolFile(handle, undefined, (await handle.stat()).size)
    }, id)
  }

  /** A new stream over a part of a file. */
  stream(id: string, range: ByteRange): Readable {
    // `end` of a file stream is inclusive.
    return createReadStream(this.#path(id), { start: range.start, end: range.end - 1, highWaterMark: 256 * 1024 })
  }

  async remove(id: string): Promise<void> {
    await unlink(this.#path(id)).catch(() => undefined)
  }

  /** Puts a file that the journal does not know where a person finds it. @returns its new path */
  async putAside(id: string): Promise<string> {
    await mkdir(this.#strangers, { recursive: true, mode: 0o700 })
    const path = join(this.#strangers, id)
    await rename(this.#path(id), path)
    return path
  }

  #path(id: string): string {
    return join(this.#data, id)
  }
}

/** One open file of the spool. */
export class SpoolFile {
  readonly #handle: FileHandle
  /** The folder to sync with the first sync, for a new file. */
  #newIn: string | undefined
  #size: Bytes
  #unsynced: Bytes = 0
  #isDirty: boolean
  #background: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle, newIn: string | undefined, size: Bytes) {
    this.#handle = handle
    this.#newIn = newIn
    this.#size = size
    this.#isDirty = newIn !== undefined
  }

  get size(): Bytes {
    return this.#size
  }

  async read(position: Bytes, length: Bytes): Promise<Uint8Array> {
    return orFsError(async () => {
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position)
      return buffer.subarray(0, bytesRead)
    })
  }

  /** Writes all of it, or throws. */
  async write(bytes: Uint8Array, position: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      for (let done = 0; done < bytes.length;) {
        done += (await this.#handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
      }
      this.#size = Math.max(this.#size, position + bytes.length)
      this.#syncInBackground(bytes.length)
    })
  }

  async truncate(size: Bytes): Promise<void> {
    await orFsError(async () => {
      this.#isDirty = true
      await this.#handle.truncate(size)
      this.#size = size
    })
  }

  /** All that was written so far is on disk when it resolves. */
  async sync(): Promise<void> {
    if (!this.#isDirty) return
    await orFsError(async () => {
      this.#isDirty = false
      try {
        await this.#background
        await this.#handle.datasync()
        if (this.#newIn !== undefined) await syncFolder(this.#newIn)
        this.#newIn = undefined
      } catch (error) {
        this.#isDirty = true
        throw error
      }
    })
  }

  async close(): Promise<void> {
    await this.#background.catch(() => undefined)
    await this.#handle.close()
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

async function orFsError<T>(act: () => Promise<T>, id?: string): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    const known = passedOn.has(code) ? (code as FsErrorCode) : code === 'EDQUOT' ? 'ENOSPC' : 'EIO'
    const what = known === 'ENOSPC' ? 'The state directory is full' : `The spool could not be used (${code})`
    throw new FsError(known, `${what}.`, { ...(id === undefined ? {} : { key: id }), cause })
  }
}
