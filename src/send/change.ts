/** What happened to a sent file, from how it was before and is after. Pure. */
import type { EpochMs, Milliseconds } from '../units.js'
import type { Message } from './message.js'
import type { HoldReason } from './sender.js'

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
  | 'packed'
  | 'failed'
  | 'cancelled'

/** Fields that are undefined are left out of the JSON. */
export interface Change {
  readonly event: ChangeEvent
  /** The option that decided. */
  readonly policy?: string | undefined
  readonly reason?: HoldReason | undefined
  readonly error?: string | undefined
  /** The archive that it is in. */
  readonly into?: string | undefined
  /** The name before. */
  readonly from?: string | undefined
  readonly try?: number | undefined
  readonly closedAt?: string | undefined
  readonly nextTryAt?: string | undefined
  readonly crc32?: string | undefined
  readonly etag?: string | undefined
  readonly requestId?: string | undefined
  /** The Date of S3's answer. */
  readonly date?: string | undefined
  /** Since the upload began, or since it was submitted. */
  readonly tookMs?: Milliseconds | undefined
  readonly sinceClosedMs?: Milliseconds | undefined
}

const policyOf: Readonly<Partial<Record<HoldReason, string>>> = {
  name: '--hold',
  empty: '--empty hold',
  commit: '--commit rename',
}

/** @returns undefined if nothing happened that is worth telling */
export function changeOf(before: Message | undefined, after: Message, at: EpochMs): Change | undefined {
  const renamed = renaming(before, after)
  if (before?.state === after.state) {
    if (after.state === 'held' && after.reason !== before.reason) return { ...held(after), ...renamed }
    return renamed.from === undefined ? undefined : { event: 'renamed', ...renamed }
  }
  const change = changeOfState(before, after, at)
  return change && { ...change, ...renamed }
}

function changeOfState(before: Message | undefined, after: Message, at: EpochMs): Change | undefined {
  switch (after.state) {
    case 'open':
      return before && { event: 'reopened' }
    case 'held':
      return held(after)
    case 'queued':
      return before?.state === 'uploading' ? delayed(after, at) : { event: 'queued', closedAt: isoTime(after.closedAt) }
    case 'uploading':
      return { event: 'uploading', try: after.tries }
    case 'submitted':
      return submitted(before, after, at)
    case 'failed':
      return failed(after)
    case 'gone':
      return gone(before, after, at)
  }
}

/** A new name is the user's, or a suffix that was added at the close or at the upload. */
function renaming(before: Message | undefined, after: Message): Pick<Change, 'from' | 'policy'> {
  if (before === undefined || before.path === after.path) return {}
  const isOurs = before.state !== after.state && (before.state !== 'held' || after.state === 'uploading')
  return { from: before.path, ...(isOurs ? { policy: '--on-duplicate suffix' } : {}) }
}

function held({ reason, error, closedAt }: Message): Change {
  return { event: 'held', reason, policy: reason && policyOf[reason], error, closedAt: isoTime(closedAt) }
}

function delayed({ error, wait, tries }: Message, at: EpochMs): Change {
  return { event: 'delayed', error, try: tries, nextTryAt: isoTime(wait === undefined ? undefined : at + wait) }
}

function submitted(before: Message | undefined, after: Message, at: EpochMs): Change {
  const { crc32, etag, requestId, sentAt, tries, closedAt } = after
  const since = before?.attempt?.since
  return {
    event: 'submitted',
    ...{ crc32, etag, requestId, date: isoTime(sentAt), try: tries },
    tookMs: since === undefined ? undefined : at - since,
    sinceClosedMs: closedAt === undefined ? undefined : at - closedAt,
  }
}

function failed({ error, isUnchecked, isDamaged, size, tries }: Message): Change {
  const isEmpty = size === 0 && isDamaged !== true && tries === 0
  const policy = isUnchecked === true ? '--on-duplicate reject' : isEmpty ? '--empty reject' : undefined
  return { event: 'failed', policy, error, try: tries }
}

function gone(before: Message | undefined, after: Message, at: EpochMs): Change | undefined {
  const { submittedAt, crc32, etag, packedIn } = after
  if (before === undefined) return undefined
  if (packedIn !== undefined) return { event: 'packed', into: packedIn }
  if (submittedAt === undefined) return { event: 'cancelled' }
  return { event: 'taken', crc32, etag, tookMs: at - submittedAt }
}

function isoTime(at: EpochMs | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}
