/**
 * The life of a sent file: for each event from which states it comes, to which it leads, and what a caller is told otherwise.
 * Nothing else decides that; `next.ts` goes by it, and SEMANTICS.md shows it.
 */
import type { EventType } from './events.js'
import {
  heldStill,
  inThisState,
  notHere,
  obstacles,
  onItsWay,
  submittedAlready,
  type ObstacleName,
  type Refusal,
} from './refusal.js'
import type { Message, MessageIn } from './message.js'

export type State = Message['state']
/** `none`: there is no such file. */
export type StateOrNone = State | 'none'

interface Row {
  /** What has happened, for people. */
  readonly means: string
  readonly leads: Readonly<Partial<Record<StateOrNone, readonly State[]>>>
  /** What is in the way in some of these states. */
  readonly unless?: Readonly<Partial<Record<ObstacleName, readonly State[]>>>
  /** What is said in the other states, where that is not the usual. */
  readonly refusals?: Readonly<Partial<Record<StateOrNone, Refusal>>>
}

const closed = ['held', 'queued', 'failed'] as const
const local = ['open', 'held', 'queued', 'failed'] as const
/** Somebody else's hands are kept off a file that is about to be uploaded. */
const byOthers = { underWay: local } as const

/** Each stays what it is. */
function stay<const S extends State>(...states: readonly S[]): Readonly<Record<S, readonly S[]>> {
  return Object.fromEntries<readonly S[]>(states.map((it) => [it, [it]])) as Readonly<Record<S, readonly S[]>>
}

function each<const S extends State, const T>(states: readonly S[], value: T): Readonly<Record<S, T>> {
  return Object.fromEntries(states.map((state) => [state, value])) as Readonly<Record<S, T>>
}

const rows = {
  made: { means: 'a program makes it', leads: { none: ['open'] } },
  reopened: {
    means: 'a program opens it for writing',
    leads: each(local, ['open'] as const),
    unless: { ...byOthers, inDoubt: ['open', 'held', 'queued'], packing: ['open', 'held'] },
    refusals: { submitted: submittedAlready('EPERM') },
  },
  written: { means: 'it is written to', leads: stay('open') },
  emptied: { means: 'it is cut to nothing', leads: stay('open') },
  damaged: { means: 'a write fails', leads: stay('open') },
  'writer-killed': { means: 'a process that writes it is killed', leads: stay('open') },
  flushed: { means: 'a close(2) has returned', leads: stay('open') },
  'written-again': { means: 'it is written to after what seemed its last close(2)', leads: stay('open') },
  closed: { means: 'its last writer has closed it', leads: { open: closed } },
  'closed-unchanged': { means: 'the same, and has written nothing', leads: { open: closed } },
  renamed: {
    means: 'it gets another name',
    leads: { open: ['open'], ...each(closed, closed) },
    unless: { ...byOthers, inDoubt: local, packing: ['open', 'held'], damaged: local },
  },
  dated: { means: 'it gets another time', leads: stay(...local, 'submitted'), unless: byOthers },
  rejudged: {
    means: 'a lock or a trigger beside it came or went',
    leads: { held: closed, queued: ['held'] },
    unless: { ...byOthers, inDoubt: ['queued'], packing: ['held'] },
  },
  spent: { means: 'of a trigger: its file has changed since', leads: stay('held'), unless: { notTrigger: ['held'] } },
  retried: {
    means: '`as2fs queue retry`',
    leads: { queued: ['queued', 'held'], failed: ['queued', 'held'] },
    unless: { ...byOthers, damaged: ['open', 'failed'] },
    refusals: {
      held: heldStill,
      open: inThisState(': only failed and queued files are tried again.'),
    },
  },
  released: {
    means: '`as2fs queue release`',
    leads: { held: ['queued', 'held'] },
    unless: { ...byOthers, packing: ['held'], inFolder: ['held'], trigger: ['held'], lockFile: ['held'] },
    refusals: each(['open', 'queued', 'failed'], inThisState(', not held.')),
  },
  cancelled: {
    means: 'it is removed, or `as2fs queue cancel`',
    leads: each(local, ['gone'] as const),
    unless: { ...byOthers, inDoubt: ['queued'] },
    refusals: { submitted: submittedAlready('EPERM') },
  },
  replaced: {
    means: 'another file gets its name',
    leads: each(local, ['gone'] as const),
    unless: { ...byOthers, inDoubt: local },
  },
  dropped: { means: 'removed while open, and then its folder is', leads: each(local, ['gone'] as const) },
  bundled: { means: 'its folder is renamed to .zip', leads: { none: ['held'] } },
  packed: { means: 'it is to be in such an archive', leads: { held: ['gone'] }, unless: { notInFolder: ['held'] } },
  'packing-failed': { means: 'the archive could not be made', leads: stay('held'), unless: { notPacking: ['held'] } },
  'archive-made': { means: 'the archive is made', leads: { held: closed }, unless: { notPacking: ['held'] } },
  uploading: { means: 'its upload begins', leads: { queued: ['uploading'] } },
  'parts-begun': { means: 'its upload in parts begins', leads: stay('uploading') },
  'parts-aborted': {
    means: 'parts that were left in the bucket are removed',
    leads: stay(...local, 'uploading', 'submitted', 'gone'),
  },
  attempted: { means: 'from now on it may be in the bucket', leads: stay('uploading') },
  delayed: {
    means: 'it is not in the bucket, or nobody knows: it is tried again',
    leads: { queued: ['queued'], uploading: ['queued'] },
  },
  'put-off': {
    means: 'what became of its upload could not be written down',
    leads: { queued: ['queued'], uploading: ['queued'] },
  },
  failed: {
    means: 'it can’t be sent',
    leads: each(['held', 'queued', 'uploading'], ['failed']),
    unless: { notPacking: ['held'] },
  },
  submitted: { means: 'S3 has it', leads: each(['queued', 'uploading'], ['submitted']) },
  left: { means: 'it is in `AS2/send` no more', leads: { submitted: ['gone'] } },
  taken: { means: 'the gateway has sent it', leads: stay('gone'), unless: { notLeft: ['gone'] } },
  duplicate: { means: 'the gateway took it for a duplicate', leads: stay('gone'), unless: { notLeft: ['gone'] } },
  unwatched: { means: 'nobody can say what becomes of it', leads: { submitted: ['gone'] } },
} as const satisfies Readonly<Record<EventType, Row>>

export const life: Readonly<Record<EventType, Row>> = rows

type Leads<T extends EventType> = (typeof rows)[T]['leads']
/** A sent file in one of the states from which an event comes. */
export type From<T extends EventType> = MessageIn<Exclude<keyof Leads<T>, 'none'> & State>
/** And in one of those to which it leads, from whichever. */
export type To<T extends EventType> = MessageIn<StateIn<Leads<T>>>
type StateIn<L> = L[keyof L] extends readonly (infer S extends State)[] ? S : never

/** Whether it is in a state from which an event comes. */
export function isBefore<T extends EventType>(event: T, message: Message): message is From<T> {
  return life[event].leads[message.state] !== undefined
}

/** @returns why an event can't come, undefined if it may */
export function refusalOf(message: Message | undefined, event: EventType, isUnderWay: boolean): Refusal | undefined {
  const { leads, unless = {} } = life[event]
  const before = message?.state ?? 'none'
  if (message) {
    for (const name of obstacleNames) {
      if (unless[name]?.includes(message.state) && obstacles[name].is(message, isUnderWay)) return obstacles[name]
    }
  }
  return leads[before] ? undefined : refusalIn(event, before)
}

/** What a caller is told in a state from which an event does not come. */
export function refusalIn(event: EventType, before: StateOrNone): Refusal {
  const own = life[event].refusals?.[before]
  if (own) return own
  switch (before) {
    case 'none':
    case 'gone':
      return notHere
    case 'submitted':
      return submittedAlready('EBUSY')
    case 'uploading':
      return onItsWay
    default:
      return inThisState(`: it can't be ${event} now.`)
  }
}

/** In the order in which they are asked for. */
const obstacleNames = Object.keys(obstacles) as ObstacleName[]
