/** The queue of a state directory, whether its daemon runs or not. */
import { basename, join } from 'node:path'
import { FsError, reasonOf, UsageError } from '../errors.js'
import { requireOwnFolder } from '../own-files.js'
import type { SendRow } from '../send/sender.js'
import { changeWaiting, readWaiting, type QueueAction } from '../send/waiting.js'
import type { Prefix } from '../units.js'
import { ControlClient } from './client.js'
import { liveLock, takeLock } from '../state/lock.js'
import { named } from '../state/lock-record.js'
import { readMarker } from '../state/marker.js'
import { findRow } from './queue-target.js'
import type { QueueReport } from './reports.js'
import { explainDisk, leftovers } from '../state/state-directory.js'
import { NoAnswerError } from './socket.js'

export interface StateQueue extends QueueReport {
  /** Somebody sends what is in it. */
  readonly isMounted: boolean
}

/**
 * Asks the daemon, if there is one; else reads what is on disk, and changes nothing.
 * @throws UsageError if it is no state directory of ours
 */
export async function stateQueue(directory: string): Promise<StateQueue> {
  const prefix = await prefixOf(directory)
  if (await liveLock(directory)) {
    try {
      return { ...(await new ControlClient(directory).queue()), isMounted: true }
    } catch (error) {
      // It begins or ends just now, or is stuck: what is on disk can be seen all the same.
      if (!(error instanceof NoAnswerError)) throw error
    }
  }
  const rows = await readWaiting(join(directory, 'spool'), prefix)
  return { generatedAt: Date.now(), rows, isMounted: false }
}

/**
 * @param name a row's id or name, or more of its path
 * @returns the row as the daemon that did it says, an empty one if it says nothing; undefined where none runs
 * @throws UsageError or FsError one sentence
 */
export async function changeStateQueue(
  directory: string,
  action: QueueAction,
  name: string,
): Promise<Partial<SendRow> | undefined> {
  const prefix = await prefixOf(directory)
  const mount = { mountpoint: '(as2fs queue)', bucket: basename(directory) }
  const taken = await takeLock(directory, mount, leftovers).catch(explainDisk(directory))
  if ('holder' in taken) return askHolder(directory, await named(taken.holder), action, name)
  try {
    const spool = join(directory, 'spool')
    const { id } = findRow(await readWaiting(spool, prefix), name)
    await changeWaiting(spool, action, id)
    return undefined
  } finally {
    await taken.lock.release()
  }
}

async function askHolder(
  directory: string,
  holder: string,
  action: QueueAction,
  name: string,
): Promise<Partial<SendRow>> {
  try {
    return await new ControlClient(directory).change(action, name)
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error
    throw new UsageError(
      `${directory} is in use by ${holder}, which does not answer: try again when it does, or has ended.`,
    )
  }
}

async function prefixOf(directory: string): Promise<Prefix> {
  try {
    await requireOwnFolder(directory)
    const marker = await readMarker(directory)
    if (marker === undefined) throw new FsError('ENOENT', 'no marker')
    return (marker === 'senseless' ? 'AS2/' : marker.prefix) as Prefix
  } catch (error) {
    if (error instanceof UsageError) throw error
    const code = reasonOf(error)
    throw new UsageError(
      `${directory} is not a state directory of as2fs (${code}): see as2fs status for those of mounts.`,
    )
  }
}
