/** What the audit trail says of an event: it, and the option that decided. Pure. */
import type { Milliseconds } from '../../units.js'
import type { HoldReason } from '../sender.js'
import type { LifeEvent } from './events.js'
import type { Message } from './message.js'

/** Events of the audit trail; SEMANTICS.md has what each means. `refused` is one too, of what never became a file: `Trail` tells it. */
export type TrailEvent =
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

/** What the audit trail says of a change, beyond what the message itself has; in the journal with it. */
export interface Told {
  readonly event: TrailEvent
  /** The option that decided; absent where none did. */
  readonly policy?: string
  /** The name before. */
  readonly from?: string
  /** Since the upload began, or since it was submitted. */
  readonly tookMs?: Milliseconds
  /** Where the file itself has none: one sentence. */
  readonly error?: string
}

/**
 * @param before as it was; undefined for a new one
 * @param after as `next` made it
 * @returns undefined for what nobody is told of
 */
export function toldOf(before: Message | undefined, event: LifeEvent, after: Message): Told | undefined {
  switch (event.type) {
    case 'bundled':
    case 'closed':
    case 'rejudged':
    case 'archive-made':
    case 'retried':
    case 'released':
      return outcome(before?.path, after)
    case 'closed-unchanged':
      return after.state === 'failed' ? { event: 'failed' } : outcome(after.path, after)
    case 'renamed':
      return { ...(after.state === 'open' ? { event: 'renamed' } : outcome(event.path, after)), ...from(before) }
    case 'reopened':
      return before?.state === 'open' ? undefined : { event: 'reopened' }
    case 'replaced':
      return { event: 'cancelled' }
    case 'uploading':
    case 'delayed':
      return { event: event.type, ...suffix(before?.path, after) }
    case 'taken':
    case 'duplicate':
    case 'submitted':
      return { event: event.type, ...(event.tookMs === undefined ? {} : { tookMs: event.tookMs }) }
    case 'cancelled':
    case 'failed':
      return { event: event.type, ...(event.policy === undefined ? {} : { policy: event.policy }) }
    case 'packed':
    case 'unwatched':
      return { event: event.type }
    default:
      return undefined
  }
}

/** Of a judgement. @param path as it was judged */
function outcome(path: string | undefined, after: Message): Told {
  if (after.state === 'held') return { event: 'held', ...policyOf(after.reason) }
  // Nothing but its being empty makes a whole file fail.
  if (after.state === 'failed') return { event: 'failed', ...(after.isDamaged ? {} : { policy: '--empty reject' }) }
  return { event: 'queued', ...suffix(path, after) }
}

function suffix(path: string | undefined, after: Message): Partial<Told> {
  return path === undefined || path === after.path ? {} : { from: path, policy: '--on-duplicate suffix' }
}

function from(before: Message | undefined): Partial<Told> {
  return before ? { from: before.path } : {}
}

function policyOf(reason: HoldReason): Partial<Told> {
  const policy = policies[reason]
  return policy === undefined ? {} : { policy }
}

const policies: Readonly<Partial<Record<HoldReason, string>>> = {
  name: '--hold',
  empty: '--empty hold',
  commit: '--commit rename',
  untriggered: '--commit trigger',
  trigger: '--commit trigger',
}
