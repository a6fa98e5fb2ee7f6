/** Of the daemon as a whole: which one it is, since when it runs, and whether it is well. */
import { healthReasons, type HealthReport } from '../control/reports.js'
import type { Health } from '../s3/health.js'
import type { EpochMs } from '../units.js'
import { version } from '../version.js'
import type { Collector } from './metrics.js'

export interface DaemonFigures {
  /** When it was mounted. */
  readonly since: EpochMs
  readonly binding: () => string
  readonly health: () => HealthReport
  readonly bucket: { readonly health: Health; readonly areKeysAccepted: boolean }
}

export function ofDaemon({ since, binding, health, bucket }: DaemonFigures): Collector {
  return (samples) => {
    const { state } = bucket.health
    samples.add('as2fs_build_info', 1, version, process.version, binding())
    samples.add('as2fs_start_time_seconds', since / 1_000)
    samples.add('as2fs_bucket_up', state === 'ok' || state === 'refused' ? 1 : 0)
    samples.add('as2fs_credentials_accepted', bucket.areKeysAccepted ? 1 : 0)
    const reasons = new Set(health().reasons.map((it) => it.reason))
    for (const reason of healthReasons) samples.add('as2fs_degraded', reasons.has(reason) ? 1 : 0, reason)
  }
}
