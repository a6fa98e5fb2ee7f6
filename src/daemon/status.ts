/** What a daemon says of itself: its status, its queue, and what stays behind when it ends. */
import { whyNotCompiled } from '../binding/load.js'
import type { MountConfig } from '../config.js'
import { systemClock } from '../telemetry/clock.js'
import { sentencesOf } from '../s3/lacks.js'
import { dollarsADay } from '../s3/prices.js'
import type { RequestCounter } from '../s3/request-counter.js'
import type { SendCounts, Sender, SendRow } from '../send/sender.js'
import type { QueueReport, RequestsReport, StatusReport } from '../control/reports.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { version } from '../version.js'
import type { Reading } from './compose.js'
import { healthOf, type HealthParts } from './health.js'
import type { Bucket } from './open-bucket.js'

/** Files that the log names one by one when they stay behind. */
const mostNamed = 20

/** A day is not told from less: a mount that begins looks at much at once. */
const tooEarly: Milliseconds = 60_000

/** What there is to be told of. */
interface Parts extends HealthParts {
  readonly config: MountConfig
  readonly stateDirectory: string
  readonly since: EpochMs
  readonly bucket: Bucket
  readonly reading: Reading
}

export function statusReport(parts: Parts): StatusReport {
  const { config, stateDirectory, since, reading, sender, mount } = parts
  const { store } = parts.bucket
  const { empty } = parts.prefix
  const { bucket, endpoint, prefix, mountpoint } = config
  const health = healthOf(parts)
  return {
    version,
    pid: process.pid,
    bucket,
    endpoint,
    endpointFrom: config.endpointFrom,
    proxy: parts.bucket.network.proxyOfS3,
    region: parts.bucket.region.current,
    prefix,
    mountpoint,
    stateDirectory,
    since,
    state: health.state,
    problems: health.reasons.map((it) => it.sentence),
    reasons: health.reasons,
    server: [...sentencesOf(store.lacks), ...(empty && !empty.isWrong ? [empty.sentence] : [])],
    // Before it is mounted, what was shown then may be read for a second after that.
    binding: mount?.binding ?? (whyNotCompiled === undefined ? 'compiled' : 'stock'),
    calls: mount?.counts(),
    listings: reading.listing.status(),
    requests: requestsReport(parts.bucket.requests),
    send: sender.counts(),
    receipts: parts.receipts?.isOn ? parts.receipts.counts() : undefined,
    cache: reading.objects.usage(),
    http: parts.http?.at,
  }
}

function requestsReport({ total, lastHour, span }: RequestCounter): RequestsReport {
  // To a hundredth of a cent: what it is reckoned from is no better.
  const dollars = span < tooEarly ? undefined : Math.round(dollarsADay(lastHour, span) * 10_000) / 10_000
  return { sinceMount: total, lastHour, span: Math.round(span), dollarsADay: dollars }
}

export function queueReport(sender: Sender): QueueReport {
  return { generatedAt: systemClock.now(), rows: sender.allRows() }
}

/** Files that are sent by themselves, and are not yet. */
export function countOnTheirWay(sender: Pick<Sender, 'counts'>): number {
  const { queued, uploading } = sender.counts()
  return queued + uploading
}

/** Says in the log what a drain has left. */
export function logRemains(rows: readonly SendRow[], { held, failed }: SendCounts, log: Logger): void {
  const files = rows.filter(isOnItsWay).map((it) => `${it.station}/${it.partner}/${it.path}`)
  if (files.length > 0) {
    const named = files.length > mostNamed ? [...files.slice(0, mostNamed), '…'] : files
    const count = files.length === 1 ? '1 file stays' : `${files.length} files stay`
    log.warn({ waiting: files.length }, `${count} in the queue until the next mount: ${named.join(', ')}`)
  }
  if (held + failed > 0) log.info({ held, failed }, 'Held and failed files stay where they are.')
}

/** Sent without anybody's doing. */
function isOnItsWay({ state, reason }: SendRow): boolean {
  return state === 'queued' || state === 'uploading' || reason === 'packing'
}
