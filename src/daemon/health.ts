/** Whether a mount is well, and why not: the one answer for `status`, `/healthz`, systemd and the figures. */
import type { HealthReason, HealthReport, Problem } from '../control/reports.js'
import type { DeliveryTrail } from '../delivery/delivery-trail.js'
import type { EventLog } from '../events/event-log.js'
import type { MountedFuse } from '../fuse/mount.js'
import type { HttpServer } from '../http/server.js'
import type { Receipts } from '../mdn/receipts.js'
import type { Sender } from '../send/sender.js'
import type { PutAside } from '../state/put-aside.js'
import type { Taking } from '../taking/taking.js'
import type { AuditLog } from '../telemetry/audit-log.js'
import type { Bucket } from './open-bucket.js'
import type { PrefixWatch } from './prefix-watch.js'

/** Whoever may have something to say. */
export interface HealthParts {
  readonly bucket: Pick<Bucket, 'health'>
  readonly isStopping: boolean
  readonly audit: Pick<AuditLog, 'problem'> | undefined
  readonly eventLog: Pick<EventLog, 'problem'> | undefined
  readonly prefix: Pick<PrefixWatch, 'empty'>
  readonly putAside: Pick<PutAside, 'problems'>
  readonly sender: Pick<Sender, 'counts' | 'problems'>
  readonly taking: Pick<Taking, 'problem'>
  /** All undefined before it is mounted. */
  readonly mount?: Pick<MountedFuse, 'binding' | 'whyStock' | 'counts'>
  readonly receipts?: Pick<Receipts, 'problems' | 'isOn' | 'counts'>
  readonly deliveryTrail?: Pick<DeliveryTrail, 'problem'>
  readonly http?: Pick<HttpServer, 'at' | 'problems'>
}

/** Never waits, and asks nobody but those who are here. */
export function healthOf(parts: HealthParts): HealthReport {
  const said = new Set<string>()
  // Two of them may say the same, of one disk.
  const reasons = problemsOf(parts).filter(({ sentence }) => !said.has(sentence) && said.add(sentence))
  return { state: parts.isStopping ? 'stopping' : reasons.length > 0 ? 'degraded' : 'ok', reasons }
}

function problemsOf(parts: HealthParts): Problem[] {
  const { bucket, prefix, audit, eventLog, sender, taking, mount, putAside, receipts, deliveryTrail, http } = parts
  const { health } = bucket
  const { state, problem, since } = health.health
  const { failed } = sender.counts()
  const failedFiles = `${failed === 1 ? '1 file' : `${failed} files`} could not be sent: see as2fs queue.`
  return [
    ...because(state === 'refused' ? 'credentials' : 'bucket', problem).map((it) => ({ ...it, since })),
    ...because('prefix', prefix.empty?.isWrong === true ? prefix.empty.sentence : undefined),
    ...because('uploads', ...health.hangingUploads),
    ...because('listing', ...health.refusedListings),
    ...because('audit', audit?.problem),
    ...because('events', eventLog?.problem),
    ...because('send', ...sender.problems()),
    ...because('receipts', ...(receipts?.problems ?? [])),
    ...because('deliveries', deliveryTrail?.problem),
    ...because('new', taking.problem),
    ...because('put-aside', ...putAside.problems()),
    ...because('http', ...(http?.problems ?? [])),
    ...because('failed', failed > 0 ? failedFiles : undefined),
    ...because('binding', mount?.whyStock === undefined ? undefined : slowBinding(mount.whyStock)),
  ]
}

function because(reason: HealthReason, ...sentences: readonly (string | undefined)[]): Problem[] {
  return sentences.flatMap((sentence) => (sentence === undefined ? [] : [{ reason, sentence }]))
}

/** @param why it was not compiled */
export function slowBinding(why: string): string {
  return `The binding was not compiled here (${why}): the mount slows down under load.`
}
