/** What a sent file is after an event: the only place, beside recovery, where a state is made. Pure; `table.ts` says what may come. */
import { FsError } from '../../errors.js'
import type { EpochMs } from '../../units.js'
import type { BesideVerdict } from './beside.js'
import type { EventOf, EventType, LifeEvent, Verdict } from './events.js'
import { refused } from './refusal.js'
import {
  commonOf,
  letGoOf,
  localOf,
  pick,
  type Attempt,
  type LetGo,
  type Local,
  type Message,
  type MessageIn,
  type Receipt,
} from './message.js'
import { isBefore, life, refusalOf, type From, type To } from './table.js'

/**
 * @param message as it is; undefined if there is none yet
 * @param at when it happens, by this machine's clock
 * @param isUnderWay it is being uploaded, or about to be
 * @throws FsError with the table's errno if that can't happen to it
 */
export function next(message: Message | undefined, event: LifeEvent, at: EpochMs, isUnderWay = false): Message {
  mustAllow(message, event.type, isUnderWay)
  const before = message?.state ?? 'none'
  const after = outcome(message, event, at)
  if (after && life[event.type].leads[before]?.includes(after.state)) return after
  throw new Error(`${event.type} does not lead from ${before} to ${after?.state ?? 'anything'}`)
}

/** @throws as `next` */
export function mustAllow(message: Message | undefined, event: EventType, isUnderWay: boolean): void {
  const refusal = refusalOf(message, event, isUnderWay)
  if (refusal) throw message ? refused(refusal, message) : new FsError('ENOENT', 'It is not in this send/ any more.')
}

type ChangingType = Exclude<EventType, 'made' | 'bundled'>
type Events = { readonly [T in ChangingType]: EventOf<T> & { readonly type: T } }
/** From which states to which is the table's to say, and the compiler holds them to it. */
type Outcomes = { readonly [T in ChangingType]: (message: From<T>, event: EventOf<T>, at: EpochMs) => To<T> }

function outcome(message: Message | undefined, event: LifeEvent, at: EpochMs): Message | undefined {
  if (event.type === 'made') return made(event, at)
  if (event.type === 'bundled') return bundled(event, at)
  return message && changed(message, event, at)
}

function changed<T extends ChangingType>(message: Message, event: Events[T], at: EpochMs): To<T> | undefined {
  const type: T = event.type
  return isBefore(type, message) ? outcomes[type](message, event, at) : undefined
}

function made({ file }: EventOf<'made'>, at: EpochMs): Message {
  const { id, station, partner, path, isUnchecked } = file
  const unchecked = isUnchecked ? { isUnchecked } : {}
  return { id, station, partner, path, size: 0, mtime: at, tries: 0, ...unchecked, state: 'open' }
}

function bundled({ archive }: EventOf<'bundled'>, at: EpochMs): Message {
  const { id, station, partner, path, members, isUnchecked } = archive
  const size = members.reduce((sum, it) => sum + it.size, 0)
  const unchecked = isUnchecked ? { isUnchecked } : {}
  const common = { id, station, partner, path, size, mtime: at, closedAt: at, tries: 0 }
  return { ...common, isRenamed: true, ...unchecked, state: 'held', reason: 'packing', members }
}

const outcomes: Outcomes = {
  reopened: (message) => (message.state === 'open' ? message : opened(message)),
  written: (message, { size }, at) => ({ ...message, size, mtime: at }),
  emptied: (message, { size }, at) => ({ ...localOf(message), size, mtime: at, state: 'open' }),
  damaged: (message, { error }) => ({ ...openOf(message), ...pick(message, 'members'), isDamaged: true, error }),
  'writer-killed': (message, { signal }) => ({ ...message, killedBy: signal }),
  flushed: (message, { size, isComplete }) => ({ ...message, size, ...(isComplete ? { isComplete } : {}) }),
  'written-again': (message) => omit(message, 'isComplete'),
  closed: (message, { size, damage, verdict }, at) => {
    const closed = { ...localOf(message), size, closedAt: at }
    if (damage === undefined) return afterVerdict(closed, verdict, at)
    return { ...closed, ...pick(message, 'members'), state: 'failed', isDamaged: true, error: damage }
  },
  'closed-unchanged': ({ mtime }, { before, settle }) =>
    before.state === 'queued' ? { ...before, mtime, wait: settle } : { ...before, mtime },
  renamed: (message, { path, isUnchecked, verdict }, at) => {
    const moved = { ...asked(localOf(message), isUnchecked), path, isRenamed: true }
    if (message.state === 'open') return { ...moved, state: 'open', ...pick(message, 'isComplete') }
    return afterVerdict(moved, verdict, at)
  },
  dated: (message, { mtime }) => {
    if (message.isSpent !== true) return { ...message, mtime }
    return { ...localOf(message), mtime, state: 'held', reason: 'trigger' }
  },
  rejudged: (message, { verdict }, at) => afterVerdict(localOf(message), verdict, at, message.isReleased),
  spent: (message, { error }) => ({ ...localOf(message), state: 'held', reason: 'trigger', isSpent: true, error }),
  retried: (message, { isTrigger, beside }, at) => requeued(message, isTrigger, at, beside),
  released: (message, { isTrigger }, at) => requeued(message, isTrigger, at),
  cancelled: (message) => gone(message),
  replaced: (message) => gone(message),
  dropped: (message) => gone(message),
  packed: (message, { into }) => ({ ...commonOf(message), state: 'gone', packedIn: into }),
  'packing-failed': (message, { error }) =>
    message.reason === 'packing' ? { ...message, tries: message.tries + 1, error } : message,
  'archive-made': (message, { size, verdict }, at) =>
    afterVerdict({ ...localOf(message), size, tries: 0 }, verdict, at),
  uploading: (message, { after, isChecked, path }, at) => {
    const local = isChecked ? asked(localOf(message), false) : localOf(message)
    const named = { ...local, path: path ?? message.path, tries: message.tries + 1 }
    const attempt = after === undefined ? {} : { attempt: { after: message.attempt?.after ?? after } }
    return { ...named, ...attempt, ...readyOf(message, at), ...pick(message, 'error'), state: 'uploading' }
  },
  'parts-begun': (message, { upload }) => ({ ...message, upload }),
  'parts-aborted': (message) => omit(message, 'upload'),
  // An earlier attempt of unknown fate may still arrive, so its time stays.
  attempted: (message, { after }) => ({ ...message, attempt: { after: message.attempt?.after ?? after } }),
  delayed: (message, { error, wait, attempt, isUnchecked, path }, at) => {
    const local = lookedFor(asked(localOf(message), isUnchecked), attempt)
    return { ...local, path: path ?? message.path, ...readyOf(message, at), state: 'queued', wait, error }
  },
  'put-off': (message, _, at) =>
    message.state === 'queued'
      ? message
      : { ...localOf(message), ...readyOf(message, at), ...pick(message, 'error'), state: 'queued' },
  failed: (message, event) => {
    const local = asked(localOf(message), event.isUnchecked)
    const attempt = 'attempt' in event ? event.attempt : message.attempt
    const found = { ...lookedFor(local, attempt), ...letGoOf(message), error: event.error }
    if (event.isDamaged !== true) return { ...found, state: 'failed' }
    return { ...found, ...pick(message, 'members'), state: 'failed', isDamaged: true }
  },
  submitted: (message, { receipt, hasParts }, at) => {
    const { upload, ...common } = commonOf(message)
    const parts = hasParts && upload ? { upload } : {}
    return { ...common, ...parts, ...pick(message, 'triggeredBy'), ...receipt, submittedAt: at, state: 'submitted' }
  },
  left: (message) => ({ ...commonOf(message), ...receiptOf(message), isUntold: true, state: 'gone' }),
  taken: (message) => taken(message),
  duplicate: (message) => taken(message),
  unwatched: (message) => taken(message),
}

/** What was lost of it stays lost until it is cut to nothing. */
function opened(message: Message): MessageIn<'open'> {
  const open = openOf(message)
  if (message.isDamaged !== true) return open
  return { ...open, ...pick(message, 'members'), isDamaged: true, error: message.error }
}

function openOf(message: Message): MessageIn<'open'> {
  return { ...localOf(message), ...pick(message, 'killedBy', 'isComplete'), state: 'open' }
}

function afterVerdict(local: Local, verdict: Verdict, at: EpochMs, isReleased?: boolean): MessageIn<Verdict['state']> {
  switch (verdict.state) {
    case 'held':
      return { ...local, ...verdict.hold, state: 'held' }
    case 'failed':
      return { ...local, state: 'failed', error: verdict.error }
    case 'queued': {
      const { path = local.path, wait, triggeredBy } = verdict
      const way = {
        ...(triggeredBy === undefined ? {} : { triggeredBy }),
        ...(isReleased === true ? { isReleased } : {}),
      }
      return { ...local, path, closedAt: local.closedAt ?? at, ...way, state: 'queued', wait }
    }
  }
}

/** By hand. A held one's name was not asked for while it looked unfinished. */
function requeued(
  message: Message,
  isTrigger: boolean,
  at: EpochMs,
  beside?: BesideVerdict,
): MessageIn<'held' | 'queued'> {
  const isHeld = message.state === 'held'
  const local = asked(localOf(message), isHeld ? true : undefined)
  const closed = { ...local, closedAt: message.closedAt ?? at }
  // What is in a folder stays there, as one of its files.
  if (message.path.includes('/')) return { ...closed, state: 'held', reason: 'bundle' }
  if (isTrigger) return { ...closed, state: 'held', reason: 'trigger' }
  if (beside?.hold) return { ...closed, ...beside.hold, state: 'held' }
  const way = { ...letGoOf(message), ...beside, ...(isHeld ? { isReleased: true } : {}) }
  return { ...closed, ...way, state: 'queued' }
}

function gone(message: Message): MessageIn<'gone'> {
  return { ...commonOf(message), state: 'gone' }
}

function taken(message: MessageIn<'gone' | 'submitted'>): MessageIn<'gone'> {
  return { ...commonOf(message), ...(message.etag === undefined ? {} : receiptOf(message)), state: 'gone' }
}

function receiptOf(message: Message & Receipt): Receipt {
  const { etag, submittedAt } = message
  return { etag, submittedAt, ...pick(message, 'crc32', 'requestId', 'sentAt') }
}

/** @param isUnchecked whether the bucket is to be asked for duplicates; undefined: as it was */
function asked(local: Local, isUnchecked: boolean | undefined): Local {
  const isSo = isUnchecked ?? local.isUnchecked === true
  return isSo ? { ...local, isUnchecked: true } : omit(local, 'isUnchecked')
}

/** What is to be looked for before its next upload. */
function lookedFor(local: Local, attempt: Attempt | undefined): Local {
  return attempt ? { ...local, attempt } : omit(local, 'attempt')
}

function readyOf(message: Message, at: EpochMs): LetGo & { readonly closedAt: EpochMs } {
  return { ...letGoOf(message), closedAt: message.closedAt ?? at }
}

/** Each of a union without these. */
type Without<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never

function omit<T extends object, K extends keyof T>(from: T, ...keys: readonly K[]): Without<T, K> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !keys.includes(name as K))) as Without<T, K>
}
