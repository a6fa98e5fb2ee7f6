/** The directory in which a mount keeps what must outlive it: one for each bucket, endpoint and prefix. */
import { chmod, lstat, readdir, realpath, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, isDiskFull, reasonOf, SetupError, UsageError } from '../errors.js'
import { requireOwnFolder } from '../own-files.js'
import { makeFolders } from '../own-folders.js'
import { countWaiting } from '../send/waiting.js'
import { takeLock } from './lock.js'
import { named, type LockRecord } from './lock-record.js'
import { markerName, markerPath, OwnMarker, readMarker, writeMarker, type Marker, type MarksReach } from './marker.js'
import { stateDirectoryPath, type StateOptions } from './places.js'

export interface StateDirectory {
  readonly path: string
  /** Its bucket was found, and let us in, by this mount or an earlier one. */
  readonly isBucketKnown: boolean
  /** Writes that down. */
  bucketFound(): Promise<void>
  /** How far the journal of new/ goes, as far as that was written down. */
  readonly marks: MarksReach | undefined
  marksReach(marks: MarksReach): Promise<void>
  /** Whether it still has the lock. */
  isMine(): Promise<boolean>
  /** Lets the next mount have it. */
  release(): Promise<void>
}

/** What the socket of a dead daemon's commands is called (`control/socket.ts`). */
export const leftovers = ['control.sock']

/** What a start that failed leaves there. */
const leftBehind = new Set(['as2fs.log', 'lock'])

/**
 * Makes the directory, readable by its owner only.
 * @returns its path
 * @throws UsageError if it can't be written, others could have written to it, or it belongs to something else
 */
export async function makeStateDirectory(options: StateOptions): Promise<string> {
  const path = stateDirectoryPath(options)
  try {
    await makeFolders(path)
    const { real, marker } = await usable(path, options)
    if (marker === undefined) await writeMarker(real, markerOf(options))
    if (((await stat(real)).mode & 0o077) !== 0) await chmod(real, 0o700)
    return real
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw notWritable(path, error)
  }
}

/**
 * What `makeStateDirectory` would refuse, and what a mount that then has its lock; changes nothing.
 * @returns its path; undefined if it is to be made yet
 * @throws UsageError as they do
 */
export async function examineStateDirectory(options: StateOptions): Promise<string | undefined> {
  const path = stateDirectoryPath(options)
  try {
    const { real, marker } = await usable(path, options)
    if (marker !== undefined && marker !== 'senseless') await requireSameServer(real, marker, options)
    return real
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (codeOf(error) === 'ENOENT') return undefined
    throw notWritable(path, error)
  }
}

/** For what the system said. */
export function notWritable(path: string, error: unknown): UsageError {
  // What waits in it is not to be left behind.
  const advice =
    codeOf(error) === 'EROFS'
      ? 'its disk is mounted read-only, which the kernel does by itself when one fails (dmesg says so)'
      : 'give another with --state-dir'
  return new UsageError(`The state directory ${path} can't be written (${reasonOf(error)}): ${advice}.`)
}

/** @returns what a mount finds that has it already, in one sentence */
export async function heldBy(holder: LockRecord): Promise<string> {
  const { bucket, mountpoint } = holder
  return `The bucket ${bucket} is mounted at ${mountpoint} by ${await named(holder)}: unmount it, or give another --state-dir.`
}

/**
 * Makes the directory and takes its lock.
 * @throws UsageError if another process has it, or it can't be written, or its disk is full
 */
export async function openStateDirectory(options: StateOptions): Promise<StateDirectory> {
  const path = await makeStateDirectory(options)
  const mount = { mountpoint: options.mountpoint, bucket: options.bucket }
  const taken = await takeLock(path, mount, leftovers).catch(explainDisk(path))
  if ('holder' in taken) throw new UsageError(await heldBy(taken.holder))
  try {
    const marker = new OwnMarker(path, await claim(path, options))
    return {
      path,
      isBucketKnown: marker.value.isFound === true,
      bucketFound: () => marker.change({ isFound: true }),
      marks: marker.value.marks,
      marksReach: (marks) => marker.change({ marks }),
      isMine: () => taken.lock.isMine(),
      release: () => taken.lock.release(),
    }
  } catch (error) {
    await taken.lock.release()
    throw error
  }
}

/** Without a lock nothing may begin; a page for it is all that is needed. */
export function explainDisk(path: string): (error: unknown) => Promise<never> {
  return async (error) => {
    throw await diskFailure(error, path)
  }
}

/** What a start fails with where the disk takes nothing; any other error is what it was. */
export async function diskFailure(error: unknown, path: string): Promise<unknown> {
  if (error instanceof UsageError) return error
  if (isDiskFull(error)) return fullDisk(path)
  if (codeOf(error) !== 'EROFS') return error
  return notWritable(path, error)
}

/** What a start takes of them at most, and what its files have in them. */
const fewInodes = 8
const roomOfLock = 65_536

/** A new one takes a little more room than one that is there. */
export async function fullDisk(path: string): Promise<UsageError> {
  const found = await statfs(path).catch(() => undefined)
  // By now some are free again. File systems that make them as they are needed have no number of them.
  const isOfInodes =
    found !== undefined && found.files > 0 && found.ffree < fewInodes && found.bavail * found.bsize > roomOfLock
  const what = isOfInodes
    ? 'has no inodes left: remove some files there (a dozen is enough)'
    : 'is full: make a little room there (1 MiB is enough)'
  return new UsageError(
    `The disk of the state directory ${path} ${what}, and try again; what waits to be sent is kept.`,
  )
}

/** A link of ours, or of root's, is somebody's who may decide where things are. */
async function followed(path: string): Promise<string> {
  const found = await lstat(path)
  if (!found.isSymbolicLink()) return path
  if (found.uid !== 0 && found.uid !== process.geteuid?.()) {
    throw new SetupError(`The state directory ${path} is a link that another user made (${found.uid}): give another.`)
  }
  return realpath(path)
}

/** An empty one may have been open to all until now; in one that has things, others could have put some. */
async function requireEmptyOrOurs(path: string): Promise<void> {
  const found = await stat(path)
  if (found.uid === process.geteuid?.() && (found.mode & 0o022) !== 0 && (await readdir(path)).length === 0) return
  try {
    await requireOwnFolder(path)
    const [spool, marks] = [join(path, 'spool'), join(path, 'new')]
    for (const folder of [spool, join(spool, 'data'), join(spool, 'lost+found'), marks, join(marks, 'made')]) {
      await requireOwnFolder(folder).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error
      })
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    throw new SetupError(`The state directory can't be trusted: ${error.message}`)
  }
}

interface Usable {
  /** Its path without links. */
  readonly real: string
  /** Whose it was so far; undefined: nobody's. */
  readonly marker: Marker | 'senseless' | undefined
}

/** A directory that is there. @throws UsageError if it is not for us, or the system's own error */
async function usable(path: string, options: StateOptions): Promise<Usable> {
  const real = await followed(path)
  await requireEmptyOrOurs(real)
  return { real, marker: await markerFor(real, options) }
}

/** Refuses what is certainly another's, before anybody has the lock. */
async function markerFor(path: string, options: StateOptions): Promise<Usable['marker']> {
  const marker = await readMarker(path)
  if (marker === undefined) {
    const others = (await readdir(path)).filter((name) => !name.startsWith(markerName) && !name.startsWith('lock'))
    if (others.length > 0) {
      throw new SetupError(`The state directory ${path} has other things in it: give one of its own with --state-dir.`)
    }
    return undefined
  }
  if (marker === 'senseless' || isFor(marker, options) || (await isUnused(path))) return marker
  throw new SetupError(
    `The state directory ${path} belongs to another bucket or prefix (see ${markerPath(path)}): give another.`,
  )
}

/** Under the lock. @returns what is written there from now on */
async function claim(path: string, options: StateOptions): Promise<Marker> {
  const found = await readMarker(path)
  const mine = markerOf(options)
  const marker = found === 'senseless' ? undefined : found
  if (marker && !isFor(marker, options) && !(await isUnused(path))) {
    throw new SetupError(
      `The state directory ${path} belongs to another bucket or prefix (see ${markerPath(path)}): give another.`,
    )
  }
  const isSame = marker !== undefined && isFor(marker, options)
  if (isSame && isForOtherServer(marker, mine)) {
    await requireSameServer(path, marker, options)
  } else if (isSame) {
    // A version that wrote down neither made the spool only once it had found the bucket.
    const isFound = marker.isFound ?? !(await isUnused(path))
    if (marker.endpoint === mine.endpoint && marker.isFound !== undefined) return marker
    return written(path, { ...mine, isFound, marks: marker.marks })
  }
  return written(path, isSame ? { ...mine, marks: marker.marks } : mine)
}

async function written(path: string, marker: Marker): Promise<Marker> {
  await writeMarker(path, marker)
  return marker
}

function isForOtherServer(marker: Marker, mine: Marker): boolean {
  return marker.endpoint !== undefined && marker.endpoint !== mine.endpoint
}

/** What waits for one server is never sent to another. */
async function requireSameServer(path: string, marker: Marker, options: StateOptions): Promise<void> {
  if (!isFor(marker, options) || !isForOtherServer(marker, markerOf(options))) return
  const { endpoint } = marker
  const waiting = await countWaiting(join(path, 'spool'))
  if (waiting === 0) return
  const files = waiting === 1 ? '1 file waits' : `${waiting} files wait`
  const before = endpoint === null || endpoint === undefined ? 'AWS itself, without --endpoint' : endpoint
  throw new SetupError(
    `The state directory ${path} belongs to the bucket at ${before}, and ${files} in it: mount that one, or give another --state-dir; ` +
      `if that server has only got another name, change "endpoint" in ${markerPath(path)}.`,
  )
}

/** A mount that never came about, as its bucket's name was mistyped, holds nothing. */
async function isUnused(path: string): Promise<boolean> {
  const names = await readdir(path)
  return names.every((name) => name.startsWith(markerName) || name.startsWith('lock.') || leftBehind.has(name))
}

function isFor(marker: Marker, { bucket, prefix }: StateOptions): boolean {
  return marker.bucket === bucket && marker.prefix === prefix
}

function markerOf({ bucket, prefix, endpoint }: StateOptions): Marker {
  return { bucket, prefix, endpoint: endpoint ?? null, isFound: false }
}
