/** Makes the figures of a mount, of those who know them. */
import type { HealthReport } from '../control/reports.js'
import type { MountedFuse } from '../fuse/mount.js'
import { Metrics } from '../metrics/metrics.js'
import { ofDaemon } from '../metrics/of-daemon.js'
import type { EpochMs } from '../units.js'
import type { Bucket } from './open-bucket.js'

export interface MetricsParts {
  readonly since: EpochMs
  readonly bucket: Bucket
  readonly health: () => HealthReport
  /** Undefined before it is mounted. */
  readonly mount: () => MountedFuse | undefined
}

export function makeMetrics({ since, bucket, health, mount }: MetricsParts): Metrics {
  return new Metrics([ofDaemon({ since, binding: () => mount()?.binding ?? 'none', health, bucket: bucket.health })])
}
