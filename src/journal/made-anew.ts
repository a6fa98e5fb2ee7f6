/** A file of lines that takes the place of the one that is there, in one step. */
import { rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../durable-file.js'
import { openOwn } from '../own-files.js'
import type { Bytes } from '../units.js'
import { writeAll } from './write-all.js'

export interface MadeAnew {
  /** To be read and written. */
  readonly file: FileHandle
  readonly length: Bytes
}

/** @throws the disk's own error; what was there is there still */
export async function madeAnew(path: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<MadeAnew> {
  const temporary = `${path}.new`
  await rm(temporary, { force: true })
  const file = await openOwn(temporary, 'wx+')
  let length = 0
  try {
    for await (const piece of pieces) {
      await writeAll(file, piece, length)
      length += piece.length
    }
    await file.sync()
    await rename(temporary, path)
    // It has the name now, whether for good or not: what a power loss takes can be found again.
    await syncFolder(dirname(path)).catch(() => undefined)
    return { file, length }
  } catch (error) {
    await file.close().catch(() => undefined)
    // It takes room that others need.
    await rm(temporary, { force: true }).catch(() => undefined)
    throw error
  }
}
