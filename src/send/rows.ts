/** What is told of the files in `send/`: one row for each. */
import type { Bytes, EpochMs, Key, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import { viewPrefix } from '../view/tree.js'
import { pathId, type Message } from './life/message.js'
import type { MessageBook } from './disk/book.js'
import type { SendCounts, SendFigures, SendRow } from './sender.js'
import type { Packer } from './bundles/packer.js'
import type { Pickup } from './pickup/pickup.js'
import type { Uploads } from './uploads/uploads.js'
import type { Turns } from './uploads/turns.js'
import type { Clock } from '../telemetry/clock.js'

export interface RowsOptions {
  readonly book: MessageBook
  readonly uploads: Uploads
  readonly turns: Turns
  readonly packer: Packer
  readonly pickup: Pickup
  readonly clock: Clock
  readonly root: Prefix
}

/** As many are under way as may be. */
const freeUpload = 'a free upload'

export class Rows {
  readonly #options: RowsOptions

  constructor(options: RowsOptions) {
    this.#options = options
  }

  all(): readonly SendRow[] {
    return [...this.#options.book.all()].flatMap((message) => this.#row(message) ?? [])
  }

  of(partner: Partner): readonly SendRow[] {
    return Array.from(this.#options.book.index.of(partner)).flatMap((message) => this.#row(message) ?? [])
  }

  at(partner: Partner, path: readonly Name[]): SendRow | undefined {
    const message = this.#options.book.at(partner, path.join('/'))
    return message && this.#row(message)
  }

  counts(): SendCounts {
    const { book, uploads } = this.#options
    const { counts } = book.index.tally
    // What was begun counts as being uploaded before the journal says so.
    const begun = uploads.begun().length
    return { ...counts, queued: counts.queued - begun, uploading: counts.uploading + begun }
  }

  figures(): SendFigures {
    const { book, uploads } = this.#options
    const { partners, waitingBytes, oldestClose } = book.index.tally
    const begun = new Map<string, number>()
    for (const id of uploads.begun()) {
      const message = book.get(id)
      if (message) begun.set(pathId(message, ''), (begun.get(pathId(message, '')) ?? 0) + 1)
    }
    const shown = partners.map(({ counts, ...partner }) => {
      const more = begun.get(pathId(partner, '')) ?? 0
      return { ...partner, counts: { ...counts, queued: counts.queued - more, uploading: counts.uploading + more } }
    })
    return { partners: shown, waitingBytes, oldestClose }
  }

  #row(message: Message): SendRow | undefined {
    const { root, uploads, turns, packer, pickup, clock } = this.#options
    const { id, state, members } = message
    // What is submitted stays under way until its data is gone from the spool.
    const isUnderWay = state !== 'submitted' && uploads.isUnderWay(id)
    const isTried = state !== 'submitted' && uploads.isTried(id)
    const wait = isTried ? undefined : members ? packer.waitOf(id) : turns.waitOf(id)
    const nextTryAt = wait === undefined ? undefined : Math.round(clock.now() + wait)
    const waitsFor = state === 'queued' && !isTried ? (uploads.waitsFor ?? (wait ? undefined : freeUpload)) : undefined
    const isTimed = waitsFor === undefined
    const problem = state === 'submitted' ? pickup.problemOf(message) : undefined
    const row = rowOf(root, message, {
      isUnderWay,
      uploaded: uploads.uploaded(id),
      waitsFor,
      nextTryAt: isTimed ? nextTryAt : undefined,
    })
    return row && problem !== undefined ? { ...row, error: problem } : row
  }
}

/** What of an upload only those know who are at it. */
interface Progress {
  readonly isUnderWay: boolean
  readonly uploaded: Bytes
  readonly nextTryAt: EpochMs | undefined
  readonly waitsFor?: string | undefined
}

/** @returns undefined for one that is gone */
export function rowOf(root: Prefix, message: Message, progress: Progress): SendRow | undefined {
  if (message.state === 'gone') return undefined
  const { id, station, partner, path, reason, size, mtime, closedAt, tries, error, etag, submittedAt } = message
  const { isUnderWay, uploaded, nextTryAt, waitsFor } = progress
  return {
    id,
    station,
    partner,
    path,
    key: keyOf(root, message),
    reason,
    size,
    mtime,
    closedAt,
    tries,
    error,
    etag,
    state: isUnderWay ? 'uploading' : message.state,
    nextTryAt,
    waitsFor,
    uploaded,
    submittedAt,
  }
}

/** Names were checked when they were given. */
export function keyOf(root: Prefix, message: Message): Key {
  return `${viewPrefix(root, message, 'send')}${message.path}` as Key
}
