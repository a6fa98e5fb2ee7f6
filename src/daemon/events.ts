/** Makes what tells others of what happened: the log of events, and the followers. */
import { join } from 'node:path'
import type { MountConfig } from '../config.js'
import type { Deliveries } from '../delivery/deliveries.js'
import { EventLog } from '../events/event-log.js'
import { Events } from '../events/events.js'
import type { HealthEvent } from '../events/event.js'
import { watchHealth } from '../events/health-events.js'
import { Inboxes } from '../events/inboxes.js'
import type { Source } from '../events/source.js'
import { Outcomes } from '../events/outcomes.js'
import { UnreadableReceipts } from '../events/unreadable.js'
import { Watch } from '../events/watch.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Listing } from '../listing/listing.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import type { Bucket } from './open-bucket.js'
import type { Owning } from './owning.js'

/** Whoever follows gives a daemon up that says nothing for six times as long. */
const heartbeat: Milliseconds = 5_000

/** @returns undefined if it can't be used: sending does without */
export async function ownEventLog(directory: string, owning: Owning, log: Logger): Promise<EventLog | undefined> {
  try {
    const events = await EventLog.open({ directory: join(directory, 'events'), log })
    owning.add('closing the log of events', () => events.close())
    return events
  } catch (err) {
    log.error(
      { err },
      `The log of events in ${directory} can't be used: nobody can follow what happens until the next mount.`,
    )
    return undefined
  }
}

export interface EventParts {
  readonly config: MountConfig
  readonly eventLog: EventLog | undefined
  readonly listing: Listing
  readonly partners: DirectoryOfPartners
  readonly deliveries: Deliveries
  readonly receipts: Receipts
  readonly bucket: Bucket
  readonly owning: Owning
  readonly log: Logger
}

export function ownEvents({
  config,
  eventLog,
  listing,
  partners,
  deliveries,
  receipts,
  bucket,
  owning,
  log,
}: EventParts): { readonly events: Events; readonly source: Source } {
  const { prefix: root, listTtl: every, opTimeout: patience } = config
  const owners = { listing, partners, root }
  const { mdnOverdue: overdueAfter } = config
  const outcomes = new Outcomes({ ...owners, deliveries, receipts, overdueAfter, clock: bucket.clock })
  const eyes = [new Inboxes(owners), outcomes, new UnreadableReceipts({ receipts, root })]
  const source = new Watch({ eyes, every, clock: bucket.clock })
  owning.add('ending the looks for events', () => source.close())
  const tell = (event: HealthEvent): void => {
    eventLog?.tell(event)
    logHealth(event, log)
  }
  owning.add('watching the bucket', watchHealth(bucket.health, systemClock, tell))
  const clock = { now: () => systemClock.now(), bucketNow: () => bucket.clock.now() }
  return { events: new Events({ log: eventLog, source, clock, heartbeat, patience }), source }
}

function logHealth({ event, reason = '' }: HealthEvent, log: Logger): void {
  const said: Readonly<Record<HealthEvent['event'], () => void>> = {
    'bucket-lost': () =>
      log.warn(`The bucket can't be used: ${reason} What is written to send/ is kept, and sent when it can.`),
    'keys-refused': () => log.warn(`The keys are not accepted: ${reason} What is written to send/ waits for new ones.`),
    'bucket-back': () => log.info('The bucket can be used again.'),
    'keys-accepted': () => log.info('The keys are accepted again.'),
  }
  said[event]()
}
