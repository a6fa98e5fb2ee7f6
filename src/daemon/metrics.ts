/** Brings those who know something of a mount together with what is told in figures. */
import type { HealthReport } from '../control/reports.js'
import type { As2Filesystem } from '../fs/as2-filesystem.js'
import type { MountedFuse } from '../fuse/mount.js'
import type { Metrics } from '../metrics/metrics.js'
import { ofBucket } from '../metrics/of-bucket.js'
import { ofDaemon } from '../metrics/of-daemon.js'
import { ofKernel } from '../metrics/of-kernel.js'
import type { EpochMs } from '../units.js'
import type { Bucket } from './open-bucket.js'

export interface FiguresParts {
  readonly since: EpochMs
  readonly bucket: Bucket
  readonly health: () => HealthReport
  /** Undefined before it is mounted. */
  readonly mount: () => MountedFuse | undefined
  readonly fs: As2Filesystem
}

export function tellFigures(metrics: Metrics, { since, bucket, health, mount, fs }: FiguresParts): void {
  metrics.add(
    ofDaemon({ since, binding: () => mount()?.binding ?? 'none', health, bucket: bucket.health }),
    ofBucket(bucket),
    ofKernel({ calls: mount, openFiles: () => fs.openFiles }),
  )
}
