/** Files of the spool's data as the disk has them. All throw the disk's own error. */
import type { Stats } from 'node:fs'
import { lstat, readdir, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../errors.js'
import { isOwn, openOwn } from '../../own-files.js'
import type { Bytes } from '../../units.js'
import { mostContent } from '../life/contents.js'

/** By id; what is not a file of ours is not there. @param directory of the data */
export async function sizesIn(directory: string): Promise<Map<string, Bytes>> {
  const sizes = new Map<string, Bytes>()
  const look = async (id: string): Promise<void> => {
    const size = ownSize(await lstat(join(directory, id)))
    if (size !== undefined) sizes.set(id, size)
  }
  await Promise.all((await readdir(directory)).map(look))
  return sizes
}

/** @returns undefined if there is no file of ours */
export async function sizeAt(path: string): Promise<Bytes | undefined> {
  const found = await unlessAbsent(lstat(path))
  return found && ownSize(found)
}

/** To read and write. On a disk that has turned read-only it can be read at least; its writes fail. */
export async function openData(path: string): Promise<FileHandle> {
  try {
    return await openOwn(path, 'r+')
  } catch (error) {
    if (codeOf(error) === 'EROFS') return openOwn(path, 'r')
    throw error
  }
}

/** @returns undefined if it is not there */
export function openIfThere(path: string): Promise<FileHandle | undefined> {
  return unlessAbsent(openOwn(path, 'r+'))
}

/** As much as there may be of a content. */
export async function startOf(file: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(mostContent), 0, mostContent, 0)
  return buffer.subarray(0, bytesRead)
}

export async function closeData(file: FileHandle, until: 'written' | 'synced'): Promise<void> {
  try {
    if (until === 'synced') await file.datasync()
  } finally {
    await file.close()
  }
}

function ownSize(found: Stats): Bytes | undefined {
  return isOwn(found) ? found.size : undefined
}

async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
