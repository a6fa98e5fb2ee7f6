/** What receipts say, and what was told of them: kept in the state directory, and read on from there. */
import { join } from 'node:path'
import { DeliveryTrail } from '../delivery/delivery-trail.js'
import type { Deliveries } from '../delivery/deliveries.js'
import type { DirectoryOfPartners } from '../fs/directory-of-partners.js'
import { Receipts } from '../mdn/receipts.js'
import { systemClock } from '../telemetry/clock.js'
import type { EpochMs } from '../units.js'
import { mdnPrefix } from '../view/tree.js'
import type { FilesystemParts } from './compose.js'

/** A minute, with the default of `--list-ttl`. */
const looksOfTrail = 12

export async function openDeliveryTrail(
  { config, stateDirectory, ownership, audit, submissions, log }: FilesystemParts,
  deliveries: Deliveries,
  receipts: Receipts,
  now: () => EpochMs,
): Promise<DeliveryTrail> {
  const trail = await DeliveryTrail.open({
    directory: join(stateDirectory, 'receipts'),
    deliveries,
    audit,
    mdnKey: async (row) => {
      const id = (await receipts.details(row))?.id
      return id && `${mdnPrefix(config.prefix, id.direction)}${id.key}`
    },
    now,
    every: looksOfTrail * config.listTtl,
    lost: ownership.lost,
    log,
  })
  submissions.listen((file) => trail.submitted(file))
  return trail
}

export function openReceipts(
  parts: FilesystemParts,
  partners: DirectoryOfPartners,
  now: () => EpochMs,
): Promise<Receipts> {
  const { config, stateDirectory, bucket, reading, ownership, onReceipts: onChange, log } = parts
  return Receipts.open({
    directory: join(stateDirectory, 'receipts'),
    root: config.prefix,
    store: bucket.store,
    listing: reading.listing,
    reads: config.mdnIndex === 'on' ? config.mdnReads : 0,
    known: (station, partner) => partners.isKnown(station, partner),
    settleWithin: Math.min(1_000, config.opTimeout / 8),
    now,
    onChange,
    lost: ownership.lost,
    clock: systemClock,
    log,
  })
}
