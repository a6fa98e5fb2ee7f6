/** What is told of each change of a sent file: one line of the log, and one entry of the audit trail. */
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Key } from '../units.js'
import type { Partner } from '../view/partner.js'
import { guessed } from './life/guessed.js'
import type { Told } from './life/told.js'
import { trailEntryOf, type TrailEntry } from './life/trail-entry.js'
import type { JournalEntry } from './life/entry.js'
import type { Message } from './life/message.js'
import type { Recovered } from './life/recovery.js'

/** Where the entries of the audit trail go, or some of them; it never fails and never blocks. */
export interface AuditSink {
  /** Whether it is told of such events; of all by default. */
  wants?(event: string): boolean
  append(entry: object): void
  /** Resolves when all that was appended is on disk, or can't be written for now. */
  flushed(): Promise<void>
  /** The entries that were written last. @throws the disk's own error */
  tail(): Promise<readonly object[]>
}

export interface TrailOptions {
  readonly keyOf: (message: Message) => Key
  readonly log: Logger
  readonly sinks: readonly AuditSink[]
}

export class Trail {
  readonly #options: TrailOptions

  constructor(options: TrailOptions) {
    this.#options = options
  }

  /** A change that is in the journal. */
  changed(told: Told, message: Message, at: EpochMs): void {
    const { log } = this.#options
    const entry = this.#entry(told, message, at)
    this.#append(entry)
    const { event, key, error } = entry
    if (event === 'failed') log.error(entry, `${key} failed: ${error ?? 'it could not be sent'}`)
    else log.info(entry, `${key}: ${event}`)
  }

  /** A name that was not accepted: there never was a file. */
  refused(partner: Partner, name: string, policy: string, at: EpochMs): void {
    const { station, partner: to } = partner
    const entry = { at: isoTime(at), event: 'refused', station, partner: to, name, policy }
    this.#append(entry)
    this.#options.log.info(entry, `${station}/${to}: ${name} was refused`)
  }

  /**
   * At a start: what the journal has and the audit trail has not, because the daemon was killed between the two.
   * @param entries as the journal was found
   * @param recovered what the start made of them, in the journal from now on
   */
  async reconcile(
    entries: readonly JournalEntry[],
    { messages: recovered, told: happened }: Pick<Recovered, 'messages' | 'told'>,
    now: EpochMs,
  ): Promise<void> {
    const sinks = await Promise.all(this.#options.sinks.map(knowing))
    const messages = new Map<string, Message>()
    for (const { messages: changed = [], told, at } of entries) {
      for (const [i, message] of changed.entries()) {
        // The lines of 0.1 alone do not say what happened.
        const change = told ? told[i] : guessed(messages.get(message.id), message)
        messages.set(message.id, message)
        if (sinks.length === 0 || !change || at === undefined) continue
        const entry = this.#entry(change, message, at)
        for (const { sink, known } of sinks) if (isFor(sink, entry) && !known.has(entryId(entry))) sink.append(entry)
      }
    }
    for (const message of recovered) {
      const told = happened.get(message.id)
      if (told) this.changed(told, message, now)
    }
    await this.flushed()
  }

  /** All that was told so far is on disk when it resolves, if the disk lets it. */
  async flushed(): Promise<void> {
    await Promise.all(this.#options.sinks.map((it) => it.flushed()))
  }

  #append(entry: object & { readonly event: string }): void {
    for (const sink of this.#options.sinks) if (isFor(sink, entry)) sink.append(entry)
  }

  #entry(told: Told, message: Message, at: EpochMs): AuditEntry {
    const { id, station, partner, path: name, size } = message
    const { event, ...rest } = trailEntryOf(told, message, at)
    return { at: isoTime(at), event, id, station, partner, name, key: this.#options.keyOf(message), size, ...rest }
  }
}

interface AuditEntry extends TrailEntry {
  readonly at: string
  readonly id: string
  readonly station: string
  readonly partner: string
  readonly name: string
  readonly key: Key
  readonly size: number
}

function isFor(sink: AuditSink, { event }: { readonly event: string }): boolean {
  return sink.wants?.(event) ?? true
}

/** Where it can't be read, nothing is known, and all is told once more. */
async function knowing(sink: AuditSink): Promise<{ readonly sink: AuditSink; readonly known: ReadonlySet<string> }> {
  return { sink, known: new Set((await sink.tail().catch(() => [])).map(entryId)) }
}

/** Two entries that say the same have the same; one of them is enough. */
function entryId(entry: object): string {
  const { at, event, id } = entry as { readonly at?: unknown; readonly event?: unknown; readonly id?: unknown }
  return `${String(id)} ${String(event)} ${String(at)}`
}

function isoTime(at: EpochMs): string {
  return new Date(at).toISOString()
}
