/** `as2fs new`: how many files wait in each new/, and what changes all of them at once. */
import type { CancelSignal } from '../cancellation.js'
import type { NewMovedPolicy } from '../config.js'
import type { NewReport, NewRow } from '../control/reports.js'
import { FsError } from '../errors.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { NewInboxes } from '../fs/new/new-inboxes.js'
import { type Stall, whileAnswered } from '../patience.js'
import type { FileId } from '../taking/file-id.js'
import type { Taking } from '../taking/taking.js'
import type { Milliseconds, Name } from '../units.js'
import type { Partner } from '../view/partner.js'
import { allPartners } from './all-partners.js'

export interface NewOverviewOptions {
  readonly partners: DirectoryOfPartners
  readonly inboxes: NewInboxes
  readonly taking: Taking
  /** `--new-moved` */
  readonly moved: NewMovedPolicy
  /** `--read-only` */
  readonly readOnly: boolean
  /** A bucket that says nothing for so long is not waited for: `--op-timeout` */
  readonly patience: Milliseconds
  /** What is shown of some is another. */
  readonly onChange: () => void
}

/** In one line of the journal. */
const idsOfLine = 256
/** Partners that are looked at at the same time. */
const atOnce = 16

export class NewOverview {
  readonly #options: NewOverviewOptions

  constructor(options: NewOverviewOptions) {
    this.#options = options
  }

  /** @throws FsError if it can't be told which partners there are */
  async report(signal: CancelSignal): Promise<NewReport> {
    return this.#whileAnswered(signal, (stall) => this.#reportOf(undefined, stall))
  }

  /**
   * Shows all that the bucket has again, under its own name.
   * @param wanted `STATION/PARTNER`; undefined: of all
   * @throws FsError ENOENT for one that is not there, EROFS, or why it can't be written down
   */
  async reset(wanted: string | undefined, signal: CancelSignal): Promise<NewReport> {
    return this.#whileAnswered(signal, (stall) => this.#reset(wanted, stall))
  }

  async #reset(wanted: string | undefined, stall: Stall): Promise<NewReport> {
    const { taking, onChange } = this.#options
    this.#mustBeWritable()
    const all = wanted === undefined ? taking.partners : await this.#partners(wanted, stall)
    if (wanted === undefined) await taking.countAll()
    try {
      for (const partner of all) await taking.alone(partner, () => taking.change(partner, { reset: true }))
    } finally {
      onChange()
    }
    return this.#reportOf(wanted, stall)
  }

  /** Takes all that is there now. @throws as `reset`, and FsError where the bucket can't be asked what is there */
  async takeAll(wanted: string | undefined, signal: CancelSignal): Promise<NewReport> {
    return this.#whileAnswered(signal, async (stall) => {
      this.#mustBeWritable()
      for (const partner of await this.#partners(wanted, stall)) {
        await this.#takeAllOf(partner, stall.signal)
        stall.goesOn()
      }
      return this.#reportOf(wanted, stall)
    })
  }

  async #takeAllOf(partner: Partner, signal: CancelSignal): Promise<void> {
    const { taking, inboxes, onChange } = this.#options
    await taking.alone(partner, async () => {
      const { inbox, shown } = await inboxes.current(partner, signal)
      const ids: FileId[] = []
      for (const position of shown.waiting('keep')) ids.push(inbox.id(position))
      try {
        for (let at = 0; at < ids.length; at += idsOfLine) {
          await taking.change(partner, { take: ids.slice(at, at + idsOfLine) }, at + idsOfLine >= ids.length)
        }
      } finally {
        onChange()
      }
    })
  }

  async #reportOf(wanted: string | undefined, stall: Stall): Promise<NewReport> {
    const all = await this.#partners(wanted, stall)
    const rows: NewRow[] = []
    for (let at = 0; at < all.length; at += atOnce) {
      rows.push(...(await Promise.all(all.slice(at, at + atOnce).map((it) => this.#row(it, stall)))))
    }
    return { rows }
  }

  /** One that can't be told has said why, and is an answer as well: but for one that does not come. */
  async #row(partner: Partner, stall: Stall): Promise<NewRow> {
    const { inboxes, moved } = this.#options
    try {
      const { shown } = await inboxes.fresh(partner, stall.signal)
      stall.goesOn()
      return { ...partner, ...shown.counts(moved) }
    } catch (error) {
      if (!(error instanceof FsError)) throw error
      if (error.code !== 'ETIMEDOUT') stall.goesOn()
      return { ...partner, error: error.message }
    }
  }

  async #partners(wanted: string | undefined, stall: Stall): Promise<readonly Partner[]> {
    const { partners } = this.#options
    if (wanted === undefined) return allPartners(partners, stall)
    const [station, partner, more] = wanted.split('/') as Name[]
    if (!station || !partner || more !== undefined) {
      throw new FsError('EINVAL', `${wanted} names no partner: give STATION/PARTNER, as their folders are called.`)
    }
    return [await partners.find({ station, partner }, stall.signal)]
  }

  #whileAnswered(signal: CancelSignal, work: (stall: Stall) => Promise<NewReport>): Promise<NewReport> {
    return whileAnswered(this.#options.patience, signal, work)
  }

  #mustBeWritable(): void {
    if (this.#options.readOnly) throw new FsError('EROFS', 'The mount is read-only (--read-only).')
  }
}
