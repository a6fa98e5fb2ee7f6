/** Entries on their way into the journal, one after the other; it is made anew when it has grown, or could not be written. */
import type { CancelSignal } from '../../cancellation.js'
import type { FsError } from '../../errors.js'
import type { Clock } from '../../telemetry/clock.js'
import type { Logger } from '../../telemetry/log.js'
import type { Ownership } from '../../ownership.js'
import type { Trail } from '../trail.js'
import type { JournalEntry } from '../life/entry.js'
import { NotWanted, type AppendOptions, type Journal } from '../../journal/journal.js'
import { JournalHealth } from '../../journal/journal-health.js'

/** The journal is made anew when it has this many entries more than there are messages. */
const compactAfter = 10_000
/** … or this many characters of contents. */
const compactAfterContents = 8 * 1024 * 1024

const words = {
  of: 'send/',
  whenFull: 'nothing is accepted in send/',
  whenBroken: 'nothing is accepted or sent',
}

/** What a journal that is made anew has to say. */
export interface Known {
  /** How many messages there are. */
  size(): number
  entries(): readonly JournalEntry[]
  /** What is over, and is needed no more, goes. */
  forget(): void
}

export interface WriteOptions extends Omit<AppendOptions, 'isWanted'> {
  /** Of who waits for it, and was told that it failed when this is aborted: if it is not being written by then, it never is. */
  readonly signal?: CancelSignal
}

interface UnderWay {
  /** A journal that was made anew has it, whatever becomes of who wanted it. */
  isCompacted: boolean
  appended: Promise<void>
}

export interface JournalWriterOptions {
  readonly journal: Pick<Journal<JournalEntry>, 'append' | 'synced' | 'hurry' | 'compact' | 'close'>
  /** All that was told of what is in the journal. */
  readonly trail: Pick<Trail, 'flushed'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  /** Of the directory that the journal is in. */
  readonly ownership: Ownership
  /** The journal can be written again. */
  readonly onHealed: () => void
  readonly log: Logger
}

export class JournalWriter {
  readonly #options: JournalWriterOptions
  readonly #known: Known
  readonly #health: JournalHealth
  /** In order, and not yet seen. */
  readonly #underWay = new Map<JournalEntry, UnderWay>()
  #appended = 0
  #contents = 0

  /** @param known what has been seen of all that was appended */
  constructor(options: JournalWriterOptions, known: Known) {
    this.#options = options
    this.#known = known
    this.#health = new JournalHealth({ ...options, words, heal: (isFull) => this.#heal(isFull) })
  }

  /** One sentence, while something can't be written down. */
  get problem(): string | undefined {
    const { lost } = this.#options.ownership
    return lost.aborted ? (lost.reason as FsError).message : this.#health.problem
  }

  /** Nothing can be written down. */
  get isBroken(): boolean {
    return this.#options.ownership.lost.aborted || this.#health.isBroken
  }

  /**
   * @param show shows what the entry says, once it is in the journal; not called if this fails
   * @throws FsError ENOSPC or EIO, ETIMEDOUT for what nobody waits for any more
   */
  async append(entry: JournalEntry, { signal, ...options }: WriteOptions, show: () => void): Promise<void> {
    this.#options.ownership.lost.throwIfAborted()
    if (this.isBroken) await this.#health.mustBeWhole()
    const underWay: UnderWay = { isCompacted: false, appended: Promise.resolve() }
    const isWanted = (): boolean => underWay.isCompacted || signal?.aborted !== true
    const appended = this.#options.journal.append(entry, signal ? { ...options, isWanted } : options).then(show)
    underWay.appended = appended
    this.#underWay.set(entry, underWay)
    try {
      await appended
    } catch (cause) {
      throw cause instanceof NotWanted ? cause : this.#health.failed(cause)
    } finally {
      this.#underWay.delete(entry)
    }
    this.#appended += 1
    for (const content of Object.values(entry.contents ?? {})) this.#contents += content.length
    const isLong = this.#appended > compactAfter + this.#known.size() || this.#contents > compactAfterContents
    if (isLong) this.#compact()
  }

  /** All that was appended so far is on disk when it resolves. @throws FsError ENOSPC or EIO */
  async synced(): Promise<void> {
    this.#options.ownership.lost.throwIfAborted()
    if (this.isBroken) await this.#health.mustBeWhole()
    await this.#options.journal.synced().catch((cause: unknown) => {
      throw this.#health.failed(cause)
    })
  }

  /** Somebody waits for what is patient. */
  hurry(): void {
    this.#options.journal.hurry()
  }

  async close(): Promise<void> {
    await this.#health.close()
    await this.#endAnew()
    await this.#options.journal.close()
  }

  /** Whatever is copied over the file from now on says of itself that it was another one. */
  async #endAnew(): Promise<void> {
    if (this.problem !== undefined) return
    await this.#madeAnew().catch((err: unknown) => {
      this.#options.log.warn({ err }, 'The journal of send/ could not be made anew at the end; it stays as it is.')
    })
  }

  #compact(): void {
    this.#appended = 0
    this.#contents = 0
    this.#known.forget()
    this.#madeAnew().catch((err: unknown) => {
      this.#options.log.error({ err }, 'The journal of send/ could not be made anew; it goes on growing.')
    })
  }

  async #madeAnew(): Promise<void> {
    const { ownership, trail, journal } = this.#options
    // A new journal takes the place of whatever is there.
    await ownership.check()
    // The trail is made whole from the journal after a crash: it must not be behind when that forgets what was.
    await trail.flushed()
    // What was appended to the old journal, and is still being synced there, would be lost with it.
    await journal.compact(() => [...this.#known.entries(), ...this.#compacted()])
  }

  /** They are there from now on, and so they happen. */
  #compacted(): JournalEntry[] {
    for (const it of this.#underWay.values()) it.isCompacted = true
    return [...this.#underWay.keys()]
  }

  async #heal(isFull: boolean): Promise<void> {
    // Whatever fails yet is not to be in the new one.
    await Promise.allSettled(Array.from(this.#underWay.values(), (it) => it.appended))
    const { journal, clock } = this.#options
    // An entry that says nothing but when: is there room?
    if (isFull) await journal.append({ at: clock.now() }, { sync: true, isNew: true })
    else await this.#madeAnew()
  }
}
