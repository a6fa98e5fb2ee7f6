/** What was done to the files of all inboxes: marks, with what programs made beside them. One for a state directory. */
import { join } from 'node:path'
import { makeFolders } from '../own-folders.js'
import { FsError } from '../errors.js'
import { Locks } from '../locks.js'
import type { Milliseconds } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { MarkChange } from './entry.js'
import { MadeFiles } from './made-files.js'
import { damagedJournals, madeFolder, MarkLog, type MarkLogOptions } from './mark-log.js'
import type { Marks } from './marks.js'

/** How often it is looked whether somebody has dealt with a damaged journal. */
const lookEvery: Milliseconds = 1_000

export class Taking {
  readonly made: MadeFiles
  readonly #directory: string
  readonly #log: MarkLog
  readonly #clock: MarkLogOptions['clock']
  readonly #locks = new Locks(() => undefined)
  #damaged: readonly string[]
  #lookedAt: Milliseconds = -Infinity

  private constructor(options: MarkLogOptions, log: MarkLog, made: MadeFiles, damaged: readonly string[]) {
    this.#directory = options.directory
    this.#clock = options.clock
    this.#log = log
    this.made = made
    this.#damaged = damaged
  }

  /** @throws as MarkLog.open */
  static async open(options: MarkLogOptions): Promise<Taking> {
    const log = await MarkLog.open(options)
    const folder = join(options.directory, madeFolder)
    await makeFolders(folder)
    const made = await MadeFiles.open(folder, log.all.madeNumbers())
    return new Taking(options, log, made, await damagedJournals(options.directory))
  }

  /** Those of whom anything was ever said. */
  get partners(): readonly Partner[] {
    return this.#log.all.partners
  }

  /** How many changes of marks were seen. */
  get changes(): number {
    return this.#log.all.changes
  }

  /** One sentence, while nothing can be written down. */
  get problem(): string | undefined {
    return this.#log.problem
  }

  of(partner: Partner): Marks {
    return this.#log.all.of(partner)
  }

  /** @see MarkLog.change */
  change(partner: Partner, change: MarkChange, sync = true): Promise<void> {
    return this.#log.change(partner, change, sync)
  }

  /** @see MarkLog.countAll */
  countAll(): Promise<void> {
    return this.#log.countAll()
  }

  /** Changes of one partner's names: one at a time. */
  alone<T>({ station, partner }: Partner, act: () => Promise<T>): Promise<T> {
    return this.#locks.run([`${station}/${partner}`], act)
  }

  /**
   * Marks that can't be read must not look like files that nobody took.
   * @throws FsError EIO as long as a damaged journal was not dealt with
   */
  async mustBeSure(): Promise<void> {
    if (this.#damaged.length === 0) return
    const now = this.#clock.monotonic()
    if (now - this.#lookedAt >= lookEvery) {
      this.#lookedAt = now
      this.#damaged = await damagedJournals(this.#directory)
    }
    const [journal] = this.#damaged
    if (journal !== undefined) {
      throw new FsError('EIO', `The marks of what was taken in new/ were damaged: see as2fs status; ${journal}.`)
    }
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}
