/** The sender: what a `send/` can do, by those who do it. */
import type { CancelSignal } from '../cancellation.js'
import type { Clock } from '../telemetry/clock.js'
import type { Bytes, EpochMs, Key, Milliseconds, Name } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Bundles } from './bundles/bundles.js'
import type { Packer } from './bundles/packer.js'
import type { ByHand } from './by-hand.js'
import type { MessageBook } from './disk/book.js'
import type { Descriptors } from './disk/descriptors.js'
import type { Settling } from './disk/settling.js'
import type { Spool } from './disk/spool.js'
import type { Rejudging } from './judging/rejudging.js'
import type { Opening } from './opening.js'
import type { Pickup } from './pickup/pickup.js'
import type { Renaming } from './renaming.js'
import type { Rows } from './rows.js'
import type { OpenFlags, OpenSpoolFile, SendCounts, Sender, SendFigures, SendRow } from './sender.js'
import type { Uploads } from './uploads/uploads.js'
import type { LastCloses } from './writing/last-closes.js'
import type { OpenFiles } from './writing/open-files.js'

export interface DurableSenderParts {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly book: MessageBook
  readonly spool: Spool
  readonly descriptors: Descriptors
  readonly rows: Rows
  readonly opening: Opening
  readonly files: OpenFiles
  readonly settling: Settling
  readonly lastCloses: LastCloses
  readonly renaming: Renaming
  readonly byHand: ByHand
  readonly bundles: Bundles
  readonly packer: Packer
  readonly rejudging: Rejudging
  readonly uploads: Uploads
  readonly pickup: Pickup
}

/** The kernel sends them when the file is closed, and drops what it has not sent when it is unmounted. */
const lastCloses: Milliseconds = 1_000

export class DurableSender implements Sender {
  readonly #parts: DurableSenderParts
  #isClosed = false

  constructor(parts: DurableSenderParts) {
    this.#parts = parts
  }

  rows(partner: Partner): readonly SendRow[] {
    return this.#parts.rows.of(partner)
  }

  allRows(): readonly SendRow[] {
    return this.#parts.rows.all()
  }

  row(partner: Partner, path: readonly Name[]): SendRow | undefined {
    return this.#parts.rows.at(partner, path)
  }

  counts(): SendCounts {
    return this.#parts.rows.counts()
  }

  figures(): SendFigures {
    return this.#parts.rows.figures()
  }

  problems(): readonly string[] {
    const { descriptors, book } = this.#parts
    return [book.problem, descriptors.problem].filter((it) => it !== undefined)
  }

  openSize(id: string): Bytes | undefined {
    return this.#parts.files.size(id)
  }

  folders(partner: Partner): readonly string[] {
    return this.#parts.bundles.folders(partner)
  }

  create(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<OpenSpoolFile> {
    return this.#parts.opening.create(partner, path, signal)
  }

  open(partner: Partner, path: readonly Name[], flags: OpenFlags, signal: CancelSignal): Promise<OpenSpoolFile> {
    return this.#parts.opening.open(partner, path, flags, signal)
  }

  truncate(partner: Partner, path: readonly Name[], size: Bytes, signal: CancelSignal): Promise<void> {
    return this.#parts.opening.truncate(partner, path, size, signal)
  }

  rename(partner: Partner, from: readonly Name[], to: readonly Name[], signal: CancelSignal): Promise<void> {
    return this.#parts.renaming.rename(partner, from, to, signal)
  }

  async unlink(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void> {
    await this.#parts.byHand.cancel(this.#parts.book.found(partner, path).id, 'unlink', signal)
  }

  async mkdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void> {
    await this.#parts.bundles.mkdir(partner, path, signal)
    await this.#parts.rejudging.heedSoon()
  }

  async rmdir(partner: Partner, path: readonly Name[], signal: CancelSignal): Promise<void> {
    await this.#parts.bundles.rmdir(partner, path, signal)
    await this.#parts.rejudging.heedSoon()
  }

  setMtime(partner: Partner, path: readonly Name[], mtime: EpochMs, signal: CancelSignal): Promise<void> {
    return this.#parts.byHand.setMtime(partner, path, mtime, signal)
  }

  listed(partner: Partner, begunAt: Milliseconds, has: (key: Key) => boolean): Promise<void> {
    return this.#parts.pickup.listed(partner, begunAt, has)
  }

  retry(id: string, signal: CancelSignal): Promise<void> {
    return this.#parts.byHand.retry(id, signal)
  }

  releaseHeld(id: string, signal: CancelSignal): Promise<void> {
    return this.#parts.byHand.release(id, signal)
  }

  cancel(id: string, signal: CancelSignal): Promise<void> {
    return this.#parts.byHand.cancel(id, 'queue', signal)
  }

  async mountEnded(isProof: boolean): Promise<void> {
    const { opening, files } = this.#parts
    opening.end()
    await files.idle(lastCloses)
    if (isProof) await files.endWriting(true)
  }

  async callsEnded(): Promise<void> {
    // What was written down by then is judged by the next start.
    if (!this.#isClosed) await this.#parts.files.endWriting(false)
  }

  async drain(limit: Milliseconds): Promise<SendCounts> {
    const { opening, packer, uploads, clock } = this.#parts
    opening.end()
    const end = clock.monotonic() + limit
    await packer.drain(limit)
    await uploads.drain(Math.max(0, end - clock.monotonic()))
    return this.counts()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const { opening, lastCloses, packer, uploads, pickup, settling, spool, book } = this.#parts
    opening.end()
    await lastCloses.close()
    await packer.close()
    await uploads.close()
    await pickup.close()
    await (book.isBroken ? settling.close() : settling.end())
    await spool.close()
    await book.close()
  }
}
