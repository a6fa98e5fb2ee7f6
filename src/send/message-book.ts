/** All messages and bundles: in memory as the journal has them. A change is on disk before it is seen. */
import type { Logger } from '../telemetry/log.js'
import type { Clock } from '../telemetry/clock.js'
import type { AppendOptions, Journal } from './journal.js'
import { JournalHealth } from './journal-health.js'
import { bundleId, entriesOf, pathId, type Bundle, type JournalEntry, type Message } from './message.js'
import type { Trail } from './trail.js'
import type { Partner } from '../view/partner.js'

/** The journal is made anew when it has this many entries more than there are messages. */
const compactAfter = 10_000

export interface MessageBookOptions {
  readonly journal: Journal<JournalEntry>
  readonly messages: readonly Message[]
  readonly bundles: readonly Bundle[]
  /** Whether what is over may be forgotten. */
  readonly isForgettable: (message: Message) => boolean
  /** Told of every change, once it is in the journal. */
  readonly trail: Trail
  readonly clock: Clock
  /** The journal can be written again. */
  readonly onHealed: () => void
  readonly log: Logger
}

export class MessageBook {
  readonly #journal: Journal<JournalEntry>
  readonly #trail: Trail
  readonly #clock: Clock
  readonly #log: Logger
  readonly #isForgettable: (message: Message) => boolean
  readonly #byId = new Map<string, Message>()
  /** Of those that are shown: all but the gone ones. */
  readonly #byPath = new Map<string, string>()
  /** All of them, gone ones included, by path. */
  readonly #namesakes = new Map<string, Set<string>>()
  readonly #queued = new Map<string, Message>()
  readonly #bundles = new Map<string, Bundle>()
  /** On their way into the journal, in order, and not yet seen here. */
  readonly #underWay = new Map<JournalEntry, Promise<void>>()
  readonly #health: JournalHealth
  #appended = 0

  constructor(options: MessageBookOptions) {
    this.#journal = options.journal
    this.#trail = options.trail
    this.#clock = options.clock
    this.#log = options.log
    this.#isForgettable = options.isForgettable
    const { onHealed, log } = options
    this.#health = new JournalHealth({ heal: (isFull) => this.#heal(isFull), onHealed, log })
    for (const message of options.messages) this.#see(message)
    for (const bundle of options.bundles) this.#bundles.set(bundleId(bundle), bundle)
  }

  /** One sentence, while something can't be written down. */
  get problem(): string | undefined {
    return this.#health.problem
  }

  /** Nothing can be written down. */
  get isBroken(): boolean {
    return this.#health.isBroken
  }

  get(id: string): Message | undefined {
    return this.#byId.get(id)
  }

  /** The message that is shown under a path. */
  at(partner: Partner, path: string): Message | undefined {
    const id = this.#byPath.get(pathId(partner, path))
    return id === undefined ? undefined : this.#byId.get(id)
  }

  /** All that have or had this path, gone ones included. */
  named(partner: Partner, path: string): Message[] {
    const ids = [...(this.#namesakes.get(pathId(partner, path)) ?? [])]
    return ids.map((id) => this.#byId.get(id)).filter((it) => it !== undefined)
  }

  all(): Iterable<Message> {
    return this.#byId.values()
  }

  /** Those that are queued or being uploaded. */
  queued(): Iterable<Message> {
    return this.#queued.values()
  }

  bundles(partner: Partner): Bundle[] {
    return [...this.#bundles.values()].filter((it) => it.station === partner.station && it.partner === partner.partner)
  }

  bundle(partner: Partner, name: string): Bundle | undefined {
    return this.#bundles.get(pathId(partner, name))
  }

  /**
   * Writes messages as they are from now on, all or none of them.
   * @param removed bundles that are gone with it
   * @throws FsError ENOSPC or EIO if the journal can't be written; then nothing has changed
   */
  async put(
    messages: readonly Message[],
    options: AppendOptions & { readonly removed?: readonly Bundle[] },
  ): Promise<void> {
    const at = this.#clock.now()
    const { removed } = options
    await this.#append({ at, messages, ...(removed && { removed }) }, options, () => {
      for (const bundle of removed ?? []) this.#bundles.delete(bundleId(bundle))
      for (const message of messages) {
        const before = this.#byId.get(message.id)
        this.#see(message)
        this.#trail.changed(before, message, at)
      }
    })
  }

  /** Changes what is shown while a file is being written; the next `put` writes it down. */
  touch(message: Message): void {
    this.#see(message)
  }

  async putBundles(change: { readonly made?: readonly Bundle[]; readonly removed?: readonly Bundle[] }): Promise<void> {
    await this.#append(change, { sync: true, isNew: change.made !== undefined }, () => {
      for (const bundle of change.removed ?? []) this.#bundles.delete(bundleId(bundle))
      for (const bundle of change.made ?? []) this.#bundles.set(bundleId(bundle), bundle)
    })
  }

  async close(): Promise<void> {
    await this.#health.close()
    await this.#journal.close()
  }

  async #append(entry: JournalEntry, options: AppendOptions, see: () => void): Promise<void> {
    if (this.isBroken) await this.#health.mustBeWhole()
    const appended = this.#journal.append(entry, options).then(see)
    this.#underWay.set(entry, appended)
    try {
      await appended
    } catch (cause) {
      throw this.#health.failed(cause)
    } finally {
      this.#underWay.delete(entry)
    }
    this.#appended += 1
    if (this.#appended > compactAfter + this.#byId.size) this.#compact()
  }

  #see(message: Message): void {
    const before = this.#byId.get(message.id)
    if (before) this.#forgetPath(before)
    this.#byId.set(message.id, message)
    if (message.state === 'queued' || message.state === 'uploading') this.#queued.set(message.id, message)
    else this.#queued.delete(message.id)
    this.#addNamesake(message)
    if (message.state !== 'gone') this.#byPath.set(pathId(message, message.path), message.id)
  }

  #forgetPath(message: Message): void {
    const path = pathId(message, message.path)
    if (this.#byPath.get(path) === message.id) this.#byPath.delete(path)
    const namesakes = this.#namesakes.get(path)
    namesakes?.delete(message.id)
    if (namesakes?.size === 0) this.#namesakes.delete(path)
  }

  #addNamesake(message: Message): void {
    const path = pathId(message, message.path)
    const namesakes = this.#namesakes.get(path)
    if (namesakes) namesakes.add(message.id)
    else this.#namesakes.set(path, new Set([message.id]))
  }

  #compact(): void {
    this.#appended = 0
    for (const message of [...this.#byId.values()].filter((it) => this.#isForgettable(it))) {
      this.#byId.delete(message.id)
      this.#forgetPath(message)
    }
    this.#madeAnew().catch((err: unknown) => {
      this.#log.error({ err }, 'The journal of send/ could not be made anew; it goes on growing.')
    })
  }

  async #madeAnew(): Promise<void> {
    // The trail is made whole from the journal after a crash: it must not be behind when that forgets what was.
    await this.#trail.flushed()
    // What was appended to the old journal, and is still being synced there, would be lost with it.
    await this.#journal.compact(() => [
      ...entriesOf(this.#byId.values(), this.#bundles.values()),
      ...this.#underWay.keys(),
    ])
  }

  async #heal(isFull: boolean): Promise<void> {
    // Whatever fails yet is not to be in the new one.
    await Promise.allSettled(this.#underWay.values())
    // An entry that says nothing: is there room?
    if (isFull) await this.#journal.append({}, { sync: true, isNew: true })
    else await this.#madeAnew()
  }
}
