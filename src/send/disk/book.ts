/** All messages and bundles: in memory as the journal has them. A change is on disk before it is seen. */
import { FsError } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import type { EpochMs, Name } from '../../units.js'
import type { Beside } from '../life/beside.js'
import type { EventType, Happening, LifeEvent, MessageChange } from '../life/events.js'
import type { Bundle, Message } from '../life/message.js'
import { mustAllow, next } from '../life/next.js'
import { endsContent, type Contents } from '../life/contents.js'
import { entriesOf, entryOf, type Cause, type JournalEntry } from '../life/entry.js'
import { Folders } from './folders.js'
import { NotWanted } from '../../journal/journal.js'
import { JournalWriter, type JournalWriterOptions, type WriteOptions } from './journal-writer.js'
import type { Settling } from './settling.js'
import { Locks } from '../../locks.js'
import { MessageIndex } from './message-index.js'
import type { Trail } from '../trail.js'
import type { Partner } from '../../view/partner.js'

export interface MessageBookOptions extends JournalWriterOptions {
  readonly messages: readonly Message[]
  readonly bundles: readonly Bundle[]
  /** Told of every message as it is from now on. */
  readonly turns: { update(message: Message): void }
  readonly beside: Beside
  /** Whether one is being uploaded, or about to be. */
  readonly isUnderWay: (id: string) => boolean
  /** Some that were locked are not any more. */
  readonly onFree: () => void
  /** Has contents that the journal has. */
  readonly settling: Pick<Settling, 'hasRoom' | 'has' | 'note' | 'entries' | 'of'>
  /** Whether nothing of one that is open outlives the process: neither the spool nor the journal has it. */
  readonly isInMemory: (id: string) => boolean
  /** What a trigger had in it is needed no more. */
  readonly removeData: (id: string) => Promise<void>
  /** Whether what is over may be forgotten. */
  readonly isForgettable: (message: Message) => boolean
  /** Told of every change, once it is in the journal. */
  readonly trail: Pick<Trail, 'changed' | 'flushed'>
  readonly clock: Clock
}

export interface ChangeOptions extends WriteOptions {
  readonly by: Cause
  /** Folders that come and go with it. */
  readonly made?: readonly Bundle[]
  readonly removed?: readonly Bundle[]
  /** Of files that were written. */
  readonly contents?: Contents
}

/**
 * Writes down what happens, all or nothing of it, and what follows beside it; then it is shown, and told.
 * @returns the messages as they are after it, in the same order
 * @throws FsError if it can't happen to them as they are, ENOSPC or EIO if the journal can't be written, ETIMEDOUT if nobody waits for
 * it any more; then nothing has changed
 */
export type Write = (happenings: readonly Happening[], options: ChangeOptions) => Promise<readonly Message[]>

/**
 * The same of what is promised to nobody yet: shown at once, and written down with what comes next, or within moments.
 * @returns for whatever relies on it: has it written down without delay, and resolves when it is; undefined: it has to be written
 * down first, and has not happened
 */
export type WriteLater = (happenings: readonly Happening[], options: ChangeOptions) => (() => Promise<void>) | undefined

export class MessageBook {
  readonly #journal: JournalWriter
  readonly #trail: MessageBookOptions['trail']
  readonly #clock: Clock
  readonly #isForgettable: MessageBookOptions['isForgettable']
  readonly #index = new MessageIndex()
  readonly #beside: Beside
  readonly #locks: Locks
  readonly #isUnderWay: MessageBookOptions['isUnderWay']
  readonly #settling: MessageBookOptions['settling']
  readonly #isInMemory: MessageBookOptions['isInMemory']
  readonly #removeData: MessageBookOptions['removeData']
  readonly #turns: MessageBookOptions['turns']
  readonly #folders = new Folders()

  constructor(options: MessageBookOptions) {
    this.#trail = options.trail
    this.#clock = options.clock
    this.#isForgettable = options.isForgettable
    this.#turns = options.turns
    this.#beside = options.beside
    this.#isInMemory = options.isInMemory
    this.#isUnderWay = options.isUnderWay
    this.#settling = options.settling
    this.#removeData = options.removeData
    this.#locks = new Locks(options.onFree)
    this.#journal = new JournalWriter(options, {
      size: () => this.#index.size,
      entries: () => [...entriesOf(this.#allOnDisk(), this.#folders.all()), ...this.#settling.entries()],
      forget: () => this.#forget(),
    })
    for (const message of options.messages) this.#update(message)
    for (const bundle of options.bundles) this.#addBundle(bundle)
  }

  /** One sentence, while something can't be written down. */
  get problem(): string | undefined {
    return this.#journal.problem
  }

  /** Nothing can be written down. */
  get isBroken(): boolean {
    return this.#journal.isBroken
  }

  /** Whether the journal may take another small file's content. */
  get hasRoomForContent(): boolean {
    return this.#settling.hasRoom
  }

  /** Whether the journal has the data of one as it was closed. */
  hasContent(id: string): boolean {
    return this.#settling.has(id)
  }

  /** Messages as they are now. */
  get index(): Pick<
    MessageIndex,
    'of' | 'named' | 'submitted' | 'submittedOf' | 'untold' | 'unpacked' | 'inParts' | 'tally'
  > {
    return this.#index
  }

  get(id: string): Message | undefined {
    return this.#index.get(id)
  }

  /** The message that is shown under a path. */
  at(partner: Partner, path: string): Message | undefined {
    return this.#index.at(partner, path)
  }

  /** @throws FsError ENOENT if there is none under a path */
  found(partner: Partner, path: readonly Name[]): Message {
    const message = this.at(partner, path.join('/'))
    if (!message) throw new FsError('ENOENT', `There is no ${path.join('/')} in this send/.`)
    return message
  }

  /** @throws FsError as the table of its life has it, if that can't happen to it as it is */
  allowing(id: string, event: EventType): Message {
    const message = this.get(id)
    mustAllow(message, event, this.#isUnderWay(id))
    return message as Message
  }

  all(): Iterable<Message> {
    return this.#index.all()
  }

  bundles(partner: Partner): Iterable<Bundle> {
    return this.#folders.of(partner)
  }

  bundle(partner: Partner, name: string): Bundle | undefined {
    return this.#folders.get(partner, name)
  }

  /**
   * Changes messages: alone among all that change one of them.
   * @param names ids of messages, and whatever else is to be locked
   * @param decide what happens to them as they are now; nothing, if nothing is to
   * @throws as `Write`
   */
  change(
    names: readonly string[],
    decide: (messages: readonly Message[]) => readonly Happening[],
    options: ChangeOptions,
  ): Promise<readonly Message[]> {
    return this.exclusively(names, (write) => {
      return write(decide(names.flatMap((name) => this.get(name) ?? [])), options)
    })
  }

  /** The same for what takes more than one step. @param act never locks anything itself */
  async exclusively<T>(
    names: readonly string[],
    act: (write: Write, writeLater: WriteLater) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      const held = this.#toLock(names)
      if (held.some((it) => this.#locks.isLocked(it))) this.#journal.hurry()
      const done = await this.#locks.run(held, async () => {
        // Renamed while they were waited for, they have others beside them.
        const isCovered = this.#toLock(names).every((it) => held.includes(it))
        if (!isCovered) return undefined
        const result = await act(
          (happenings, options) => this.#write(happenings, options),
          (happenings, options) => this.#writeLater(happenings, options),
        )
        return { result }
      })
      if (done) return done.result
    }
  }

  /** Somebody changes it just now. */
  isLocked(id: string): boolean {
    return this.#locks.isLocked(id)
  }

  /**
   * Changes what is shown, and no more: while a file is being written, or while nothing can be written down. What is written down
   * of it next says the same.
   */
  touch(id: string, event: LifeEvent): void {
    const message = this.get(id)
    if (message) this.#update(next(message, event, this.#clock.now()))
  }

  /** All that was shown by now is on disk when it resolves. @throws FsError ENOSPC or EIO */
  synced(): Promise<void> {
    return this.#journal.synced()
  }

  close(): Promise<void> {
    return this.#journal.close()
  }

  #toLock(names: readonly string[]): readonly string[] {
    const beside = names.flatMap((name) => {
      const message = this.get(name)
      return message ? this.#beside.lockNames(message) : []
    })
    return beside.length === 0 ? names : [...new Set([...names, ...beside])]
  }

  async #write(happenings: readonly Happening[], options: ChangeOptions): Promise<readonly Message[]> {
    if (options.signal?.aborted === true) throw new NotWanted()
    const at = this.#clock.now()
    const all = happenings.map((it) => this.#changed(it, at))
    const asked = all.filter(({ before, after }) => before !== after)
    const following = this.#beside.consequences(asked).map((it) => this.#changed(it, at))
    const changes = [...asked, ...following]
    const { made, removed, contents } = options
    if (changes.length > 0 || made || removed) {
      await this.#settleFor(changes)
      const more = { ...(made && { made }), ...(removed && { removed }), ...(contents && { contents }) }
      const entry: JournalEntry = { ...this.#entryOf(changes, at, options), ...more }
      await this.#journal.append(entry, options, () => this.#show(entry, changes, at))
    }
    for (const { after } of following) if (after.state === 'gone') await this.#removeData(after.id)
    return all.map((it) => it.after)
  }

  #entryOf(changes: readonly MessageChange[], at: EpochMs, { by, contents = {} }: ChangeOptions): JournalEntry {
    const entry = entryOf(changes, { at, by })
    const { messages } = entry
    return messages ? { ...entry, messages: messages.map((it) => (it.id in contents ? it : this.#onDisk(it))) } : entry
  }

  *#allOnDisk(): Iterable<Message> {
    for (const message of this.all()) yield this.#onDisk(message)
  }

  /** What a start finds of it, should the process end now. */
  #onDisk(message: Message): Message {
    return message.state === 'open' && this.#isInMemory(message.id) ? { ...message, size: 0 } : message
  }

  #writeLater(happenings: readonly Happening[], options: ChangeOptions): ReturnType<WriteLater> {
    const at = this.#clock.now()
    const changes = happenings.map((it) => this.#changed(it, at))
    if (this.isBroken || this.#beside.consequences(changes).length > 0) return undefined
    const entry = entryOf(changes, { at, by: options.by })
    for (const { after } of changes) this.#update(after)
    // What is written down of it next says the same.
    const written = this.#journal.append(entry, { ...options, isPatient: true }, () => this.#note(entry, changes, at))
    written.catch(() => undefined)
    return () => {
      this.#journal.hurry()
      return written
    }
  }

  async #settleFor(changes: readonly MessageChange[]): Promise<void> {
    const ending = changes.filter(({ event }) => endsContent.has(event.type)).map(({ after }) => after.id)
    const ids = ending.filter((id) => this.hasContent(id))
    if (ids.length > 0) await this.#settling.of(ids)
  }

  #changed({ id, event }: Happening, at: EpochMs): MessageChange {
    const before = this.get(id)
    return { event, before, after: next(before, event, at, this.#isUnderWay(id)) }
  }

  #show(entry: JournalEntry, changes: readonly MessageChange[], at: EpochMs): void {
    const { made = [], removed = [] } = entry
    for (const bundle of removed) this.#removeBundle(bundle)
    for (const bundle of made) this.#addBundle(bundle)
    for (const { after } of changes) this.#update(after)
    this.#note(entry, changes, at)
  }

  /** An entry is in the journal. */
  #note(entry: JournalEntry, changes: readonly MessageChange[], at: EpochMs): void {
    this.#settling.note(entry)
    for (const [i, { after }] of changes.entries()) {
      const happened = entry.told?.[i]
      if (happened) this.#trail.changed(happened, after, at)
    }
  }

  #update(message: Message): void {
    this.#turns.update(message)
    const before = this.#index.get(message.id)
    this.#index.put(message)
    this.#beside.update(before, message)
  }

  #addBundle(bundle: Bundle): void {
    this.#folders.add(bundle)
    this.#beside.updateFolder(bundle, true)
  }

  #removeBundle(bundle: Bundle): void {
    this.#folders.remove(bundle)
    this.#beside.updateFolder(bundle, false)
  }

  #forget(): void {
    for (const message of [...this.all()].filter((it) => this.#isForgettable(it))) this.#index.remove(message)
  }
}
