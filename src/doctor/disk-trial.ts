/** Whether a disk keeps what it is given, tried with a file that has no name and is gone at once. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, statfs, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../errors.js'
import { listenAs } from '../state/holder-socket.js'
import type { Bytes, Milliseconds } from '../units.js'

/** A file without a name. @see O_TMPFILE in open(2), whose number Node does not tell */
const nameless = 0o20_000_000 | constants.O_DIRECTORY
/** What older kernels, and file systems that have no such files, say. */
const withoutNameless = new Set(['EOPNOTSUPP', 'EISDIR', 'ENOENT', 'EINVAL'])
/** As much as a start needs. */
const trial: Bytes = 64 * 1024

/**
 * @param isOurs a state directory, which must be able to hold the socket of its holder as well
 * @returns how long the disk took
 * @throws the system's own error, or UsageError where there are no sockets
 */
export async function tryWriting(directory: string, isOurs: boolean): Promise<Milliseconds> {
  const file = await openUnnamed(directory)
  try {
    const begin = performance.now()
    await file.writeFile(Buffer.alloc(trial))
    await file.sync()
    const took = performance.now() - begin
    if (isOurs) await (await listenAs(directory, `lock.held-${randomBytes(6).toString('hex')}`)).close()
    return took
  } finally {
    await file.close()
  }
}

export async function roomAt(directory: string): Promise<{ free: Bytes; files: number; text: string }> {
  const { bavail, bsize, files, ffree } = await statfs(directory)
  const free = bavail * bsize
  const text = free < 1024 ** 3 ? `${Math.floor(free / 1024 ** 2)} MiB` : `${Math.floor(free / 1024 ** 3)} GiB`
  // Of a file system that makes them as they are needed 0 is told of both.
  return { free, files: files === 0 ? Infinity : ffree, text }
}

async function openUnnamed(directory: string): Promise<FileHandle> {
  try {
    return await open(directory, nameless | constants.O_RDWR, 0o600)
  } catch (error) {
    if (!withoutNameless.has(codeOf(error) ?? '')) throw error
  }
  // A state directory knows what begins like that for no other's.
  const path = join(directory, `lock.trial-${randomBytes(6).toString('hex')}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
