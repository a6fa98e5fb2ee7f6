/**
 * What takes several calls of the disk, in one go of one thread where the binding was compiled: to hand a call over to a thread,
 * and to hear from it, costs more than most of them take. Nothing of it is done on the loop, which a disk that hangs would hold.
 */
import type { FileHandle } from 'node:fs/promises'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { binding } from '../binding/load.js'
import { syncFolder } from '../durable-file.js'
import type { Bytes } from '../units.js'
import { writeAll } from './write-all.js'

export interface DiskCalls {
  /**
   * Writes all of it. If it is to be synced, it is on disk when this resolves.
   * @throws SyncError if it is written, and not synced; else the disk's own error, and a part of it may be written
   */
  write(file: FileHandle, bytes: Uint8Array, position: Bytes, sync: boolean): Promise<void>
  /**
   * What was written to a file is on disk when it resolves, and its name in the folder that it is new in.
   * @throws the disk's own error
   */
  syncNew(file: FileHandle, folder: string): Promise<void>
}

/** All of it was written; whether it is on disk nobody knows. `cause` is the disk's own error. */
export class SyncError extends Error {
  override readonly name = 'SyncError'
  /** The disk's: `EIO`. */
  readonly code: string | undefined

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause })
    this.code = cause.code
  }
}

/** @see native/node/disking.c */
interface Compiled {
  /** Resolves to 0, to the errno of the write, or to the negative one of the sync. */
  writeToDisk(file: number, bytes: Uint8Array, position: Bytes, sync: 0 | 1): Promise<number>
  /** Resolves to 0, or to the errno of one or the other sign. */
  syncNewFile(file: number, folder: string): Promise<number>
}

/** Each call by itself: where the binding could not be compiled. */
export const callByCall: DiskCalls = {
  async write(file, bytes, position, sync) {
    await writeAll(file, bytes, position)
    if (sync) await syncInPlace(file).catch(notSynced)
  },
  async syncNew(file, folder) {
    await Promise.all([file.datasync(), syncFolder(folder)])
  },
}

export const diskCalls: DiskCalls = { ...(binding ? inOneGo(binding as Compiled) : callByCall) }

function inOneGo(compiled: Compiled): DiskCalls {
  return {
    async write(file, bytes, position, sync) {
      const failure = await compiled.writeToDisk(file.fd, bytes, position, sync ? 1 : 0)
      if (failure > 0) throw systemError(failure, 'write')
      if (failure < 0) notSynced(-failure === constants.errno.ENOENT ? deleted() : systemError(-failure, 'fdatasync'))
    },
    async syncNew(file, folder) {
      const failure = await compiled.syncNewFile(file.fd, folder)
      if (failure !== 0) throw systemError(Math.abs(failure), 'fsync')
    },
  }
}

/** What is synced to a file that was deleted is gone all the same. */
async function syncInPlace(file: FileHandle): Promise<void> {
  const [{ nlink }] = await Promise.all([file.stat(), file.datasync()])
  if (nlink === 0) throw deleted()
}

function notSynced(cause: NodeJS.ErrnoException): never {
  throw new SyncError(cause)
}

function deleted(): Error {
  return new Error('The file was deleted under the running daemon.')
}

function systemError(errno: number, call: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${code}: ${call}`), { errno: -errno, code, syscall: call })
}
