/** Replaces a small file so that after a crash it is the old one or the new one, whole. */
import { open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { openOwn } from './own-files.js'

/** Temporary name, fsync, rename, fsync of the folder. The file is readable by its owner only. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  const file = await openOwn(temporary, 'w')
  try {
    await file.writeFile(content)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    // It takes room that others need.
    await unlink(temporary).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
  await syncFolder(dirname(path))
}

/** Makes creations, renames and deletions in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
