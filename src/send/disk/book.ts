/** All messages and bundles: in memory as the journal has them. A change is on disk before it is seen. */
import type { Logger } from '../../telemetry/log.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Beside } from '../life/beside.js'
import type { Told } from '../life/change.js'
import type { AppendOptions, Journal } from './journal.js'
import { JournalHealth } from './journal-health.js'
import { bundleId, entriesOf, pathId, type Bundle, type JournalEntry, type Message } from '../life/message.js'
import { MessageIndex } from './message-index.js'
import type { Trail } from '../trail.js'
import type { Turns } from '../uploads/turns.js'
import type { Partner } from '../../view/partner.js'

/** The journal is made anew when it has this many entries more than there are messages. */
const compactAfter = 10_000

export interface MessageBookOptions {
  readonly journal: Journal<JournalEntry>
  readonly messages: readonly Message[]
  readonly bundles: readonly Bundle[]
  /** Told of every message that waits for its upload. */
  readonly turns: Turns
  readonly beside: Beside
  /** What a trigger had in it is needed no more. */
  readonly removeData: (id: string) => Promise<void>
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
  readonly #index = new MessageIndex()
  readonly #beside: Beside
  readonly #removeData: MessageBookOptions['removeData']
  readonly #turns: Turns
  readonly #bundles = new Map<string, Bundle>()
  /** Their names by partner. */
  readonly #bundlesOf = new Map<string, Map<string, Bundle>>()
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
    this.#turns = options.turns
    this.#beside = options.beside
    this.#removeData = options.removeData
    const { onHealed, log } = options
    this.#health = new JournalHealth({ heal: (isFull) => this.#heal(isFull), onHealed, log })
    for (const message of options.messages) this.#see(message)
    for (const bundle of options.bundles) this.#addBundle(bundle)
  }

  /** One sentence, while something can't be written down. */
  get problem(): string | undefined {
    return this.#health.problem
  }

  /** Nothing can be written down. */
  get isBroken(): boolean {
    return this.#health.isBroken
  }

  /** Messages as they are now. */
  get index(): Pick<
    MessageIndex,
    'of' | 'named' | 'submitted' | 'submittedOf' | 'untold' | 'unpacked' | 'inParts' | 'counts'
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

  all(): Iterable<Message> {
    return this.#index.all()
  }

  bundles(partner: Partner): Iterable<Bundle> {
    return this.#bundlesOf.get(pathId(partner, ''))?.values() ?? []
  }

  bundle(partner: Partner, name: string): Bundle | undefined {
    return this.#bundles.get(pathId(partner, name))
  }

  /**
   * Writes messages as they are from now on, all or none of them.
   * @param told what happened to each of them, in the same order: it is told once it is written down
   * @param removed bundles that are gone with it
   * @throws FsError ENOSPC or EIO if the journal can't be written; then nothing has changed
   */
  async put(
    messages: readonly Message[],
    options: AppendOptions & { readonly told?: readonly (Told | undefined)[]; readonly removed?: readonly Bundle[] },
  ): Promise<void> {
    const at = this.#clock.now()
    const { removed } = options
    const also = this.#beside.consequences(messages.map((after) => ({ before: this.get(after.id), after })))
    const all = [...messages, ...also.map((it) => it.after)]
    const told = [...messages.map((_, i) => options.told?.[i] ?? null), ...also.map((it) => it.told ?? null)]
    await this.#append({ at, messages: all, told, ...(removed && { removed }) }, options, () => {
      for (const bundle of removed ?? []) this.#removeBundle(bundle)
      for (const [i, message] of all.entries()) {
        this.#see(message)
        const happened = told[i]
        if (happened) this.#trail.changed(happened, message, at)
      }
    })
    for (const { after } of also) if (after.state === 'gone') await this.#removeData(after.id)
  }

  /** Changes what is shown while a file is being written; the next `put` writes it down. */
  touch(message: Message): void {
    this.#see(message)
  }

  async putBundles(change: { readonly made?: readonly Bundle[]; readonly removed?: readonly Bundle[] }): Promise<void> {
    await this.#append(change, { sync: true, isNew: change.made !== undefined }, () => {
      for (const bundle of change.removed ?? []) this.#removeBundle(bundle)
      for (const bundle of change.made ?? []) this.#addBundle(bundle)
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
    if (this.#appended > compactAfter + this.#index.size) this.#compact()
  }

  #see(message: Message): void {
    this.#turns.see(message)
    const before = this.#index.get(message.id)
    this.#index.put(message)
    this.#beside.see(before, message)
  }

  #addBundle(bundle: Bundle): void {
    this.#bundles.set(bundleId(bundle), bundle)
    this.#beside.seeBundle(bundle, true)
    const partner = pathId(bundle, '')
    const others = this.#bundlesOf.get(partner)
    if (others) others.set(bundle.name, bundle)
    else this.#bundlesOf.set(partner, new Map([[bundle.name, bundle]]))
  }

  #removeBundle(bundle: Bundle): void {
    this.#bundles.delete(bundleId(bundle))
    this.#beside.seeBundle(bundle, false)
    this.#bundlesOf.get(pathId(bundle, ''))?.delete(bundle.name)
  }

  #compact(): void {
    this.#appended = 0
    for (const message of [...this.all()].filter((it) => this.#isForgettable(it))) this.#index.remove(message)
    this.#madeAnew().catch((err: unknown) => {
      this.#log.error({ err }, 'The journal of send/ could not be made anew; it goes on growing.')
    })
  }

  async #madeAnew(): Promise<void> {
    // The trail is made whole from the journal after a crash: it must not be behind when that forgets what was.
    await this.#trail.flushed()
    // What was appended to the old journal, and is still being synced there, would be lost with it.
    await this.#journal.compact(() => [...entriesOf(this.all(), this.#bundles.values()), ...this.#underWay.keys()])
  }

  async #heal(isFull: boolean): Promise<void> {
    // Whatever fails yet is not to be in the new one.
    await Promise.allSettled(this.#underWay.values())
    // An entry that says nothing: is there room?
    if (isFull) await this.#journal.append({}, { sync: true, isNew: true })
    else await this.#madeAnew()
  }
}
