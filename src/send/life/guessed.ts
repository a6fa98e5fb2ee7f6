/** What happened to a file by a line of a journal of 0.1, which does not say it. Pure. */
import type { Message } from './message.js'
import type { Told, TrailEvent } from './told.js'

/** What can be seen from before and after. */
export function guessed(before: Message | undefined, after: Message): Told | undefined {
  const renamed = before !== undefined && before.path !== after.path ? { from: before.path } : {}
  if (before?.state === after.state) {
    if (after.state === 'held' && after.reason !== before.reason) return { event: 'held', ...renamed }
    return 'from' in renamed ? { event: 'renamed', ...renamed } : undefined
  }
  const event = guessedEvent(before, after)
  return event && { event, ...renamed }
}

function guessedEvent(before: Message | undefined, after: Message): TrailEvent | undefined {
  if (after.state === 'open') return before && 'reopened'
  if (after.state === 'queued') return before?.state === 'uploading' ? 'delayed' : 'queued'
  if (after.state !== 'gone') return after.state
  if (before === undefined) return undefined
  if (after.packedIn !== undefined) return 'packed'
  return after.submittedAt === undefined ? 'cancelled' : 'taken'
}
