/** What a start makes of what it finds: a pure function of the journal, the spool and the bucket's time. */
import type { Bytes, EpochMs } from '../../units.js'
import { byOurClock, duplicateWindow } from './duplicates.js'
import type { JournalEntry } from './entry.js'
import type { Told } from './told.js'
import { bundleId, letGoOf, localOf, pick, type Bundle, type Message, type MessageIn } from './message.js'
import { takenOver } from './taken-over.js'

/** What could be read of the journal. */
export interface ReadJournal {
  /** In order. */
  readonly entries: readonly JournalEntry[]
  /** Something in it could not be read, or it is a copy: what was sent since may be missing. */
  readonly isDoubtful: boolean
}

export interface Recovered {
  readonly messages: readonly Message[]
  /** What the start did to some of them, by id. */
  readonly told: ReadonlyMap<string, Told>
  readonly bundles: readonly Bundle[]
  /** Spool files that nobody needs any more. */
  readonly leftovers: readonly string[]
  /** Spool files that the journal does not know: never sent, never deleted. */
  readonly strangers: readonly string[]
}

/**
 * @param spool sizes of the spool's files by id
 * @param now the bucket's time, undefined if it is not known
 */
export function recover(journal: ReadJournal, spool: ReadonlyMap<string, Bytes>, now: EpochMs | undefined): Recovered {
  const messages = new Map<string, Message>()
  const bundles = new Map<string, Bundle>()
  for (const entry of journal.entries) {
    for (const message of entry.messages ?? []) messages.set(message.id, takenOver(message))
    for (const bundle of entry.made ?? []) bundles.set(bundleId(bundle), bundle)
    for (const bundle of entry.removed ?? []) bundles.delete(bundleId(bundle))
  }
  // The files of a bundle are needed until its archive is made.
  const packed = new Set(
    [...messages.values()].flatMap((it) => (isOver(it) ? [] : (it.members ?? []))).map((it) => it.id),
  )
  const needsNoData = (id: string): boolean => {
    if (packed.has(id)) return false
    const state = messages.get(id)?.state
    return state === 'gone' || state === 'submitted'
  }
  // As long as its data is there, it is known whose it is.
  const hasData = (id: string): boolean => packed.has(id) || spool.has(id)
  const recovered = [...messages.values()]
    .filter((it) => it.state !== 'gone' || it.upload || it.isUntold === true || isRemembered(it, now) || hasData(it.id))
    .map((it) => (journal.isDoubtful ? inDoubt(it, now) : it))
    .filter((it) => spool.has(it.id) || !isStillborn(it))
    .map((it) => recoverMessage(it, spool.get(it.id)))
  return {
    messages: recovered.map((it) => it.message),
    told: new Map(recovered.flatMap(({ message, told }) => (told ? [[message.id, told]] : []))),
    bundles: [...bundles.values()],
    leftovers: [...spool.keys()].filter(needsNoData),
    strangers: [...spool.keys()].filter((id) => !messages.has(id) && !packed.has(id)),
  }
}

/**
 * Whether what is over still counts for the six-hour rule.
 * @param now the bucket's time; as long as nobody knows that, it does
 */
export function isRemembered(
  { submittedAt, sentAt }: Pick<Message, 'submittedAt' | 'sentAt'>,
  now: EpochMs | undefined,
): boolean {
  if (submittedAt === undefined) return false
  return now === undefined || now - (sentAt ?? submittedAt) < duplicateWindow
}

/** Where it has no data: it was being made, and neither its maker nor anybody's close(2) was answered. */
function isStillborn(message: Message): boolean {
  const { state, size, attempt, isDamaged } = message
  return state === 'open' && size === 0 && message.isComplete !== true && !attempt && isDamaged !== true
}

function isOver({ state }: Message): boolean {
  return state === 'gone' || state === 'submitted'
}

/** A message as the start goes on with it, and what it did to it. */
interface RecoveredMessage {
  readonly message: Message
  readonly told?: Told
}

function recoverMessage(message: Message, size: Bytes | undefined): RecoveredMessage {
  switch (message.state) {
    case 'gone':
    case 'submitted':
    case 'failed':
      return { message }
    case 'uploading': {
      // Its PUT may have been done: the attempt stays, and is looked for before anything else.
      if (size !== message.size && !message.attempt) return cutShort(message, size)
      const error = 'The daemon ended during the upload.'
      return { message: dueNow(message), told: { event: 'delayed', error } }
    }
    case 'open':
      if (message.isDamaged === true) return failed(message, 'A write to it failed: it is not complete.')
      // Its last close(2) had returned, the kernel's word that it was the last had not come yet.
      if (message.isComplete === true && size === message.size) return { message }
      // Nobody can tell a writer that had finished from one that was cut off.
      return size === undefined ? cutShort(message, size) : heldAfterCrash(message, size)
    case 'held':
      // What there is of an archive is made anew.
      if (message.members) return { message }
      return size === undefined ? cutShort(message, size) : { message: { ...message, size } }
    case 'queued':
      if (size !== message.size && !message.attempt) return cutShort(message, size)
      // A pause between tries does not outlive the process: who starts it again wants it sent.
      return { message: message.error === undefined ? message : dueNow(message) }
  }
}

/** An entry that says that it was sent may be among what could not be read: it is looked for, whoever wants it sent. */
function inDoubt(message: Message, now: EpochMs = Infinity): Message {
  if (message.state === 'gone' || message.state === 'submitted') return message
  // Its time may have been set to any other.
  const after = byOurClock(Math.min(message.closedAt ?? message.mtime, now))
  const attempt = { after: Math.min(after, message.attempt?.after ?? after) }
  // Nor is it known that what seemed to be closed was not written again.
  return message.state === 'open' ? { ...message, isComplete: false, attempt } : { ...message, attempt }
}

function dueNow(message: MessageIn<'queued' | 'uploading'>): Message {
  const { closedAt } = message
  return { ...localOf(message), ...letGoOf(message), ...pick(message, 'error'), closedAt, state: 'queued' }
}

function heldAfterCrash(message: MessageIn<'open'>, size: Bytes): RecoveredMessage {
  const error = 'The daemon ended while it was open: look whether it is complete, then release or cancel it.'
  const held = { ...localOf(message), ...pick(message, 'killedBy'), size, error }
  return { message: { ...held, state: 'held', reason: 'crash' }, told: { event: 'held' } }
}

function cutShort(message: Message, size: Bytes | undefined): RecoveredMessage {
  return failed(message, sentenceOfLoss(message, size))
}

/** Of one that the spool has not as it was written. @param size what there is of it, undefined if it is not there */
export function sentenceOfLoss(message: Message, size: Bytes | undefined): string {
  if (size === undefined) return 'Its data is not in the spool any more.'
  return `The spool has ${size} bytes of it, ${message.size} were written.`
}

function failed(message: Message, error: string): RecoveredMessage {
  const known = { ...localOf(message), ...letGoOf(message), ...pick(message, 'members') }
  return { message: { ...known, state: 'failed', isDamaged: true, error }, told: { event: 'failed' } }
}
