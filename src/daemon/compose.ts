/** Makes the rooms of a daemon from its configuration, and joins them. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { MountConfig } from '../config.js'
import { BlockDisk } from '../data/block-disk.js'
import { createObjects } from '../data/cached-objects.js'
import { DiskCache } from '../data/disk-cache.js'
import type { Objects } from '../data/objects.js'
import { reasonOf, UsageError } from '../errors.js'
import type { EventLog } from '../events/event-log.js'
import { As2Filesystem } from '../fs/as2-filesystem.js'
import { SentInBucket } from './sent-in-bucket.js'
import { ControlFile } from '../fs/control-file.js'
import { ControlFolder } from '../fs/control-folder.js'
import { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { FilesystemFigures } from '../fs/filesystem.js'
import { DeliveryReport } from './delivery-report.js'
import { Info } from './info.js'
import { MdnClaims } from '../fs/mdn-claims.js'
import { onlyPairIn } from '../fs/only-pairs.js'
import { NewOverview } from './new-overview.js'
import { makeNew } from '../fs/new/make-new.js'
import { ReadOnlyTree } from '../fs/read-only-tree.js'
import { SendFolder } from '../fs/send-folder.js'
import { SubmittedFiles } from '../fs/submitted-files.js'
import { Views } from '../fs/views.js'
import { believedAtMost } from '../fuse/beliefs/believed-for.js'
import { keepFreedMemory, largeMemory } from '../fuse/memory.js'
import { collectOften, collectRarely } from '../garbage.js'
import { createListing } from '../listing/cached-listing.js'
import { ListingMeter } from '../listing/listing-meter.js'
import type { Listing } from '../listing/listing.js'
import type { DeliveryTrail } from '../delivery/delivery-trail.js'
import type { Submissions } from '../delivery/submissions.js'
import { Deliveries } from '../delivery/deliveries.js'
import { AttributionByContent } from '../mdn/attribution.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Metrics } from '../metrics/metrics.js'
import { createSender } from '../send/create-sender.js'
import type { Ownership } from '../ownership.js'
import type { Sender } from '../send/sender.js'
import type { AuditSink } from '../send/trail.js'
import { PartnerSet } from '../state/partners.js'
import type { HealthReport, QueueReport, StatusReport } from '../control/reports.js'
import type { MarksReach } from '../state/marker.js'
import { SeenPartners } from '../state/seen-partners.js'
import type { StateDirectory } from '../state/state-directory.js'
import { Taking } from '../taking/taking.js'
import { AuditLog } from '../telemetry/audit-log.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { commonPrefixes, unorderedPrefixes } from '../view/tree.js'
import type { Bucket } from './open-bucket.js'
import { openDeliveryTrail, openReceipts } from './open-receipts.js'

/** How long a listing may take: a hundred pages at a bad time. Each caller's own wait ends with its call. */
const listingDeadline: Milliseconds = 120_000

/** Whatever is read from the bucket. */
export interface Reading {
  readonly listing: Listing
  readonly objects: Objects
  readonly listings: ListingMeter
}

/** @param onChange is called when what is shown of any view is another */
export function makeReading(
  config: MountConfig,
  { store, pulse }: Bucket,
  disk: DiskCache | undefined,
  onChange: () => void,
  log: Logger,
): Reading {
  const listings = new ListingMeter()
  const listing = createListing({
    store,
    meter: listings,
    ttl: config.listTtl,
    reconcile: config.reconcile,
    staleTtl: config.staleTtl,
    deadline: listingDeadline,
    common: commonPrefixes(config.prefix),
    unordered: unorderedPrefixes(config.prefix),
    patience: config.opTimeout / 8,
    pulse,
    onChange,
    clock: systemClock,
    log,
  })
  const objects = createObjects({
    store,
    budget: config.cacheSize,
    disk: disk && new BlockDisk(disk, `${config.endpoint ?? 'aws'}/${config.bucket}`),
    deadline: config.opTimeout,
    lastAnswer: () => pulse.goodAt,
    clock: systemClock,
    onGone: (key) => listing.forget(key),
    onReplaced: (key) => listing.recheck(key),
    large: largeMemory,
    onLargeReads: (underWay) => {
      if (underWay) collectRarely()
      else collectOften()
      keepFreedMemory(underWay)
    },
  })
  return { listing, objects, listings }
}

/** @throws UsageError if the directory of `--disk-cache` can't be used */
export async function openDiskCache(config: MountConfig, log: Logger): Promise<DiskCache | undefined> {
  if (config.diskCache === undefined) return undefined
  return DiskCache.open({ directory: config.diskCache, limit: config.diskCacheSize, clock: systemClock, log })
}

/** @throws UsageError one sentence: whoever wants an audit trail wants to know at once that there is none */
export async function openAudit(path: string | undefined, log: Logger): Promise<AuditLog | undefined> {
  if (path === undefined) return undefined
  try {
    return await AuditLog.open(path, log)
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`The audit trail can't be written: ${error.message}`)
    const code = reasonOf(error)
    throw new UsageError(`The audit trail ${path} can't be written (${code}): give another with --audit-log.`)
  }
}

export interface SenderParts {
  readonly config: MountConfig
  /** The state directory. */
  readonly directory: string
  readonly bucket: Bucket
  readonly listing: Listing
  readonly audit: AuditLog | undefined
  readonly eventLog: EventLog | undefined
  readonly submissions: Submissions
  /** Counts what becomes of files. */
  readonly meter: AuditSink
  readonly ownership: Ownership
  readonly log: Logger
}

export function makeSender({
  config,
  directory,
  bucket,
  listing,
  audit,
  eventLog,
  submissions,
  meter,
  ownership,
  log,
}: SenderParts): Promise<Sender> {
  const {
    prefix: root,
    settle,
    uploads,
    multipartThreshold,
    hold,
    empty,
    commit,
    triggerSuffixes,
    onDuplicate,
    lostAnswer,
    readOnly,
  } = config
  const { store, clock: bucketClock } = bucket
  const clock = systemClock
  return createSender({
    directory: join(directory, 'spool'),
    store,
    bucket: new SentInBucket({ listing, store, root, bucketClock, clock }),
    root,
    settle,
    uploads,
    multipartThreshold,
    hold,
    empty,
    commit,
    triggerSuffixes,
    onDuplicate,
    lostAnswer,
    readOnly,
    clock,
    log,
    audit,
    events: eventLog,
    submissions,
    meter,
    ownership,
  })
}

export interface TakingParts extends Pick<SenderParts, 'config' | 'bucket' | 'ownership' | 'log'> {
  readonly state: StateDirectory
}

export function openTaking({ config, state, bucket, ownership, log }: TakingParts): Promise<Taking> {
  const now = bucket.clock.now() ?? systemClock.now()
  // LastModified has whole seconds: what came within the one of the mount is new.
  const from = config.newFrom === 'all' ? 0 : Math.floor(now / 1_000) * 1_000
  const reach = { known: state.marks, write: (extent: MarksReach) => state.marksReach(extent) }
  return Taking.open({ directory: join(state.path, 'new'), from, reach, ownership, clock: systemClock, log })
}

/** What the daemon says of itself. None of it waits for the bucket. */
export interface OwnReports {
  status(): StatusReport
  /** What `status` begins with, alone. */
  health(): HealthReport
  queue(): QueueReport
}

export interface FilesystemParts {
  readonly config: MountConfig
  readonly stateDirectory: string
  readonly bucket: Bucket
  readonly ownership: Ownership
  /** What is shown is another than before. */
  readonly onChange: () => void
  /** What receipts say is another than before. */
  readonly onReceipts: () => void
  readonly audit: AuditLog | undefined
  readonly submissions: Submissions
  readonly reading: Reading
  readonly sender: Sender
  readonly taking: Taking
  readonly reports: OwnReports
  readonly metrics: Metrics
  readonly log: Logger
}

/** The tree of the mount, what `as2fs info` tells of it, and whom it has ever shown. */
export interface MadeFilesystem {
  readonly fs: As2Filesystem
  readonly info: Info
  readonly overview: NewOverview
  readonly seen: SeenPartners
  readonly receipts: Receipts
  readonly deliveries: Deliveries
  readonly partners: DirectoryOfPartners
  readonly report: DeliveryReport
  readonly trail: DeliveryTrail
}

export async function makeFilesystem(parts: FilesystemParts): Promise<MadeFilesystem> {
  const { config, stateDirectory, bucket, reading, sender, taking, reports, metrics, onChange, log } = parts
  const { listing, objects } = reading
  const {
    prefix: root,
    stations,
    reconcile,
    staleTtl,
    listTtl,
    opTimeout: patience,
    readOnly,
    newMoved: moved,
  } = config
  const clock = systemClock
  const seen = await SeenPartners.load(stateDirectory, clock, log)
  const made = await PartnerSet.load(stateDirectory, log)
  const keep = Math.min(reconcile, staleTtl)
  const partners = new DirectoryOfPartners({ listing, root, configured: stations, made, seen, keep, clock })
  const since = bucket.clock.now() ?? clock.now()
  const now = (): EpochMs => bucket.clock.now() ?? clock.now()
  const receipts = await openReceipts(parts, partners, now)
  const attribution = new AttributionByContent(receipts, onlyPairIn(partners))
  const looks = new MdnClaims({ receipts, listing, root })
  const { mdnOverdue: overdueAfter, mdnExpect: expects } = config
  const monotonic = () => clock.monotonic()
  const deliveries = new Deliveries({ listing, receipts, root, now, monotonic, overdueAfter, expects })
  const trail = await openDeliveryTrail(parts, deliveries, receipts, now)
  const views = new Views({
    listing,
    objects,
    partners,
    attribution,
    looks,
    deliveries,
    root,
    ttl: listTtl,
    since,
    clock,
  })
  const submitted = new SubmittedFiles({ listing, sender, root })
  const fresh = makeNew({ listing, objects, taking, root, ttl: listTtl, reconcile, since, log })
  const fs = new As2Filesystem({
    tree: new ReadOnlyTree({ partners, views, control: controlFolder(reports, metrics) }),
    partners,
    readOnly,
    send: new SendFolder({ sender, submitted, objects }),
    fresh,
    figures: () => figures(stateDirectory),
  })
  const { inboxes } = fresh
  const overview = new NewOverview({ partners, inboxes, taking, moved, readOnly, patience, onChange })
  const { folder } = fresh
  const info = new Info({ fs, partners, views, fresh: folder, sender, objects, deliveries, receipts, root, patience })
  const report = new DeliveryReport({ deliveries, partners, receipts, trail, root, patience })
  return { fs, info, report, trail, overview, seen, receipts, deliveries, partners }
}

function controlFolder(reports: OwnReports, metrics: Metrics): ControlFolder {
  const file = (render: () => string, onOpened?: () => void) =>
    new ControlFile(render, believedAtMost, systemClock, onOpened)
  const json = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`
  return new ControlFolder(
    new Map([
      ['status.json', file(() => json(reports.status()))],
      ['queue.json', file(() => json(reports.queue()))],
      [
        'metrics',
        file(
          () => metrics.text(),
          () => metrics.asked(),
        ),
      ],
    ]),
  )
}

/** `df`: room is what the state directory has; what the bucket holds has no bound. */
async function figures(directory: string): Promise<FilesystemFigures> {
  const { bsize, blocks, bavail } = await statfs(directory)
  return { blockSize: bsize, totalBlocks: blocks, freeBlocks: bavail, files: 0 }
}
