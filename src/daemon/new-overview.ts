/** `as2fs new`: how many files wait in each new/, and what changes all of them at once. */
import type { NewMovedPolicy } from '../config.js'
import type { NewReport, NewRow } from '../control/reports.js'
import { FsError } from '../errors.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { NewInboxes } from '../fs/new/new-inboxes.js'
import type { FileId } from '../taking/file-id.js'
import type { Taking } from '../taking/taking.js'
import type { Name } from '../units.js'
import type { Partner } from '../view/partner.js'

export interface NewOverviewOptions {
  readonly partners: DirectoryOfPartners
  readonly inboxes: NewInboxes
  readonly taking: Taking
  /** `--new-moved` */
  readonly moved: NewMovedPolicy
  /** `--read-only` */
  readonly readOnly: boolean
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
  async report(signal: AbortSignal): Promise<NewReport> {
    const all = await this.#partners(undefined, signal)
    const rows: NewRow[] = []
    for (let at = 0; at < all.length; at += atOnce) {
      rows.push(...(await Promise.all(all.slice(at, at + atOnce).map((it) => this.#row(it, signal)))))
    }
    return { rows }
  }

  /**
   * Shows all that the bucket has again, under its own name.
   * @param wanted `STATION/PARTNER`; undefined: of all
   * @throws FsError ENOENT for one that is not there, EROFS, or why it can't be written down
   */
  async reset(wanted: string | undefined, signal: AbortSignal): Promise<NewReport> {
    const { taking, onChange } = this.#options
    this.#mustBeWritable()
    const all = wanted === undefined ? taking.partners : await this.#partners(wanted, signal)
    if (wanted === undefined) await taking.countAll()
    try {
      for (const partner of all) await taking.alone(partner, () => taking.change(partner, { reset: true }))
    } finally {
      onChange()
    }
    return this.#reportOf(wanted, signal)
  }

  /** Takes all that is there now. @throws as `reset`, and FsError where the bucket can't be asked what is there */
  async takeAll(wanted: string | undefined, signal: AbortSignal): Promise<NewReport> {
    this.#mustBeWritable()
    for (const partner of await this.#partners(wanted, signal)) await this.#takeAllOf(partner, signal)
    return this.#reportOf(wanted, signal)
  }

  async #takeAllOf(partner: Partner, signal: AbortSignal): Promise<void> {
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

  async #reportOf(wanted: string | undefined, signal: AbortSignal): Promise<NewReport> {
    const rows: NewRow[] = []
    for (const partner of await this.#partners(wanted, signal)) rows.push(await this.#row(partner, signal))
    return { rows }
  }

  async #row(partner: Partner, signal: AbortSignal): Promise<NewRow> {
    const { inboxes, moved } = this.#options
    try {
      const { shown } = await inboxes.fresh(partner, signal)
      return { ...partner, ...shown.counts(moved) }
    } catch (error) {
      if (error instanceof FsError) return { ...partner, error: error.message }
      throw error
    }
  }

  async #partners(wanted: string | undefined, signal: AbortSignal): Promise<readonly Partner[]> {
    const { partners } = this.#options
    if (wanted !== undefined) {
      const [station, partner, more] = wanted.split('/') as Name[]
      if (!station || !partner || more !== undefined) {
        throw new FsError('EINVAL', `${wanted} names no partner: give STATION/PARTNER, as their folders are called.`)
      }
      return [await partners.find({ station, partner }, signal)]
    }
    const all: Partner[] = []
    for (const station of await partners.stations(signal)) {
      for (const partner of await partners.partners(station, signal)) all.push({ station, partner })
    }
    return all
  }

  #mustBeWritable(): void {
    if (this.#options.readOnly) throw new FsError('EROFS', 'The mount is read-only (--read-only).')
  }
}
