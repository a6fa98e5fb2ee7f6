/** `as2fs deliveries`, and the same a page at a time: a row for each message of the outboxes. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CancelSignal } from '../cancellation.js'
import type {
  DeliveriesPage,
  DeliveriesPageQuery,
  DeliveriesQuery,
  DeliveriesReport,
  DeliveryRow,
} from '../control/reports.js'
import type { Deliveries, SentMessage } from '../delivery/deliveries.js'
import { deliveryStates, type DeliveryState } from '../delivery/delivery.js'
import type { DeliveryTrail } from '../delivery/delivery-trail.js'
import { inTime, type Stall, whileAnswered } from '../patience.js'
import { FsError } from '../errors.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { Receipts } from '../mdn/receipts.js'
import { systemClock } from '../telemetry/clock.js'
import type { Milliseconds, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix } from '../view/tree.js'
import { messageId } from '../view/message-id.js'
import { allPartners } from './all-partners.js'
import { markIn, newestMessages, ofEach, OutboxScans, scanOutbox, textOf } from './outbox-scans.js'

/** Between two turns of others. */
const atOnce = 1_000
const readWithin: Milliseconds = 10_000
/** Of each state, for who looks at the first page again. */
const mostKept = 1_000

export interface DeliveryReportOptions {
  readonly deliveries: Deliveries
  readonly partners: DirectoryOfPartners
  readonly receipts: Receipts
  /** It knows what was sent from here. */
  readonly trail: Pick<DeliveryTrail, 'closedAt'>
  readonly root: Prefix
  /** A bucket that says nothing for so long is not waited for: `--op-timeout` */
  readonly patience: Milliseconds
}

export class DeliveryReport {
  readonly #options: DeliveryReportOptions
  readonly #scans = new OutboxScans(mostKept, systemClock)

  constructor(options: DeliveryReportOptions) {
    this.#options = options
  }

  /** @throws FsError ENOENT for a partner that there is not, else as Listing.tree if nothing at all can be looked at */
  async rows(query: DeliveriesQuery, signal: CancelSignal): Promise<DeliveriesReport> {
    return whileAnswered(this.#options.patience, signal, (stall) => this.#rows(query, stall))
  }

  async #rows({ partner, state, since = 0 }: DeliveriesQuery, stall: Stall): Promise<DeliveriesReport> {
    const { deliveries, receipts } = this.#options
    const pairs = await this.#pairs(partner, stall)
    await this.#allRead(pairs, stall.signal)
    const rows: DeliveryRow[] = []
    let seen = 0
    const missing = await this.#forEach(pairs, stall, async (pair) => {
      for (const it of (await deliveries.of(pair, stall.signal)).messages()) {
        if (++seen % atOnce === 0) await nextTurn()
        if (it.sentAt >= since && (state === undefined || it.delivery.state === state)) rows.push(await this.#row(it))
      }
    })
    rows.sort((a, b) => b.sentAt - a.sentAt)
    return { generatedAt: systemClock.now(), left: receipts.counts().left, rows, missing }
  }

  /**
   * The latest first, some at a time, and how many there are. Receipts that are not read yet are not waited for.
   * @throws FsError EINVAL for an `after` that is none of ours; as `rows`
   */
  async page(query: DeliveriesPageQuery, signal: CancelSignal): Promise<DeliveriesPage> {
    return whileAnswered(this.#options.patience, signal, (stall) => this.#page(query, stall))
  }

  async #page(query: DeliveriesPageQuery, stall: Stall): Promise<DeliveriesPage> {
    const { deliveries, receipts } = this.#options
    const { partner, states = deliveryStates, since = 0, most } = query
    const after = query.after === null ? undefined : markIn(query.after)
    const pairs = await this.#pairs(partner, stall)
    const counts = ofEach(() => 0)
    const newest = newestMessages(most)
    const cut = new Set<DeliveryState>()
    const missing = await this.#forEach(pairs, stall, async (pair) => {
      const found = await deliveries.of(pair, stall.signal)
      const isFirst = after === undefined && most <= mostKept
      const scan = await (isFirst ? this.#scans.of(found, since) : scanOutbox(found, { since, after, most }))
      for (const state of deliveryStates) counts[state] += scan.counts[state]
      for (const state of states) {
        for (const it of scan.latest[state].list()) newest.add(it)
        if (scan.latest[state].isCut) cut.add(state)
      }
    })
    const shown = newest.list()
    const rows: DeliveryRow[] = []
    for (const it of shown) rows.push(await this.#row(it))
    const last = shown.at(-1)
    const next = last && (cut.size > 0 || newest.isCut) ? textOf(last) : undefined
    return { generatedAt: systemClock.now(), left: receipts.counts().left, rows, counts, next, missing }
  }

  /** @returns sentences: whose outbox could not be looked at. @throws FsError where it is the only one */
  async #forEach(pairs: readonly Partner[], stall: Stall, act: (pair: Partner) => Promise<void>): Promise<string[]> {
    const missing: string[] = []
    for (const pair of pairs) {
      try {
        await act(pair)
        stall.goesOn()
      } catch (error) {
        if (!(error instanceof FsError) || pairs.length === 1) throw error
        if (error.code !== 'ETIMEDOUT') stall.goesOn()
        missing.push(`${pair.station}/${pair.partner}: ${error.message}`)
      }
    }
    return missing
  }

  /** Receipts that came since the last look are waited for, but not for ever. */
  async #allRead([first]: readonly Partner[], signal: CancelSignal): Promise<void> {
    const { deliveries, receipts } = this.#options
    // All receipts are looked at, whosever outbox it is.
    if (first) await deliveries.of(first, signal).catch(() => undefined)
    await inTime(receipts.idle(), readWithin)
  }

  async #pairs(partner: DeliveriesQuery['partner'], stall: Stall): Promise<Partner[]> {
    return partner ? [await this.#find(partner, stall.signal)] : allPartners(this.#options.partners, stall)
  }

  #find({ station, partner }: Partner, signal: CancelSignal): Promise<Partner> {
    return this.#options.partners.find({ station: station as Name, partner: partner as Name }, signal)
  }

  async #row({ station, partner, message, files, sentAt, delivery }: SentMessage): Promise<DeliveryRow> {
    const prefix = viewPrefix(this.#options.root, { station, partner }, 'outbox')
    const nameOf = (path: string) =>
      message === undefined ? path : path.slice(path.indexOf(`${message}/`) + message.length + 1)
    const { state, receipt } = delivery
    const [file] = files
    return {
      ...{ station, partner, state, message, messageId: message === undefined ? undefined : messageId(message) },
      names: files.map((it) => nameOf(it.key.slice(prefix.length))),
      size: files.reduce((sum, it) => sum + it.size, 0),
      closedAt: file && this.#options.trail.closedAt({ station, partner }, file),
      sentAt,
      disposition:
        receipt && (receipt.disposition ?? (await this.#options.receipts.details(receipt.row))?.says?.disposition),
      mdnAt: receipt?.mtime,
    }
  }
}
