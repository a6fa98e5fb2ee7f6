/** One line of the journal: what happened, by what, and what came of it. */
import type { EpochMs } from '../../units.js'
import type { Told } from './told.js'
import type { EventType, MessageChange } from './events.js'
import type { Contents } from './contents.js'
import type { Bundle, Message } from './message.js'
import { toldOf } from './told.js'

/** What somebody did, or what the daemon did by itself, that made the events of a line. */
export type Cause =
  | 'create'
  | 'open'
  | 'write'
  | 'close'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'rmdir'
  | 'utimens'
  /** `as2fs queue`, running or not. */
  | 'queue'
  /** A lock or a trigger beside the file. */
  | 'beside'
  | 'packer'
  | 'upload'
  /** The gateway, as far as it is seen. */
  | 'pickup'

/** All of it is applied, or none. A line of 0.2 has neither `by` nor `events`, one of 0.1 no `told` either; 0.2 reads ours. */
export interface JournalEntry {
  /** When it was written. */
  readonly at?: EpochMs
  readonly by?: Cause
  /** As they are after it. */
  readonly messages?: readonly Message[]
  /** What happened to each of them, in the same order. */
  readonly events?: readonly EventType[]
  /** What is told of that, in the same order; null: nothing. */
  readonly told?: readonly (Told | null)[]
  readonly made?: readonly Bundle[]
  readonly removed?: readonly Bundle[]
  /** Of what of their data is not on disk by itself. A version that does not know them needs them after a power loss only. */
  readonly contents?: Contents
}

/** A line each: damage to one costs no other. What happened to them is told already. */
export function entriesOf(messages: Iterable<Message>, bundles: Iterable<Bundle>): JournalEntry[] {
  const lines: JournalEntry[] = Array.from(messages, (message) => ({ messages: [message] }))
  const made = [...bundles]
  return made.length === 0 ? lines : [...lines, { made }]
}

export function entryOf(
  changes: readonly MessageChange[],
  { at, by }: { readonly at: EpochMs; readonly by: Cause },
): JournalEntry {
  if (changes.length === 0) return { at, by }
  return {
    at,
    by,
    messages: changes.map((it) => it.after),
    events: changes.map((it) => it.event.type),
    told: changes.map(({ before, event, after }) => toldOf(before, event, after) ?? null),
  }
}
