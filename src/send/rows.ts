/** What is told of the files in `send/`: one row for each. */
import type { Bytes, Key, Name, Prefix } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Message } from './message.js'
import type { MessageBook } from './message-book.js'
import type { SendCounts, SendRow } from './sender.js'
import type { Transfer } from './transfer.js'

export interface RowsOptions {
  readonly book: MessageBook
  readonly transfer: Transfer
  readonly root: Prefix
}

export class Rows {
  readonly #options: RowsOptions

  constructor(options: RowsOptions) {
    this.#options = options
  }

  all(): readonly SendRow[] {
    return [...this.#options.book.all()].flatMap((message) => this.#row(message) ?? [])
  }

  of(partner: Partner): readonly SendRow[] {
    return this.all().filter((it) => it.station === partner.station && it.partner === partner.partner)
  }

  at(partner: Partner, path: readonly Name[]): SendRow | undefined {
    const message = this.#options.book.at(partner, path.join('/'))
    return message && this.#row(message)
  }

  counts(): SendCounts {
    const counts = { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 }
    for (const { state } of this.all()) counts[state] += 1
    return counts
  }

  #row(message: Message): SendRow | undefined {
    const { root, transfer } = this.#options
    const { id, state } = message
    // What is submitted stays under way until its data is gone from the spool.
    const isUnderWay = state !== 'submitted' && transfer.isUnderWay(id)
    return rowOf(root, message, { isUnderWay, uploaded: transfer.uploaded(id) })
  }
}

/** What of an upload only those know who are at it. */
interface Progress {
  readonly isUnderWay: boolean
  readonly uploaded: Bytes
}

/** @returns undefined for one that is gone */
function rowOf(root: Prefix, message: Message, { isUnderWay, uploaded }: Progress): SendRow | undefined {
  if (message.state === 'gone') return undefined
  const { id, station, partner, path, reason, size, mtime, closedAt, tries, notBefore, error, etag } = message
  return {
    ...{ id, station, partner, path, key: keyOf(root, message), reason, size, mtime, closedAt, tries, error, etag },
    state: isUnderWay ? 'uploading' : message.state,
    nextTryAt: (message.state === 'queued' || message.members) && !isUnderWay ? notBefore : undefined,
    uploaded,
    submittedAt: message.submittedAt,
  }
}

/** Names were checked when they were given. */
export function keyOf(root: Prefix, message: Message): Key {
  return `${root}send/${message.station}/${message.partner}/${message.path}` as Key
}
