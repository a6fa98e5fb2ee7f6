/** Brings those who know something of a mount together with what is told in figures. */
import type { MountConfig } from '../config.js'
import type { HealthReport } from '../control/reports.js'
import type { Deliveries } from '../delivery/deliveries.js'
import type { Source } from '../events/source.js'
import type { As2Filesystem } from '../fs/as2-filesystem.js'
import type { MountedFuse } from '../fuse/mount.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Metrics } from '../metrics/metrics.js'
import { ofBucket } from '../metrics/of-bucket.js'
import { ofDaemon } from '../metrics/of-daemon.js'
import { ofKernel } from '../metrics/of-kernel.js'
import { DeliveryTally } from '../metrics/delivery-tally.js'
import { Happenings } from '../metrics/happenings.js'
import { FreeSpace } from '../metrics/free-space.js'
import { ofReading } from '../metrics/of-reading.js'
import { ofSending } from '../metrics/of-sending.js'
import type { PartnerLabels } from '../metrics/partner-labels.js'
import type { SendMeter } from '../metrics/send-meter.js'
import type { Sender } from '../send/sender.js'
import type { SeenPartners } from '../state/seen-partners.js'
import { systemClock } from '../telemetry/clock.js'
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Reading } from './compose.js'
import type { Bucket } from './open-bucket.js'
import type { Owning } from './owning.js'

/** Five minutes, with the default of `--list-ttl`: a look costs about one LIST for each view that has grown. */
const looks = 60

export interface FiguresParts {
  readonly since: EpochMs
  readonly bucket: Bucket
  readonly health: () => HealthReport
  /** Undefined before it is mounted. */
  readonly mount: () => MountedFuse | undefined
  readonly fs: As2Filesystem
  readonly sender: Sender
  readonly sendMeter: SendMeter
  readonly labels: PartnerLabels
  readonly seen: SeenPartners
  readonly config: Pick<MountConfig, 'prefix' | 'listTtl'>
  readonly stateDirectory: string
  readonly reading: Reading
  readonly receipts: Receipts
  readonly deliveries: Deliveries
  readonly source: Source
  readonly owning: Owning
}

export function tellFigures(metrics: Metrics, parts: FiguresParts): void {
  const { since, bucket, health, mount, fs, sender, sendMeter: meter, labels, seen, config, reading, receipts } = parts
  const free = new FreeSpace(parts.stateDirectory)
  metrics.onAsked(() => free.look())
  const { delivered, happenings } = ownDeliveryFigures(parts)
  metrics.onAsked(() => happenings.asked())
  metrics.add(
    ofDaemon({ since, binding: () => mount()?.binding ?? 'none', health, bucket: bucket.health }),
    ofSending({ sender, meter, labels, partners: () => partnersIn(seen) }),
    (samples) => delivered.tell(samples),
    (samples) => happenings.tell(samples),
    ofReading({ ...reading, root: config.prefix, receipts, free }),
    ofBucket(bucket),
    ofKernel({ calls: mount, openFiles: () => fs.openFiles }),
  )
}

function ownDeliveryFigures({ deliveries, source, labels, config, owning }: FiguresParts) {
  const clock = systemClock
  const delivered = new DeliveryTally({ deliveries, labels, clock })
  const happenings = new Happenings({ source, labels, every: looks * config.listTtl, clock })
  owning.add('counting deliveries', () => delivered.close())
  owning.add('counting what happens', () => happenings.close())
  return { delivered, happenings }
}

function* partnersIn(seen: SeenPartners): Generator<Partner, undefined> {
  for (const station of seen.stations()) for (const partner of seen.partners(station)) yield { station, partner }
}
