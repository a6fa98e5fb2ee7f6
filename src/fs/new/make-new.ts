/** Makes the parts of new/, and joins them. */
import type { Objects } from '../../data/objects.js'
import type { Listing } from '../../listing/listing.js'
import type { Taking } from '../../taking/taking.js'
import type { Logger } from '../../telemetry/log.js'
import type { EpochMs, Milliseconds, Prefix } from '../../units.js'
import { Finder } from './found.js'
import { NewChanges } from './new-changes.js'
import { NewFolder } from './new-folder.js'
import { NewInboxes } from './new-inboxes.js'

export interface NewParts {
  readonly listing: Listing
  readonly objects: Objects
  readonly taking: Taking
  readonly root: Prefix
  /** `--list-ttl` */
  readonly ttl: Milliseconds
  /** `--reconcile` */
  readonly reconcile: Milliseconds
  /** When it was mounted, by the bucket's time. */
  readonly since: EpochMs
  readonly log: Logger
}

export interface MadeNew {
  readonly folder: NewFolder
  readonly changes: NewChanges
  readonly inboxes: NewInboxes
}

export function makeNew(parts: NewParts): MadeNew {
  const inboxes = new NewInboxes(parts)
  const finder = new Finder(parts.taking, inboxes)
  const folder = new NewFolder({ ...parts, inboxes, finder })
  return { folder, changes: new NewChanges({ ...parts, finder, folder }), inboxes }
}
