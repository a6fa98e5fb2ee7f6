/** The filesystem without a kernel: on a bucket in memory, and a sender in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createObjects } from '../../src/data/cached-objects.js'
import { As2Filesystem } from '../../src/fs/as2-filesystem.js'
import { ControlFile } from '../../src/fs/control-file.js'
import { ControlFolder } from '../../src/fs/control-folder.js'
import { DirectoryOfPartners } from '../../src/fs/directory-of-partners.js'
import type { Close, DirectoryEntry } from '../../src/fs/filesystem.js'
import { makeNew } from '../../src/fs/new/make-new.js'
import { ReadOnlyTree } from '../../src/fs/read-only-tree.js'
import { SendFolder } from '../../src/fs/send-folder.js'
import { SubmittedFiles } from '../../src/fs/submitted-files.js'
import { Views } from '../../src/fs/views.js'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { Deliveries } from '../../src/delivery/deliveries.js'
import { attributionByKey } from '../../src/mdn/attribution.js'
import type { SenderOptions } from '../../src/send/create-sender.js'
import { PartnerSet } from '../../src/state/partners.js'
import { SeenPartners } from '../../src/state/seen-partners.js'
import { systemClock } from '../../src/telemetry/clock.js'
import type { Taking } from '../../src/taking/taking.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Milliseconds, Prefix } from '../../src/units.js'
import type { Partner } from '../../src/view/partner.js'
import type { MemoryStore, StoreFault } from './memory-store.js'
import { openTaking } from './no-marks.js'
import { never, senderWorld, type SenderWorld } from './sender-world.js'
import { commonPrefixes } from '../../src/view/tree.js'
import { noReceipts } from './no-receipts.js'

const root = 'AS2/' as Prefix
const reconcile: Milliseconds = 600_000
/** When it was mounted. */
export const mountedAt = 1_000_000

export interface FilesystemOptions {
  /** `--station` */
  readonly stations?: readonly Partner[]
  readonly readOnly?: boolean
  readonly ttl?: Milliseconds
  readonly staleTtl?: Milliseconds
  /** Of the bucket: keys below `AS2/`, and contents. */
  readonly objects?: Readonly<Record<string, string>>
  readonly sender?: Partial<SenderOptions>
}

/** The last descriptor of a file is closed, by the program itself. */
const lastClose: Close = { closed: async () => ({ isLast: true, killedBy: undefined }) }

export class FilesystemWorld {
  readonly fs: As2Filesystem
  readonly seen: SeenPartners
  readonly listing: Listing
  readonly senders: SenderWorld

  constructor(
    senders: SenderWorld,
    { stations = [], readOnly = false, ttl = 0, staleTtl = 0 }: FilesystemOptions,
    kept: { made: PartnerSet; seen: SeenPartners; taking: Taking },
  ) {
    const { store, sender, clock } = senders
    const log = silentLogger()
    const unordered = [`${root}send/`, `${root}duplicate/`] as Prefix[]
    const limits = { ttl, reconcile, staleTtl, deadline: 10_000, patience: 60_000 }
    const listing = createListing({ ...limits, ...{ store, common: commonPrefixes(root), unordered, clock, log } })
    const objects = createObjects({
      ...{ store, budget: 10_000_000, disk: undefined, deadline: 10_000, clock, lastAnswer: () => 0 },
      onGone: (key) => listing.forget(key),
      onReplaced: (key) => listing.recheck(key),
    })
    const partners = new DirectoryOfPartners({
      ...{ listing, root, configured: stations, keep: staleTtl, clock },
      ...{ made: kept.made, seen: kept.seen },
    })
    const status = new ControlFile(() => '{"mounted":true}\n', 1_000, clock)
    const control = new ControlFolder(new Map([['status.json', status]]))
    const now = () => clock.now()
    const monotonic = () => clock.monotonic()
    const receipts = { receipts: noReceipts, now, monotonic, overdueAfter: undefined, expects: 'seen' } as const
    const deliveries = new Deliveries({ listing, root, ...receipts })
    const views = new Views({
      ...{ listing, objects, partners, attribution: attributionByKey, deliveries, root, ttl, since: mountedAt, clock },
    })
    const submitted = new SubmittedFiles({ listing, sender, root })
    this.senders = senders
    this.seen = kept.seen
    this.listing = listing
    this.fs = new As2Filesystem({
      ...{ tree: new ReadOnlyTree({ partners, views, control }), partners, readOnly },
      send: new SendFolder({ sender, submitted, objects }),
      fresh: makeNew({ listing, objects, taking: kept.taking, root, ttl, reconcile, since: mountedAt, log }),
      figures: async () => ({ blockSize: 4096, totalBlocks: 10, freeBlocks: 5, files: 0 }),
    })
  }

  get store(): MemoryStore {
    return this.senders.store
  }

  /** From now on this becomes of every call of the bucket. */
  bucketIs(fault: StoreFault): void {
    this.store.intercept = () => fault
  }

  async names(path: string): Promise<string[]> {
    return (await this.list(path)).map((it) => it.name)
  }

  async list(path: string): Promise<DirectoryEntry[]> {
    return [...(await this.fs.readdir(path, never()))]
  }

  async read(path: string): Promise<string> {
    const { handle } = await this.fs.open(path, { write: false, truncate: false }, never())
    const bytes = await this.fs.read(handle, 0, 1_000_000, never())
    await this.fs.release(handle)
    return Buffer.from(bytes).toString()
  }

  /** A file that a program writes. @returns its handle, open still */
  async begin(path: string, content = 'content'): Promise<number> {
    const handle = await this.fs.create(path, never())
    await this.fs.write(handle, Buffer.from(content), 0, never())
    return handle
  }

  async close(handle: number): Promise<void> {
    await this.fs.flush(handle, lastClose, never())
    await this.fs.release(handle)
  }

  async write(path: string, content?: string): Promise<void> {
    await this.close(await this.begin(path, content))
  }
}

export async function filesystemWorld(t: Test, options: FilesystemOptions = {}): Promise<FilesystemWorld> {
  const senders = await senderWorld(t, options.sender)
  const directory = await mkdtemp(join(tmpdir(), 'as2fs-partners-'))
  for (const [key, content] of Object.entries(options.objects ?? {})) senders.store.set(root + key, content, 5_000)
  const log = silentLogger()
  const seen = await SeenPartners.load(directory, systemClock, log)
  const taking = await openTaking(directory)
  t.teardown(async () => {
    await seen.close()
    await taking.close()
    await rm(directory, { recursive: true, force: true })
  })
  return new FilesystemWorld(senders, options, { made: await PartnerSet.load(directory, log), seen, taking })
}

/** What an operation fails with; `ok` if it does not. */
export async function outcome(operation: Promise<unknown>): Promise<string> {
  try {
    await operation
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

/**
 * A caller's deadline, while the bucket says nothing. That of AbortSignal.timeout keeps no process waiting: where a busy machine has let all
 * else run out before it, the test would end there.
 */
export function soon(): AbortSignal {
  const over = new AbortController()
  setTimeout(() => over.abort(new DOMException('The time is over.', 'TimeoutError')), 20)
  return over.signal
}
