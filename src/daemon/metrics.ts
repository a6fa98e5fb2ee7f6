/** Brings those who know something of a mount together with what is told in figures. */
import type { HealthReport } from '../control/reports.js'
import type { As2Filesystem } from '../fs/as2-filesystem.js'
import type { MountedFuse } from '../fuse/mount.js'
import type { Metrics } from '../metrics/metrics.js'
import { ofBucket } from '../metrics/of-bucket.js'
import { ofDaemon } from '../metrics/of-daemon.js'
import { ofKernel } from '../metrics/of-kernel.js'
import { ofSending } from '../metrics/of-sending.js'
import type { PartnerLabels } from '../metrics/partner-labels.js'
import type { SendMeter } from '../metrics/send-meter.js'
import type { Sender } from '../send/sender.js'
import type { SeenPartners } from '../state/seen-partners.js'
import type { EpochMs } from '../units.js'
import type { Partner } from '../view/partner.js'
import type { Bucket } from './open-bucket.js'

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
}

export function tellFigures(metrics: Metrics, parts: FiguresParts): void {
  const { since, bucket, health, mount, fs, sender, sendMeter: meter, labels, seen } = parts
  metrics.add(
    ofDaemon({ since, binding: () => mount()?.binding ?? 'none', health, bucket: bucket.health }),
    ofSending({ sender, meter, labels, partners: () => partnersIn(seen) }),
    ofBucket(bucket),
    ofKernel({ calls: mount, openFiles: () => fs.openFiles }),
  )
}

function* partnersIn(seen: SeenPartners): Generator<Partner, undefined> {
  for (const station of seen.stations()) for (const partner of seen.partners(station)) yield { station, partner }
}
