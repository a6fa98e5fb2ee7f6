/** Changes of marks on their way into the journal of new/, which is made anew when it has grown, or could not be written. */
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../own-folders.js'
import { codeOf, type FsError, isDiskFull, UsageError } from '../errors.js'
import { Journal } from '../journal/journal.js'
import { JournalHealth } from '../journal/journal-health.js'
import { putAsideJournal, putAsideName } from '../journal/put-aside-name.js'
import type { Ownership } from '../ownership.js'
import type { Clock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'
import { AllMarks, type MarkChange, type MarkEntry } from './entry.js'

/** It is made anew when it has this many lines more than say all that is known. */
const compactAfter = 10_000
/** Beside the journal, from its beginning on: so it can be told when that was lost. */
export const madeFolder = 'made'
const form = { isNumbered: true }
const words = { of: 'new/', whenFull: 'nothing can be taken in new/', whenBroken: 'nothing can be taken in new/' }

/** How far a journal goes. */
export interface Extent {
  /** The how-manieth it is. */
  readonly journal: number
  readonly lines: number
}

/** How far the journal is known to go, kept where it does not go with it. */
export interface JournalReach {
  /** Undefined: there never was one, that is known of. */
  readonly known: Extent | undefined
  write(extent: Extent): Promise<void>
}

export interface MarkLogOptions {
  /** `new/` in the state directory. */
  readonly directory: string
  /** What is older than that counts as taken in a directory that has no marks yet: by the bucket's time. */
  readonly from: EpochMs
  readonly reach: JournalReach
  readonly ownership: Ownership
  readonly clock: Pick<Clock, 'monotonic'>
  readonly log: Logger
}

export class MarkLog {
  readonly all: AllMarks
  readonly #options: MarkLogOptions
  readonly #journal: Journal<MarkEntry>
  readonly #health: JournalHealth
  /** Partners that the journal has introduced. */
  #introduced: Set<number>
  /** In order, and not yet seen. */
  readonly #underWay = new Map<MarkEntry, Promise<void>>()
  #appended = 0

  private constructor(options: MarkLogOptions, journal: Journal<MarkEntry>, all: AllMarks) {
    this.#options = options
    this.#journal = journal
    this.all = all
    this.#introduced = new Set(all.numbers)
    const onHealed = (): void => undefined
    this.#health = new JournalHealth({ ...options, words, onHealed, heal: (isFull) => this.#heal(isFull) })
  }

  /** @throws the disk's own error, or UsageError where its journal can't be relied on, and there is no room for another */
  static async open(options: MarkLogOptions): Promise<MarkLog> {
    const { directory, reach, log } = options
    await makeFolders(directory)
    const isThere = await exists(join(directory, 'journal'))
    const isLost = !isThere && (reach.known !== undefined || (await exists(join(directory, madeFolder))))
    if (isLost) {
      const lost = putAsideName(join(directory, 'journal'))
      await writeFile(lost, '', { mode: 0o600 })
      log.error({ journal: lost }, 'The journal of new/ is gone: nobody knows what was taken.')
    }
    const all = new AllMarks(isThere || isLost ? 0 : options.from)
    const isBehind = ({ lines }: { readonly lines: number }) => isShorter(all.journal, lines, reach.known)
    const visit = (line: unknown): void => all.read(line)
    const { isDoubtful } = await Journal.read(directory, { of: words.of, log, isReserved: true, isBehind, visit })
    const next = Math.max(reach.known?.journal ?? 0, all.journal ?? 0) + 1
    const { journal, isNew } = await begun(directory, all.entries(next), isDoubtful)
    if (isNew) all.begunAs(next)
    await makeFolders(join(directory, madeFolder))
    const marks = new MarkLog(options, journal, all)
    await marks.#noteReach()
    return marks
  }

  /** One sentence, while nothing can be written down. */
  get problem(): string | undefined {
    const { lost } = this.#options.ownership
    return lost.aborted ? (lost.reason as FsError).message : this.#health.problem
  }

  /**
   * Seen once it is written down; if it can't be, nothing has changed.
   * @param sync also against power loss; else against the end of the process
   * @throws FsError ENOSPC or EIO
   */
  async change(partner: Partner, change: MarkChange, sync = true): Promise<void> {
    const isNew = !('take' in change || 'unlink' in change || 'rmdir' in change || 'forget' in change)
    const p = this.#numberOf(partner)
    if (!this.#introduced.has(p)) {
      await this.#append({ p, of: [partner.station, partner.partner] }, false, true)
      this.#introduced.add(p)
    }
    await this.#append({ p, ...change }, sync, isNew)
  }

  /** Nothing counts as taken because it was there before. @throws as `change` */
  async countAll(): Promise<void> {
    if (this.all.from > 0) await this.#append({ all: { from: 0 } }, true, false)
  }

  async close(): Promise<void> {
    await this.#health.close()
    await this.#noteReach()
    await this.#journal.close()
  }

  /** Where it can't be noted, less is known than could be: no harm. */
  async #noteReach(): Promise<void> {
    const { ownership, reach, log } = this.#options
    if (ownership.lost.aborted || this.problem !== undefined) return
    try {
      const lines = await this.#journal.synced()
      // Asked now: it may have been made anew while that was synced.
      const { journal } = this.all
      if (journal !== undefined) await reach.write({ journal, lines })
    } catch (err) {
      log.warn({ err }, 'How far the journal of new/ goes could not be written down.')
    }
  }

  #numberOf({ station, partner }: Partner): number {
    const known = this.all.numberOf({ station, partner })
    if (known !== undefined) return known
    const p = this.all.nextNumber
    this.all.apply({ p, of: [station, partner] })
    return p
  }

  async #append(entry: MarkEntry, sync: boolean, isNew: boolean): Promise<void> {
    this.#options.ownership.lost.throwIfAborted()
    if (this.#health.isBroken) await this.#health.mustBeWhole()
    const appended = this.#journal.append(entry, { sync, isNew }).then(() => this.all.apply(entry))
    this.#underWay.set(entry, appended)
    try {
      await appended
    } catch (cause) {
      throw this.#health.failed(cause)
    } finally {
      this.#underWay.delete(entry)
    }
    this.#appended += 1
    if (this.#appended > compactAfter + this.all.size) this.#compact()
  }

  #compact(): void {
    this.#appended = 0
    this.#madeAnew().catch((err: unknown) => {
      this.#options.log.error({ err }, 'The journal of new/ could not be made anew; it goes on growing.')
    })
  }

  async #madeAnew(): Promise<void> {
    // A new journal takes the place of whatever is there.
    await this.#options.ownership.check()
    let [numbers, next]: [readonly number[], number] = [[], 0]
    await this.#journal.compact(
      () => {
        numbers = this.all.numbers
        next = (this.all.journal ?? 0) + 1
        // What was appended to the old journal, and is still being synced there, would be lost with it.
        return both(this.all.entries(next), [...this.#underWay.keys()])
      },
      () => this.all.begunAs(next),
    )
    this.#introduced = new Set([...this.#introduced, ...numbers])
  }

  async #heal(isFull: boolean): Promise<void> {
    // Whatever fails yet is not to be in the new one.
    await Promise.allSettled(this.#underWay.values())
    // Said once more: is there room?
    if (isFull) await this.#journal.append({ all: { from: this.all.from } }, { sync: true, isNew: true })
    else await this.#madeAnew()
  }
}

function* both<T>(first: Iterable<T>, second: Iterable<T>): Generator<T, undefined> {
  yield* first
  yield* second
}

/** It ends before what is known to have been in it, or is an older one. One that does not say which it is was an older version's. */
function isShorter(journal: number | undefined, lines: number, known: Extent | undefined): boolean {
  if (known === undefined || journal === undefined) return false
  return journal < known.journal || (journal === known.journal && lines < known.lines)
}

/** What was put aside: marks may be missing as long as it is there. */
export async function damagedJournals(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => [])
  return names.filter((it) => putAsideJournal.test(it)).map((it) => join(directory, it))
}

/** @see recovered-spool.ts: the same for send/ */
async function begun(
  directory: string,
  entries: Iterable<MarkEntry>,
  isDoubtful: boolean,
): Promise<{ readonly journal: Journal<MarkEntry>; readonly isNew: boolean }> {
  try {
    return { journal: await Journal.begin(directory, entries, form), isNew: true }
  } catch (error) {
    if (!isDiskFull(error)) throw error
    if (isDoubtful || !(await exists(join(directory, 'journal')))) {
      throw new UsageError(`The disk of ${directory} is full: make some room there.`)
    }
    return { journal: await Journal.goOn(directory, form), isNew: false }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
