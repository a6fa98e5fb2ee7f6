/** What somebody may do by hand to a file that waits: `as2fs queue retry|cancel|release`. Pure. */
import { FsError } from '../../errors.js'
import type { EpochMs } from '../../units.js'
import { without, type Message } from './message.js'
import { damaged, mustBePacked } from './refusals.js'

/** @throws FsError for one that is not tried again, or of which not all is there */
export function retried(message: Message, now: EpochMs): Message {
  if (message.isDamaged === true) throw damaged(message)
  if (message.state !== 'failed' && message.state !== 'queued') {
    const hint = message.state === 'held' ? 'release sends it' : 'only failed and queued files are tried again'
    throw new FsError('EINVAL', `${message.path} is ${message.state}: ${hint}.`)
  }
  return requeued(message, now)
}

/** @throws FsError for one that is not held, or that is sent with its folder only */
export function released(message: Message, now: EpochMs): Message {
  if (message.state !== 'held') throw new FsError('EINVAL', `${message.path} is ${message.state}, not held.`)
  mustBePacked(message)
  if (message.reason === 'bundle') {
    throw new FsError('EINVAL', `${message.path} is part of a folder: rename that to a name that ends in .zip.`)
  }
  if (message.reason === 'trigger') {
    throw new FsError('EINVAL', `${message.path} is a trigger: it is never sent, release its file.`)
  }
  return requeued(message, now)
}

/** Ids of the spool's files that go with a cancelled one. */
export function dataOf({ id, members = [] }: Message): readonly string[] {
  return [id, ...members.map((member) => member.id)]
}

function requeued(message: Message, now: EpochMs): Message {
  const rest = without(message, 'reason', 'error', 'killedBy', 'wait')
  // A held one's name was not asked for while it looked unfinished.
  const isUnchecked = message.state === 'held' || message.isUnchecked === true
  const closed: Message = { ...rest, closedAt: message.closedAt ?? now, ...(isUnchecked ? { isUnchecked } : {}) }
  // What is in a folder stays there, as one of its files.
  if (message.path.includes('/')) return { ...closed, state: 'held', reason: 'bundle' }
  const isReleased = message.state === 'held' || message.isReleased === true
  return { ...closed, state: 'queued', ...(isReleased ? { isReleased } : {}) }
}
