/** Why something can't be done to a file in `send/`, by what it is at the moment. Pure. */
import { FsError } from '../../errors.js'
import type { Message } from './message.js'

interface Idle {
  /** What is said of one that the gateway has. */
  readonly submittedAs: 'EPERM' | 'EBUSY'
  /** Whether one that may be in the bucket already will do. */
  readonly inDoubt: boolean
  readonly isUnderWay: boolean
}

/** @throws FsError if it is gone, submitted, or on its way */
export function mustBeIdle(message: Message | undefined, { submittedAs, inDoubt, isUnderWay }: Idle): Message {
  if (!message || message.state === 'gone') throw new FsError('ENOENT', 'It is not in this send/ any more.')
  if (message.state === 'submitted') {
    throw new FsError(submittedAs, `${message.path} is submitted already: the gateway has it.`)
  }
  if (message.state === 'uploading' || isUnderWay) throw new FsError('EBUSY', `${message.path} is being uploaded.`)
  if (message.attempt && message.attempt.isRefused !== true && !inDoubt) {
    throw new FsError('EBUSY', `${message.path} may be in the bucket already: it is looked for before it is sent.`)
  }
  return message
}

/** @throws FsError EBUSY for an archive that is not made yet */
export function mustBePacked(message: Message): Message {
  if (message.members && message.state !== 'failed') throw new FsError('EBUSY', `${message.path} is being packed.`)
  return message
}

export function damaged(message: Message): FsError {
  return new FsError('EIO', `${message.path} is not complete: ${message.error ?? 'a write to it failed'}`)
}
