/** What is told of a change of a sent file. Who makes the change says it, and it is in the journal with the change. Pure. */
import type { EpochMs, Milliseconds } from '../../units.js'
import type { Message } from './message.js'
import type { HoldReason } from '../sender.js'

/** Events of the audit trail; SEMANTICS.md has what each means. */
type ChangeEvent =
  | 'reopened'
  | 'held'
  | 'queued'
  | 'renamed'
  | 'uploading'
  | 'delayed'
  | 'submitted'
  | 'taken'
  | 'duplicate'
  | 'unwatched'
  | 'packed'
  | 'failed'
  | 'cancelled'

/** What only the one who makes the change knows. */
export interface Told {
  readonly event: ChangeEvent
  /** The option that decided; absent where none did. */
  readonly policy?: string
  /** The name before. */
  readonly from?: string
  /** Since the upload began, or since it was submitted. */
  readonly tookMs?: Milliseconds
  /** Where the file itself has none: one sentence. */
  readonly error?: string
}

/** An entry of the trail without what all have. Fields that are undefined are left out of the JSON. */
export interface Change extends Told {
  readonly reason?: HoldReason | undefined
  /** The archive that it is in. */
  readonly into?: string | undefined
  readonly try?: number | undefined
  readonly closedAt?: string | undefined
  readonly nextTryAt?: string | undefined
  readonly crc32?: string | undefined
  readonly etag?: string | undefined
  readonly requestId?: string | undefined
  /** When it came to be in the bucket, by the bucket's time. */
  readonly date?: string | undefined
  readonly sinceClosedMs?: Milliseconds | undefined
}

/** With what the file itself says of it. */
export function changeOf(told: Told, message: Message, at: EpochMs): Change {
  return { ...detailsOf(told.event, message, at), ...told }
}

function detailsOf(event: ChangeEvent, message: Message, at: EpochMs): Omit<Change, 'event'> {
  const { reason, error, closedAt, wait, tries, crc32, etag, requestId, sentAt, packedIn } = message
  switch (event) {
    case 'held':
      return { reason, ...(error === undefined ? {} : { error }), closedAt: isoTime(closedAt) }
    case 'queued':
      return { closedAt: isoTime(closedAt) }
    case 'uploading':
      return { try: tries }
    case 'delayed':
      return { ...(error === undefined ? {} : { error }), try: tries, nextTryAt: isoTime(at + (wait ?? 0)) }
    case 'submitted':
      return { crc32, etag, requestId, date: isoTime(sentAt), try: tries, sinceClosedMs: sinceClosed(closedAt, at) }
    case 'failed':
      return { ...(error === undefined ? {} : { error }), try: tries }
    case 'taken':
    case 'duplicate':
    case 'unwatched':
      return { crc32, etag }
    case 'packed':
      return { into: packedIn }
    case 'reopened':
    case 'renamed':
    case 'cancelled':
      return {}
  }
}

/** Both by this machine's clock: if it was set back between them, nobody knows. */
function sinceClosed(closedAt: EpochMs | undefined, at: EpochMs): Milliseconds | undefined {
  return closedAt === undefined || closedAt > at ? undefined : at - closedAt
}

/** For lines of journals of 0.1, which do not say what happened: what can be seen from before and after. */
export function guessed(before: Message | undefined, after: Message): Told | undefined {
  const renamed = before !== undefined && before.path !== after.path ? { from: before.path } : {}
  if (before?.state === after.state) {
    if (after.state === 'held' && after.reason !== before.reason) return { event: 'held', ...renamed }
    return 'from' in renamed ? { event: 'renamed', ...renamed } : undefined
  }
  const event = guessedEvent(before, after)
  return event && { event, ...renamed }
}

function guessedEvent(before: Message | undefined, after: Message): ChangeEvent | undefined {
  if (after.state === 'open') return before && 'reopened'
  if (after.state === 'queued') return before?.state === 'uploading' ? 'delayed' : 'queued'
  if (after.state !== 'gone') return after.state
  if (before === undefined) return undefined
  if (after.packedIn !== undefined) return 'packed'
  return after.submittedAt === undefined ? 'cancelled' : 'taken'
}

function isoTime(at: EpochMs | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
