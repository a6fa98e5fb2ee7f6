/** A sent file in each state, in what variants there are, and one event of each type; and what no file may say of itself. */
import type { EventOf, EventType, LifeEvent, Verdict } from '../../src/send/life/events.js'
import type { Message } from '../../src/send/life/message.js'
import type { Key } from '../../src/units.js'

const file = { id: 'id', station: 'ACME', partner: 'GLOBEX', path: 'a.edi', size: 1, mtime: 1, tries: 0 } as const
const closed = { ...file, closedAt: 2 }
const member = { id: 'm', name: 'a', size: 1, mtime: 1 }
const attempt = { after: 5 }
const refused = { after: 5, isRefused: true }
const receipt = { etag: 'e', submittedAt: 9 }

/** `state`, or `state: what else is so`. */
export const samples = {
  open: { ...file, state: 'open' },
  'open: complete': { ...file, state: 'open', isComplete: true, killedBy: 'SIGKILL' },
  'open: damaged': { ...file, state: 'open', isDamaged: true, error: 'No.' },
  'open: damaged archive': { ...file, state: 'open', isDamaged: true, error: 'No.', members: [member] },
  'open: perhaps in the bucket': { ...file, state: 'open', attempt },
  held: { ...closed, state: 'held', reason: 'name' },
  'held: lock file': { ...file, path: 'a.edi.LCK', state: 'held', reason: 'crash', error: 'It ended.' },
  'held: crash': { ...file, state: 'held', reason: 'crash', error: 'It ended.' },
  'held: killed': { ...closed, state: 'held', reason: 'killed', killedBy: 'SIGKILL', error: 'It ended.' },
  'held: in a folder': { ...closed, path: 'batch/a.edi', state: 'held', reason: 'bundle' },
  'held: trigger': { ...closed, path: 'a.edi.ok', state: 'held', reason: 'trigger' },
  'held: spent trigger': { ...closed, state: 'held', reason: 'trigger', isSpent: true, error: 'It was used.' },
  'held: packing': { ...closed, path: 'batch.zip', state: 'held', reason: 'packing', members: [member] },
  'held: perhaps in the bucket': { ...closed, state: 'held', reason: 'name', attempt },
  queued: { ...closed, state: 'queued', wait: 9 },
  'queued: refused': { ...closed, state: 'queued', error: 'No.', attempt: refused, triggeredBy: 'a.edi.ok' },
  'queued: perhaps in the bucket': { ...closed, state: 'queued', attempt },
  uploading: { ...closed, state: 'uploading', attempt, upload: { id: 'u', key: 'k' as Key } },
  failed: { ...closed, state: 'failed', error: 'No.' },
  'failed: damaged': { ...closed, state: 'failed', error: 'No.', isDamaged: true },
  'failed: damaged archive': { ...closed, state: 'failed', error: 'No.', isDamaged: true, members: [member] },
  'failed: perhaps in the bucket': { ...closed, state: 'failed', error: 'No.', attempt },
  submitted: { ...closed, state: 'submitted', ...receipt },
  gone: { ...closed, state: 'gone' },
  'gone: untold': { ...closed, state: 'gone', ...receipt, isUntold: true },
  'gone: packed': { ...closed, state: 'gone', packedIn: 'batch.zip' },
} as const satisfies Readonly<Record<string, Message>>

const queued: Verdict = { state: 'queued', wait: 3 }
const heldAway: Verdict = { state: 'held', hold: { reason: 'lock' } }

export const events: { readonly [T in EventType]: EventOf<T> } = {
  made: { type: 'made', file: { ...file, isUnchecked: true } },
  reopened: { type: 'reopened' },
  written: { type: 'written', size: 7 },
  emptied: { type: 'emptied', size: 0 },
  damaged: { type: 'damaged', error: 'It is not complete.' },
  'writer-killed': { type: 'writer-killed', signal: 'SIGTERM' },
  flushed: { type: 'flushed', size: 7, isComplete: true },
  'written-again': { type: 'written-again' },
  closed: { type: 'closed', size: 7, verdict: queued },
  'closed-unchanged': { type: 'closed-unchanged', before: samples.held, settle: 3 },
  renamed: { type: 'renamed', path: 'b.edi', isUnchecked: true, verdict: queued },
  dated: { type: 'dated', mtime: 4 },
  rejudged: { type: 'rejudged', verdict: heldAway },
  spent: { type: 'spent', error: 'It was used.' },
  retried: { type: 'retried', isTrigger: false },
  released: { type: 'released', isTrigger: false },
  cancelled: { type: 'cancelled' },
  replaced: { type: 'replaced' },
  dropped: { type: 'dropped' },
  bundled: { type: 'bundled', archive: { ...file, path: 'batch.zip', isUnchecked: false, members: [member] } },
  packed: { type: 'packed', into: 'batch.zip' },
  'packing-failed': { type: 'packing-failed', error: 'No room.' },
  'archive-made': { type: 'archive-made', size: 7, verdict: queued },
  uploading: { type: 'uploading', after: 8, isChecked: true },
  'parts-begun': { type: 'parts-begun', upload: { id: 'v', key: 'k' as Key } },
  'parts-aborted': { type: 'parts-aborted' },
  attempted: { type: 'attempted', after: 8 },
  delayed: { type: 'delayed', error: 'Later.', wait: 5, attempt: undefined },
  'put-off': { type: 'put-off' },
  failed: { type: 'failed', error: 'No.' },
  submitted: { type: 'submitted', receipt: { etag: 'f' }, hasParts: false, tookMs: 4 },
  left: { type: 'left' },
  taken: { type: 'taken' },
  duplicate: { type: 'duplicate' },
  unwatched: { type: 'unwatched' },
}

const verdicts: readonly Verdict[] = [
  queued,
  { ...queued, path: 'a_2026.edi', triggeredBy: 'a.edi.ok' },
  heldAway,
  { state: 'held', hold: { reason: 'killed', killedBy: 'SIGKILL', error: 'It ended.' } },
  { state: 'held', hold: { reason: 'trigger' } },
  { state: 'failed', error: 'It is empty.' },
]

/** In the ways in which they differ. */
export const manyEvents: readonly LifeEvent[] = [
  ...Object.values(events),
  ...verdicts.flatMap((verdict): LifeEvent[] => [
    { ...events.closed, verdict },
    { ...events.renamed, verdict },
    { ...events.rejudged, verdict },
    { ...events['archive-made'], verdict },
  ]),
  { ...events.closed, damage: 'It is not complete.' },
  { ...events.renamed, path: 'c.edi', isUnchecked: false },
  { type: 'retried', isTrigger: true },
  { type: 'retried', isTrigger: false, beside: { triggeredBy: 'a.edi.ok' } },
  { type: 'retried', isTrigger: false, beside: { hold: { reason: 'lock' } } },
  { type: 'retried', isTrigger: false, beside: { hold: { reason: 'untriggered', error: 'Whose is it?' } } },
  { type: 'uploading', isChecked: false, path: 'a_2026.edi' },
  { type: 'delayed', error: 'Later.', wait: 5, attempt, isUnchecked: true },
  { type: 'delayed', error: 'Later.', wait: 5, attempt: refused },
  { type: 'failed', error: 'No.', attempt: refused },
  { type: 'failed', error: 'The spool has 1 byte of it.', isDamaged: true },
  { ...events.submitted, hasParts: true },
]

const always = ['id', 'station', 'partner', 'path', 'size', 'mtime', 'tries', 'state', 'closedAt', 'upload']
const local = [...always, 'attempt', 'isUnchecked', 'isRenamed']
const delivered = ['etag', 'submittedAt', 'crc32', 'requestId', 'sentAt']
const mayHave: Readonly<Record<Message['state'], readonly string[]>> = {
  open: [...local, 'isComplete', 'killedBy', 'isDamaged', 'error', 'members'],
  held: [...local, 'reason', 'error', 'killedBy', 'isSpent', 'members'],
  queued: [...local, 'wait', 'error', 'triggeredBy', 'isReleased'],
  uploading: [...local, 'error', 'triggeredBy', 'isReleased'],
  failed: [...local, 'error', 'isDamaged', 'members', 'triggeredBy', 'isReleased'],
  submitted: [...always, ...delivered, 'triggeredBy'],
  gone: [...always, ...delivered, 'isUntold', 'packedIn'],
}

/** In words, what a message says of itself that can't be; whatever its type promises. */
export function nonsense(message: Message): readonly string[] {
  const it: Readonly<Record<string, unknown>> = { ...message }
  const may = mayHave[message.state]
  const found = Object.entries(it).flatMap(([key, value]) => {
    if (value === undefined) return [`${key} is there, and undefined`]
    return may.includes(key) ? [] : [`${key} on one that is ${message.state}`]
  })
  const must = (isSo: boolean, what: string): void => {
    if (!isSo) found.push(what)
  }
  const { state, reason } = it
  must(state !== 'failed' || 'error' in it, 'it failed, and nobody knows why')
  must(state !== 'held' || 'reason' in it, 'it is held, and nobody knows why')
  must(!('isDamaged' in it) || 'error' in it, 'it is damaged, and nobody knows why')
  must((state !== 'queued' && state !== 'uploading') || 'closedAt' in it, 'it was never closed')
  must(state !== 'held' || (reason === 'killed') === 'killedBy' in it, 'it is held as its writer was killed, or not')
  must(!('isSpent' in it) || reason === 'trigger', 'it is spent, and no trigger')
  must(state !== 'held' || (reason === 'packing') === 'members' in it, 'it is packed of nothing')
  must(!('members' in it) || state === 'held' || 'isDamaged' in it, 'it is a whole archive, and has members')
  must('etag' in it === 'submittedAt' in it, 'half a receipt')
  must(state !== 'submitted' || 'etag' in it, 'no receipt')
  must(!('isUntold' in it) || 'etag' in it, 'it left, and was never there')
  return found
}
