/** Of what is read: listings and what is known by them, caches, receipts, and the disk that all of it needs. */
import type { Usage } from '../data/objects.js'
import type { ListingMeter } from '../listing/listing-meter.js'
import type { ListingStatus } from '../listing/listing.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Prefix } from '../units.js'
import { viewAt } from '../view/tree.js'
import type { FreeSpace } from './free-space.js'
import type { Collector } from './metrics.js'
import type { Samples } from './samples.js'

export interface ReadingFigures {
  readonly root: Prefix
  readonly listing: { status(): readonly ListingStatus[] }
  readonly listings: ListingMeter
  readonly objects: { usage(): Usage }
  readonly receipts: Pick<Receipts, 'counts' | 'notUnderstood'>
  readonly free: FreeSpace
}

export function ofReading({ root, listing, listings, objects, receipts, free }: ReadingFigures): Collector {
  return (samples) => {
    for (const { prefix, objects } of listing.status()) samples.add('as2fs_known_keys', objects, viewAt(root, prefix))
    for (const [kind, result, count] of listings.tally.entries()) {
      samples.add('as2fs_listings_total', count, kind, result)
    }
    tellCaches(samples, objects.usage())
    samples.add('as2fs_mdn_unread', receipts.counts().left)
    samples.add('as2fs_mdn_unreadable_total', receipts.notUnderstood)
    if (free.bytes !== undefined) samples.add('as2fs_state_disk_free_bytes', free.bytes)
  }
}

function tellCaches(samples: Samples, { used, hits, joined, misses, disk }: Usage): void {
  samples.add('as2fs_cache_bytes', used, 'memory')
  const memory = { hit: hits, joined, miss: misses }
  for (const [result, count] of Object.entries(memory)) {
    samples.add('as2fs_cache_requests_total', count, 'memory', result)
  }
  if (!disk) return
  samples.add('as2fs_cache_bytes', disk.used, 'disk')
  samples.add('as2fs_cache_requests_total', disk.hits, 'disk', 'hit')
  samples.add('as2fs_cache_requests_total', disk.misses, 'disk', 'miss')
}
