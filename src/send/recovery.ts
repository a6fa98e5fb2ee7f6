/** What a start makes of what it finds: a pure function of the journal and the spool. */
import type { Bytes, EpochMs } from '../units.js'
import { duplicateWindow } from './duplicates.js'
import { bundleId, without, type Bundle, type JournalEntry, type Message } from './message.js'

/** What could be read of the journal. */
export interface ReadJournal {
  /** In order. */
  readonly entries: readonly JournalEntry[]
  /** Something in it could not be read: what was sent since may be missing. */
  readonly isDoubtful: boolean
}

export interface Recovered {
  readonly messages: readonly Message[]
  readonly bundles: readonly Bundle[]
  /** Spool files that nobody needs any more. */
  readonly leftovers: readonly string[]
  /** Spool files that the journal does not know: never sent, never deleted. */
  readonly strangers: readonly string[]
}

/**
 * @param spool sizes of the spool's files by id
 */
export function recover(journal: ReadJournal, spool: ReadonlyMap<string, Bytes>, now: EpochMs): Recovered {
  const messages = new Map<string, Message>()
  const bundles = new Map<string, Bundle>()
  for (const entry of journal.entries) {
    for (const message of entry.messages ?? []) messages.set(message.id, withoutTimeToWaitFor(message))
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
  return {
    messages: [...messages.values()]
      .filter((it) => it.state !== 'gone' || it.upload || isRemembered(it, now) || packed.has(it.id))
      .map((it) => (journal.isDoubtful ? inDoubt(it) : it))
      .map((it) => recoverMessage(it, spool.get(it.id))),
    bundles: [...bundles.values()],
    leftovers: [...spool.keys()].filter(needsNoData),
    strangers: [...spool.keys()].filter((id) => !messages.has(id) && !packed.has(id)),
  }
}

/** Journals of 0.1 have a time of day in its place, by which nothing is waited for: the clock may have been wrong. */
function withoutTimeToWaitFor(message: Message & { readonly notBefore?: EpochMs }): Message {
  const { notBefore, ...rest } = message
  return notBefore === undefined ? message : rest
}

/** Whether what is over still counts for the six-hour rule. */
export function isRemembered(message: Message, now: EpochMs): boolean {
  return message.submittedAt !== undefined && now - message.submittedAt < duplicateWindow
}

function isOver({ state }: Message): boolean {
  return state === 'gone' || state === 'submitted'
}

function recoverMessage(message: Message, size: Bytes | undefined): Message {
  switch (message.state) {
    case 'gone':
    case 'submitted':
      return message
    case 'uploading':
      // Its PUT may have been done: the attempt stays, and is looked for before anything else.
      if (size === message.size || message.attempt) return { ...without(message, 'wait'), state: 'queued' }
      return withoutData(message, size)
    case 'open':
      if (message.isDamaged === true) return failed(message, 'A write to it failed: it is not complete.')
      // Its last close(2) had returned, the kernel's word that it was the last had not come yet.
      if (message.isComplete === true && size === message.size) return message
      // Nobody can tell a writer that had finished from one that was cut off.
      return size === undefined ? withoutData(message, size) : heldAfterCrash(message, size)
    case 'held':
      // What there is of an archive is made anew.
      if (message.members) return message
      return size === undefined ? withoutData(message, size) : { ...message, size }
    case 'queued':
      if (size !== message.size && !message.attempt) return withoutData(message, size)
      // A pause between tries does not outlive the process: who starts it again wants it sent.
      return message.error === undefined ? message : without(message, 'wait')
    case 'failed':
      return message
  }
}

/** An entry that says that it was sent may be among what could not be read: it is looked for, whoever wants it sent. */
function inDoubt(message: Message): Message {
  if (message.state === 'gone' || message.state === 'submitted') return message
  const since = message.closedAt ?? message.mtime
  return { ...without(message, 'isComplete'), attempt: message.attempt ?? { since } }
}

function heldAfterCrash(message: Message, size: Bytes): Message {
  return {
    ...without(message, 'wait'),
    state: 'held',
    reason: 'crash',
    size,
    error: 'The daemon ended while it was open: look whether it is complete, then release or cancel it.',
  }
}

/** The spool has not what was written. */
export function withoutData(message: Message, size: Bytes | undefined): Message {
  if (size === undefined) return failed(message, 'Its data is not in the spool any more.')
  return failed(message, `The spool has ${size} bytes of it, ${message.size} were written.`)
}

function failed(message: Message, error: string): Message {
  return { ...without(message, 'wait', 'reason'), state: 'failed', isDamaged: true, error }
}
