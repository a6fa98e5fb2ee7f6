/** Opens files that must be ours: what another user could have put there, a link above all, is never followed, read or written. */
import { closeSync, constants, fchmodSync, fstatSync, openSync, type Stats } from 'node:fs'
import { lstat, open, realpath, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, UsageError } from './errors.js'

/** @throws NotOursError for what must not be used */
type Check = (path: string, found: Stats) => void

/** It is there, and another could have made it so. */
export class NotOursError extends UsageError {}

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants

/** As fopen(3) has them. `w` cuts what is there only once it is known to be ours. */
const flags = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT,
  wx: O_WRONLY | O_CREAT | O_EXCL,
  'wx+': O_RDWR | O_CREAT | O_EXCL,
  a: O_WRONLY | O_APPEND | O_CREAT,
  'a+': O_RDWR | O_APPEND | O_CREAT,
}
export type OwnFlags = keyof typeof flags

/**
 * A regular file of ours, or of root's. New ones are their owner's alone.
 * @param check what it must be, instead
 * @throws NotOursError, or the system's own error
 */
export async function openOwn(path: string, how: OwnFlags, check: Check = requireOwn): Promise<FileHandle> {
  // Without O_NONBLOCK the opening of a FIFO would wait for its other end.
  const handle = await open(path, flags[how] | O_NOFOLLOW | O_NONBLOCK, 0o600).catch((error: unknown) =>
    notALink(path, error),
  )
  // O_EXCL has made it this moment.
  if (how.startsWith('wx')) return handle
  try {
    check(path, await handle.stat())
    if (how === 'w') await handle.truncate(0)
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** The whole of a file of ours; undefined if there is none. @throws as `openOwn` */
export async function readOwn(path: string): Promise<string | undefined> {
  return withOwn(path, (file) => file.readFile('utf8'))
}

/** Reads in a file of ours. @returns undefined if there is none @throws as `openOwn`, and what `read` throws */
export async function withOwn<T>(path: string, read: (file: FileHandle) => Promise<T>): Promise<T | undefined> {
  let file: FileHandle
  try {
    file = await openOwn(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return await read(file)
  } finally {
    await file.close()
  }
}

/**
 * For a log: made with 0600 whatever the umask; one that is there keeps its readers, and loses those who may write to it.
 * A device will do, such as /dev/null.
 * @returns a descriptor that appends
 * @throws NotOursError, or the system's own error
 */
export function openOwnLog(path: string): number {
  let descriptor: number
  try {
    descriptor = openSync(path, flags['a+'] | O_NOFOLLOW | O_NONBLOCK, 0o600)
  } catch (error) {
    return notALink(path, error)
  }
  try {
    const found = fstatSync(descriptor)
    requireOwnLog(path, found)
    if (isWritableByOthers(found)) fchmodSync(descriptor, found.mode & 0o755)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/**
 * A folder that nobody else may change: ours, and no link.
 * @throws NotOursError, or the system's own error
 */
export async function requireOwnFolder(path: string): Promise<Stats> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) throw new NotOursError(`${path} is a link: name the folder itself.`)
  if (!found.isDirectory()) throw new NotOursError(`${path} is not a folder.`)
  if (found.uid !== uid()) {
    throw new NotOursError(
      `${path} belongs to another user (${found.uid}; this is ${uid()}): if it is to be trusted, chown it, with all that is in it.`,
    )
  }
  if ((found.mode & 0o022) !== 0) {
    throw new NotOursError(
      `Others could write to ${path} (mode ${octal(found.mode)}): look whether what is in it is yours, then chmod 700 it.`,
    )
  }
  return found
}

/**
 * A folder in which others can't replace what is ours: in /tmp they may make things, but not rename those of others.
 * @throws NotOursError, or the system's own error
 */
export async function requireUnshared(path: string): Promise<void> {
  const found = await stat(path)
  if (!isShared(found)) return
  throw new NotOursError(
    `others can write to ${path} (owner ${found.uid}, mode ${octal(found.mode)}): chmod go-w it, or give another.`,
  )
}

/**
 * Whether others than we and root could put another folder in the place of this one: by way of one that it is in. Where only
 * the owner of a name may rename it, as in /tmp, they can't.
 * @returns the folder by which they could; undefined if there is none
 */
export async function replaceableBy(path: string): Promise<string | undefined> {
  const real = await realpath(path)
  for (let at = dirname(real); ; at = dirname(at)) {
    if (isShared(await stat(at))) return at
    if (at === dirname(at)) return undefined
  }
}

/** Whether it is a regular file of ours or of root's. */
export function isOwn(found: Stats): boolean {
  return found.isFile() && (found.uid === uid() || found.uid === 0)
}

/** What is appended to may be a device, too, but have no second name, by which it could be another's. @throws NotOursError */
export function requireOwnLog(path: string, found: Stats): void {
  if (found.isCharacterDevice()) return
  requireOwn(path, found)
  if (found.nlink > 1) throw new NotOursError(`${path} has another name too (a hard link): take that away.`)
}

/** Whether others may write to a file of ours. */
export function isWritableByOthers(found: Stats): boolean {
  return found.isFile() && found.uid === uid() && (found.mode & 0o022) !== 0
}

/** @throws NotOursError unless it is */
function requireOwn(path: string, found: Stats): void {
  if (!found.isFile()) throw new NotOursError(`${path} is not a regular file: take it away.`)
  if (!isOwn(found)) {
    throw new NotOursError(
      `${path} belongs to another user (${found.uid}; this is ${uid()}): chown it, if it is yours.`,
    )
  }
}

function isShared({ mode, uid: owner }: Stats): boolean {
  return ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) || (owner !== 0 && owner !== uid())
}

function notALink(path: string, error: unknown): never {
  if (codeOf(error) === 'ELOOP')
    throw new NotOursError(`${path} is a link, which is not followed: name the file itself.`)
  if (codeOf(error) === 'ENXIO') throw new NotOursError(`${path} is not a regular file: take it away.`)
  throw error
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

function uid(): number {
  return process.geteuid?.() ?? -1
}
