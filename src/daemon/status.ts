/** What a daemon says of itself: its status, its queue, and what stays behind when it ends. */
import type { MountConfig } from '../config.js'
import type { MountedFuse } from '../fuse/mount.js'
import { systemClock } from '../telemetry/clock.js'
import { sentencesOf } from '../s3/lacks.js'
import { dollarsADay } from '../s3/prices.js'
import type { RequestCounter } from '../s3/request-counter.js'
import type { SendCounts, Sender, SendRow } from '../send/sender.js'
import type { EventLog } from '../events/event-log.js'
import type { QueueReport, RequestsReport, StatusReport } from '../control/reports.js'
import type { DeliveryTrail } from '../delivery/delivery-trail.js'
import type { Receipts } from '../mdn/receipts.js'
import type { PutAside } from '../state/put-aside.js'
import type { Taking } from '../taking/taking.js'
import type { AuditLog } from '../telemetry/audit-log.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { version } from '../version.js'
import type { Reading } from './compose.js'
import type { Bucket } from './open-bucket.js'

/** Files that the log names one by one when they stay behind. */
const mostNamed = 20

/** A day is not told from less: a mount that begins looks at much at once. */
const tooEarly: Milliseconds = 60_000

/** What there is to be told of. */
interface Parts {
  readonly config: MountConfig
  readonly stateDirectory: string
  readonly since: EpochMs
  readonly bucket: Bucket
  readonly reading: Reading
  readonly isStopping: boolean
  readonly audit: AuditLog | undefined
  readonly eventLog: EventLog | undefined
  readonly putAside: PutAside
  readonly sender: Sender
  readonly taking: Taking
  /** All undefined before it is mounted. */
  readonly mount?: MountedFuse
  readonly receipts?: Receipts
  readonly deliveryTrail?: DeliveryTrail
}

export function statusReport(parts: Parts): StatusReport {
  const { config, stateDirectory, since, reading, sender, mount, isStopping } = parts
  const { store } = parts.bucket
  const { bucket, endpoint, prefix, mountpoint } = config
  const problems = problemsOf(parts)
  return {
    version,
    pid: process.pid,
    bucket,
    endpoint,
    region: parts.bucket.region.current,
    prefix,
    mountpoint,
    stateDirectory,
    since,
    state: isStopping ? 'stopping' : problems.length > 0 ? 'degraded' : 'ok',
    problems,
    server: sentencesOf(store.lacks),
    binding: mount?.binding ?? 'stock',
    calls: mount?.counts(),
    listings: reading.listing.status(),
    requests: requestsReport(parts.bucket.requests),
    send: sender.counts(),
    receipts: parts.receipts?.isOn ? parts.receipts.counts() : undefined,
    cache: reading.objects.usage(),
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

function problemsOf(parts: Parts): string[] {
  const { bucket, audit, eventLog, sender, taking, mount, putAside, receipts, deliveryTrail } = parts
  const { health } = bucket
  const { problem } = health.health
  const { failed } = sender.counts()
  return [
    ...new Set([
      ...(problem === undefined ? [] : [problem]),
      ...health.hangingUploads,
      ...health.refusedListings,
      ...(audit?.problem === undefined ? [] : [audit.problem]),
      ...(eventLog?.problem === undefined ? [] : [eventLog.problem]),
      ...sender.problems(),
      ...(receipts?.problems ?? []),
      ...(deliveryTrail?.problem === undefined ? [] : [deliveryTrail.problem]),
      ...(taking.problem === undefined ? [] : [taking.problem]),
      ...putAside.problems(),
      ...(failed > 0 ? [`${failed === 1 ? '1 file' : `${failed} files`} could not be sent: see as2fs queue.`] : []),
      ...(mount?.whyStock === undefined ? [] : [slowBinding(mount.whyStock)]),
    ]),
  ]
}

/** @param why it was not compiled */
export function slowBinding(why: string): string {
  return `The binding was not compiled here (${why}): the mount slows down under load.`
}

/** Sent without anybody's doing. */
function isOnItsWay({ state, reason }: SendRow): boolean {
  return state === 'queued' || state === 'uploading' || reason === 'packing'
}
