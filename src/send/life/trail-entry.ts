/** An entry of the audit trail: what is told of a change, with what the file itself says of it. Pure. */
import type { EpochMs, Milliseconds } from '../../units.js'
import type { Message } from './message.js'
import type { HoldReason } from '../sender.js'
import type { Told, TrailEvent } from './told.js'

/** An entry of the trail without what all have. Fields that are undefined are left out of the JSON. */
export interface TrailEntry extends Told {
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
export function trailEntryOf(told: Told, message: Message, at: EpochMs): TrailEntry {
  return { ...detailsOf(told.event, message, at), ...told }
}

function detailsOf(event: TrailEvent, message: Message, at: EpochMs): Omit<TrailEntry, 'event'> {
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

function isoTime(at: EpochMs | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
