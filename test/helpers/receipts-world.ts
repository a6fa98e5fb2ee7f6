/** Receipts on a bucket in memory, and a state directory of their own. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { parseJournal } from '../../src/journal/lines.js'
import { Receipts, type ReceiptsOptions } from '../../src/mdn/receipts.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Prefix } from '../../src/units.js'
import { commonPrefixes, mdnPrefix, type MdnDirection } from '../../src/view/tree.js'
import { MemoryStore } from './memory-store.js'

const root = 'AS2/' as Prefix

/** What an MDN says. */
export interface Said {
  readonly id?: string
  readonly disposition?: string
  readonly from?: string
  readonly to?: string
  readonly recipient?: string
}

export function mdnText({ id, disposition = 'processed', from, to, recipient }: Said): string {
  const field = (name: string, value: string | undefined) => (value === undefined ? [] : [`${name}: ${value}`])
  return [
    ...[...field('AS2-From', from), ...field('AS2-To', to)],
    ...['Content-Type: message/disposition-notification', ''],
    ...[...field('Original-Message-ID', id), ...field('Final-Recipient', recipient && `rfc822; ${recipient}`)],
    `Disposition: automatic-action/MDN-sent-automatically; ${disposition}`,
    '',
  ].join('\r\n')
}

/**
 * Lines of the log of receipts, which are written a moment after what they say is shown: whoever kills a daemon waits for them.
 * @param kind `mdn`: what one says; `found`: whose it is
 */
export async function linesOf(stateDirectory: string, kind: 'mdn' | 'found'): Promise<number> {
  const { entries } = parseJournal<object>(await readFile(join(stateDirectory, 'receipts/mdns'), 'utf8'))
  return entries.filter((it) => kind in it).length
}

export class ReceiptsWorld {
  readonly store = new MemoryStore()
  readonly listing: Listing
  readonly directory: string
  /** `<station>/<partner>` of all that are known. */
  readonly pairs = new Set(['ACME/GLOBEX', 'ACME/INITECH'])
  told = 0

  constructor(directory: string) {
    this.directory = directory
    const limits = { ttl: 0, reconcile: 600_000, staleTtl: 0, deadline: 60_000, patience: 1_000 }
    this.listing = createListing({
      ...{ store: this.store, clock: systemClock, log: silentLogger(), common: commonPrefixes(root), unordered: [] },
      ...limits,
    })
  }

  mdn(name: string, said: Said, mtime?: number, direction: MdnDirection = 'incoming'): void {
    this.store.set(mdnPrefix(root, direction) + name, mdnText(said), mtime)
  }

  open(options: Partial<ReceiptsOptions> = {}): Promise<Receipts> {
    return Receipts.open({
      ...{ directory: this.directory, root, store: this.store, listing: this.listing, reads: 4 },
      known: (station, partner) => this.pairs.has(`${station}/${partner}`),
      settleWithin: 60_000,
      now: () => systemClock.now(),
      onChange: () => (this.told += 1),
      ...{ lost: new AbortController().signal, clock: systemClock, log: silentLogger() },
      ...options,
    })
  }

  /** Somebody looks at all of a direction, and all that can be is read. */
  async read(receipts: Receipts, direction: MdnDirection = 'incoming'): Promise<void> {
    const tree = await this.listing.tree(mdnPrefix(root, direction), new AbortController().signal)
    receipts.look(direction, tree)
    await receipts.idle()
  }
}

export async function receiptsWorld(t: Test): Promise<ReceiptsWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-receipts-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  return new ReceiptsWorld(directory)
}
