/** The state directory, where what is sent waits: whether a mount may have it, and whether its disk keeps what it is given. */
import { access, stat } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MountConfig } from '../config.js'
import { codeOf, isDiskFull, reasonOf, UsageError } from '../errors.js'
import { notAFile } from '../plain-file.js'
import { countWaiting } from '../send/waiting.js'
import { liveLock } from '../state/lock.js'
import { named } from '../state/lock-record.js'
import { stateDirectoryPath } from '../state/places.js'
import { PutAside } from '../state/put-aside.js'
import { examineStateDirectory, fullDisk, heldBy, notWritable } from '../state/state-directory.js'
import { systemClock } from '../telemetry/clock.js'
import type { Bytes, Milliseconds } from '../units.js'
import { failure, ok, shared, skipped, warning, type Check, type Finding } from './check.js'
import { roomAt, tryWriting } from './disk-trial.js'

/** A night's orders. */
const littleRoom: Bytes = 1024 ** 3
/** Each close(2) in `send/` waits for it twice. */
const slow: Milliseconds = 500

/** @param mountpoint where it is to be mounted, if that is known */
export function stateChecks(config: MountConfig, mountpoint: string | undefined): readonly Check[] {
  const group = 'state'
  const path = stateDirectoryPath(config)
  const existing = shared(() => examineStateDirectory(config))
  const inIt = (look: (directory: string) => Promise<Finding | readonly Finding[]>): Check['run'] => {
    return async (signal) => {
      const directory = await existing(signal)
      return directory === undefined ? skipped('there is none yet') : look(directory)
    }
  }
  const needs = ['state directory']
  return [
    { name: 'state directory', group, run: async (signal) => directoryFound(path, await existing(signal)) },
    { name: 'disk', group, needs, run: async (signal) => diskFound(path, await existing(signal)) },
    { name: 'lock', group, needs, run: inIt((directory) => lockFound(directory, mountpoint)) },
    { name: 'spool', group, needs, run: inIt(spoolFound) },
    { name: 'other files', group, run: () => filesFound(config) },
  ]
}

async function directoryFound(path: string, existing: string | undefined): Promise<Finding> {
  if (existing !== undefined) return ok(existing)
  await access(await nearest(path), constants.W_OK).catch((error: unknown) => {
    throw notWritable(path, error)
  })
  return ok(`${path}, which is made by the first mount`)
}

async function diskFound(path: string, existing: string | undefined): Promise<Finding> {
  const where = existing ?? (await nearest(path))
  let took: Milliseconds
  try {
    took = await tryWriting(where, existing !== undefined)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw isDiskFull(error) ? await fullDisk(path) : notWritable(path, error)
  }
  const { free, files, text } = await roomAt(where)
  if (files === 0)
    return failure(`The disk of the state directory ${path} can have no more files (inodes): delete some there.`)
  if (free < littleRoom)
    return warning(`Only ${text} are free for what waits to be sent: make room on the disk of ${path}.`)
  const ms = Math.round(took)
  if (took > slow)
    return warning(`To keep something (fsync) takes ${ms} ms, for which each close in send/ waits: use a local disk.`)
  return ok(`keeps what it is given (fsync in ${ms} ms), ${text} free`)
}

async function lockFound(directory: string, mountpoint: string | undefined): Promise<Finding> {
  const holder = await liveLock(directory)
  if (!holder) return ok('nobody has it')
  if (mountpoint !== undefined && mountpoint !== holder.mountpoint) return failure(await heldBy(holder))
  return ok(`${await named(holder)} has it, for ${holder.bucket} at ${holder.mountpoint}`)
}

async function spoolFound(directory: string): Promise<readonly Finding[]> {
  const aside = (await PutAside.of(directory, systemClock)).problems().map(warning)
  const waiting = await countWaiting(join(directory, 'spool'))
  const text = waiting === 0 ? 'nothing waits' : waiting === 1 ? '1 file waits' : `${waiting} files wait`
  return [...aside, ok(`${text} to be sent`)]
}

async function filesFound(config: MountConfig): Promise<readonly Finding[] | Finding> {
  const files = [
    { what: 'The log file', path: config.logFile, option: '--log-file' },
    { what: 'The audit trail', path: config.auditLog, option: '--audit-log' },
    { what: 'The disk cache', path: config.diskCache, option: '--disk-cache' },
  ]
  const looks = files.flatMap(({ what, path, option }) => (path === undefined ? [] : [fileFound(what, path, option)]))
  const found = await Promise.all(looks)
  return found.length === 0 ? skipped('none are named') : found
}

async function fileFound(what: string, path: string, option: string): Promise<Finding> {
  try {
    const found = option === '--disk-cache' ? undefined : await stat(path).catch(() => undefined)
    const other = found && notAFile(path, found)
    if (other !== undefined) return failure(`${what} ${path} is no file, but ${other}: give another with ${option}.`)
    await access(path, constants.W_OK).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
      return access(dirname(path), constants.W_OK)
    })
    return ok(`${what} ${path} may be written`)
  } catch (error) {
    return failure(`${what} ${path} can't be written (${reasonOf(error)}): give another with ${option}.`)
  }
}

/** The first of the folders above that is there. */
async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  )
  return isThere || path === '/' ? path : nearest(dirname(path))
}
