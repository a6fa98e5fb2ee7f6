/** A message of the journal, by whatever version of as2fs: with what its state has, and nothing else. Pure. */
import type { EpochMs } from '../../units.js'
import { byOurClock } from './duplicates.js'
import { commonOf, letGoOf, localOf, pick, type Message, type Receipt, type Recorded } from './message.js'

/** As versions before this one wrote it. */
type OfOld = Omit<Recorded, 'attempt'> & {
  readonly notBefore?: EpochMs
  readonly attempt?: { readonly since?: EpochMs; readonly after?: EpochMs; readonly isRefused?: boolean }
}

const unknown = 'The journal does not say why.'

/**
 * The times of day of 0.1 were this machine's: by `notBefore` nothing is waited for any more, and an attempt is looked for from
 * long before it on. Within six hours the gateway takes the same name for the same file anyway. 0.2 left on a file what it had
 * said in states before.
 */
export function takenOver(line: OfOld): Message {
  const { attempt, ...rest } = line
  const message: Recorded = attempt ? { ...rest, attempt: ofOurClock(attempt) } : rest
  const { closedAt = message.mtime, error = unknown } = message
  const ready = { ...localOf(message), ...letGoOf(message), ...pick(message, 'error'), closedAt }
  const damaged = message.isDamaged === true ? { ...pick(message, 'members'), isDamaged: true as const, error } : {}
  switch (message.state) {
    case 'open':
      return { ...localOf(message), ...pick(message, 'isComplete', 'killedBy'), ...damaged, state: 'open' }
    case 'held':
      return held(message)
    case 'queued':
      return { ...ready, ...pick(message, 'wait'), state: 'queued' }
    case 'uploading':
      return { ...ready, state: 'uploading' }
    case 'failed':
      return { ...localOf(message), ...letGoOf(message), error, ...damaged, state: 'failed' }
    case 'submitted':
      return { ...commonOf(message), ...pick(message, 'triggeredBy'), ...receiptOf(message), state: 'submitted' }
    case 'gone':
      return gone(message)
  }
}

function held(message: Recorded): Message {
  const local = { ...localOf(message), state: 'held' } as const
  const { reason = 'crash', error = unknown, members, killedBy } = message
  switch (reason) {
    case 'crash':
      return { ...local, reason, error, ...pick(message, 'killedBy') }
    case 'killed':
      return { ...local, reason, error, killedBy: killedBy ?? 'a signal' }
    case 'untriggered':
      return { ...local, reason, ...pick(message, 'error') }
    case 'trigger':
      return message.isSpent === true ? { ...local, reason, isSpent: true, error } : { ...local, reason }
    case 'packing':
      return { ...local, reason, members: members ?? [], ...pick(message, 'error') }
    default:
      return { ...local, reason }
  }
}

function gone(message: Recorded): Message {
  const common = { ...commonOf(message), state: 'gone' } as const
  if (message.packedIn !== undefined) return { ...common, packedIn: message.packedIn }
  if (message.submittedAt === undefined) return common
  return { ...common, ...receiptOf(message), ...pick(message, 'isUntold') }
}

function receiptOf(message: Recorded): Receipt {
  const { etag = '', submittedAt = message.mtime } = message
  return { ...pick(message, 'crc32', 'requestId', 'sentAt'), etag, submittedAt }
}

function ofOurClock({ since, after, isRefused }: NonNullable<OfOld['attempt']>): NonNullable<Message['attempt']> {
  return { after: after ?? byOurClock(since ?? 0), ...(isRefused === true ? { isRefused } : {}) }
}
