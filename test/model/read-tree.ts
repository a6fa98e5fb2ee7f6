/** A daemon's tree without a kernel, for the models of reading: all that shows a bucket, joined as `daemon/compose.ts` does. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NewOverview } from '../../src/daemon/new-overview.js'
import { createObjects } from '../../src/data/cached-objects.js'
import { Deliveries } from '../../src/delivery/deliveries.js'
import { As2Filesystem } from '../../src/fs/as2-filesystem.js'
import { ControlFolder } from '../../src/fs/control-folder.js'
import { DirectoryOfPartners } from '../../src/fs/directory-of-partners.js'
import { MdnClaims } from '../../src/fs/mdn-claims.js'
import { onlyPairIn } from '../../src/fs/only-pairs.js'
import type { Filesystem } from '../../src/fs/filesystem.js'
import { makeNew } from '../../src/fs/new/make-new.js'
import { ReadOnlyTree } from '../../src/fs/read-only-tree.js'
import { SendFolder } from '../../src/fs/send-folder.js'
import { SubmittedFiles } from '../../src/fs/submitted-files.js'
import { Views } from '../../src/fs/views.js'
import { createListing } from '../../src/listing/cached-listing.js'
import type { Listing } from '../../src/listing/listing.js'
import { AttributionByContent, attributionByKey } from '../../src/mdn/attribution.js'
import type { Receipts } from '../../src/mdn/receipts.js'
import { Pulse } from '../../src/s3/pulse.js'
import type { Store } from '../../src/s3/store.js'
import type { Sender } from '../../src/send/sender.js'
import { PartnerSet } from '../../src/state/partners.js'
import { SeenPartners } from '../../src/state/seen-partners.js'
import type { Taking } from '../../src/taking/taking.js'
import { systemClock } from '../../src/telemetry/clock.js'
import { silentLogger } from '../../src/telemetry/log.js'
import type { Milliseconds, Prefix } from '../../src/units.js'
import type { Partner } from '../../src/view/partner.js'
import { commonPrefixes } from '../../src/view/tree.js'
import { noMarks } from '../helpers/no-marks.js'
import { noReceipts } from '../helpers/no-receipts.js'
import type { PlayedClock } from '../helpers/played-clock.js'

export const root = 'AS2/' as Prefix

const minute: Milliseconds = 60_000
/** `--mdn-overdue` */
export const overdueAfter = 60 * minute
/** As they are unless somebody says otherwise. */
export const limits = {
  ttl: 5_000,
  reconcile: 10 * minute,
  staleTtl: 5 * minute,
  opTimeout: 30_000,
} as const

/** Where nothing is ever written. */
export interface KeptPlaces {
  readonly made: PartnerSet
  readonly seen: SeenPartners
  readonly untaken: Taking
}

const untaken = noMarks()

/** On a disk on which nothing can be kept: hundreds of these are made. */
export async function nothingKept(): Promise<KeptPlaces> {
  const [directory, log] = [join(tmpdir(), 'as2fs-no-such-directory'), silentLogger()]
  const [made, seen] = [await PartnerSet.load(directory, log), await SeenPartners.load(directory, systemClock, log)]
  return { made, seen, untaken: await untaken }
}

export interface TreeParts extends KeptPlaces {
  readonly store: Store
  readonly clock: PlayedClock
  readonly sender: Sender
  /** Partners that are there whatever the bucket has. */
  readonly configured: readonly Partner[]
  readonly onChange: () => void
}

/** What a state directory has, where a model has one. */
export interface TreeState {
  /** Without it nothing can be taken. */
  readonly taking?: Taking
  readonly receipts?: Receipts
}

export interface ReadTree {
  readonly fs: Filesystem
  readonly listing: Listing
  readonly overview: NewOverview
  readonly deliveries: Deliveries
  readonly partners: DirectoryOfPartners
}

export function makeTree(parts: TreeParts, { taking, receipts }: TreeState): ReadTree {
  const { clock, sender, configured, made, seen, onChange } = parts
  const log = silentLogger()
  const pulse = new Pulse(clock)
  const store = pulse.watch(parts.store)
  const { ttl, reconcile, staleTtl, opTimeout } = limits
  const listing = createListing({
    ...{ store, pulse, ttl, reconcile, staleTtl, clock, log, timers: clock },
    ...{ deadline: 2 * minute, patience: opTimeout / 8, onChange },
    common: commonPrefixes(root),
    unordered: ['AS2/send/', 'AS2/duplicate/'] as Prefix[],
  })
  const objects = createObjects({
    ...{ store, budget: 8 * 1024 * 1024, deadline: opTimeout, clock },
    lastAnswer: () => pulse.goodAt,
    onGone: (key) => listing.forget(key),
    onReplaced: (key) => listing.recheck(key),
  })
  const keep = Math.min(reconcile, staleTtl)
  const partners = new DirectoryOfPartners({ listing, root, configured, made, seen, keep, clock })
  const now = () => clock.now()
  const monotonic = () => clock.monotonic()
  const known = { receipts: receipts ?? noReceipts, now, monotonic, overdueAfter, expects: 'always' } as const
  const deliveries = new Deliveries({ listing, root, ...known })
  const attribution = receipts ? new AttributionByContent(receipts, onlyPairIn(partners)) : attributionByKey
  const looks = receipts && new MdnClaims({ receipts, listing, root })
  const views = new Views({
    ...{ listing, objects, partners, attribution, looks, deliveries, root, ttl, clock },
    since: clock.now(),
  })
  const tree = new ReadOnlyTree({ partners, views, control: new ControlFolder(new Map()) })
  const send = new SendFolder({ sender, submitted: new SubmittedFiles({ listing, sender, root }), objects })
  const figures = () => Promise.reject(new Error('nobody asks for them'))
  const marks = taking ?? parts.untaken
  const readOnly = taking === undefined
  const fresh = makeNew({ listing, objects, taking: marks, root, ttl, reconcile, since: clock.now(), log })
  const fs = new As2Filesystem({ tree, send, fresh, partners, readOnly, figures })
  const { inboxes } = fresh
  // Nobody keeps what is told here.
  const own = { moved: 'keep', readOnly, patience: 60_000, onChange: () => undefined } as const
  const overview = new NewOverview({ partners, inboxes, taking: marks, ...own })
  return { fs, listing, overview, deliveries, partners }
}
