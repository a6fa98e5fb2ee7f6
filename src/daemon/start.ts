/** The start of a daemon: it takes what it needs one by one, mounts, and has all given back in the opposite order. */
import type { MountConfig } from '../config.js'
import { startControlServer, type ControlHandlers } from '../control/server.js'
import type { HealthReport } from '../control/reports.js'
import type { Events } from '../events/events.js'
import type { HttpServer } from '../http/server.js'
import type { Filesystem } from '../fs/filesystem.js'
import { mountFuse, type MountedFuse } from '../fuse/mount.js'
import type { Xattrs } from '../fuse/operations.js'
import { preflight } from '../fuse/preflight.js'
import { replaceableBy } from '../own-files.js'
import { exposureOf } from '../exposure.js'
import { probeWhileUnwell } from '../s3/health.js'
import type { Receipts } from '../mdn/receipts.js'
import { Metrics } from '../metrics/metrics.js'
import { PartnerLabels } from '../metrics/partner-labels.js'
import { SendMeter } from '../metrics/send-meter.js'
import type { Sender } from '../send/sender.js'
import { LockWatch } from '../state/lock-watch.js'
import { PutAside } from '../state/put-aside.js'
import { stateDirectoryPath } from '../state/places.js'
import { diskFailure, openStateDirectory, type StateDirectory } from '../state/state-directory.js'
import type { AuditLog } from '../telemetry/audit-log.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds } from '../units.js'
import {
  makeFilesystem,
  makeReading,
  makeSender,
  openAudit,
  openTaking,
  openDiskCache,
  type OwnReports,
} from './compose.js'
import { Ending, type Outcome } from './ending.js'
import { ownEventLog, ownEvents } from './events.js'
import type { DeliveryTrail } from '../delivery/delivery-trail.js'
import { Submissions } from '../delivery/submissions.js'
import { firstLook } from './first-look.js'
import { Arrivals } from './arrivals.js'
import type { HttpParts } from './http.js'
import type { DeliveryReport } from './delivery-report.js'
import { healthOf, slowBinding } from './health.js'
import type { Info } from './info.js'
import { makeXattrs } from './xattrs.js'
import { tellFigures } from './metrics.js'
import type { NewOverview } from './new-overview.js'
import { openBucket, type Bucket } from './open-bucket.js'
import { Owning } from './owning.js'
import { PrefixWatch } from './prefix-watch.js'
import { countOnTheirWay, queueReport, statusReport } from './status.js'

export interface Daemon {
  /** Resolves when all is over: the mount is gone, the queue closed, the lock given back. */
  readonly stopped: Promise<Outcome>
  /**
   * No new files, unmount (in spite of who holds it), upload what waits for up to `drain`, end. Never throws.
   * @param reason for the log
   */
  stop(reason: string, drain?: Milliseconds): Promise<void>
  /** Why it began without its bucket, or nobody can ask it over HTTP: one sentence each. */
  readonly missing: string | undefined
  /** Where it can be asked over HTTP, for people; undefined while it can't. */
  readonly http: string | undefined
  /** After a rotation. */
  reopenLogs(): void
  health(): HealthReport
  /** Files that are sent by themselves, and are not yet. */
  waiting(): number
  /** Resolves when its end begins, with how long it goes on uploading at most. */
  readonly ending: Promise<Milliseconds>
}

/** What each step of the start needs. */
interface Start extends Surroundings {
  readonly config: MountConfig
  readonly owning: Owning
}

interface Surroundings {
  readonly log: Logger
  /** Aborted with a reason for the log where it need not start any more. */
  readonly ending: AbortSignal
}

/**
 * Mounts, and returns when the mount answers.
 * @returns undefined if it was to end before it was mounted; then nothing is left mounted or locked
 * @throws UsageError one sentence, with nothing left mounted or locked, either
 */
export async function startDaemon(config: MountConfig, { log, ending }: Surroundings): Promise<Daemon | undefined> {
  const owning = new Owning(log)
  try {
    return await started({ config, owning, log, ending })
  } catch (error) {
    await owning.giveBackAll()
    if (ending.aborted) {
      log.info({ reason: ending.reason as unknown }, 'stopped before it was mounted')
      return undefined
    }
    throw await diskFailure(error, stateDirectoryPath(config))
  }
}

async function started(start: Start): Promise<Daemon> {
  const { config, owning, log } = start
  await preflight(config)
  const state = await ownState(start)
  const bucket = await ownBucket(start)
  const disk = await openDiskCache(config, log)
  const since = systemClock.now()
  // What is made before the mount looks for it here.
  const later: { mount?: MountedFuse; receipts?: Receipts; deliveryTrail?: DeliveryTrail; http?: HttpServer } = {}
  const onChange = (): void => later.mount?.folderChanged()
  const onReceipts = (): void => later.mount?.receiptsChanged()
  const reading = makeReading(config, bucket, disk, onChange, log)
  const { missing, folders } = await unlessEnding(firstLook(bucket, state, config, log), start)
  const { store } = bucket
  const prefix = new PrefixWatch({ store, bucket: config.bucket, root: config.prefix }, folders, systemClock, log)
  owning.add('ending the probe', probeWhileUnwell(bucket.health, store, config.prefix))
  const audit = await ownAudit(start)
  const ownership = new LockWatch({ directory: state.path, isMine: () => state.isMine(), clock: systemClock, log })
  owning.add('watching the lock', () => ownership.close())
  const { listing } = reading
  const eventLog = await ownEventLog(state.path, owning, log)
  const submissions = new Submissions()
  const shared = { config, directory: state.path, bucket, ownership, log }
  const labels = new PartnerLabels()
  const sendMeter = new SendMeter(labels)
  const sender = await makeSender({ ...shared, listing, audit, eventLog, submissions, meter: sendMeter })
  sendMeter.begin()
  owning.add('closing the queue', () => sender.close())
  const taking = await openTaking({ ...shared, state })
  owning.add('closing the marks of new/', () => taking.close())
  const ending = new Ending({ config, sender, owning, log })
  const parts = { config, stateDirectory: state.path, since, bucket, reading, audit, eventLog, sender, taking }
  const putAside = await PutAside.of(state.path, systemClock)
  const now = () => ({ ...parts, ...later, prefix, putAside, isStopping: ending.isStopping })
  const reports: OwnReports = {
    status: () => statusReport(now()),
    health: () => healthOf(now()),
    queue: () => queueReport(sender),
  }
  const metrics = new Metrics()
  const made = await makeFilesystem({ ...parts, ownership, onChange, onReceipts, submissions, reports, metrics, log })
  const { fs, info, report, trail, overview, seen, receipts, deliveries, partners } = made
  owning.add('writing down who was seen', () => seen.close())
  owning.add('closing the receipts', () => receipts.close())
  owning.add('closing what was told of deliveries', () => trail.close())
  later.receipts = receipts
  later.deliveryTrail = trail
  const { events, source } = ownEvents({ ...parts, ...made, listing, owning, log })
  const figured = { ...parts, fs, sendMeter, labels, seen, receipts, deliveries, source, owning }
  tellFigures(metrics, { ...figured, health: () => healthOf(now()), mount: () => later.mount })
  await ownControl(start, state, { sender, info, report, overview, reports, ending, events })
  const arrivals = new Arrivals({ listing, partners, root: config.prefix, clock: systemClock })
  const http = await ownHttp(start, { sender, report, reports, metrics, arrivals, events })
  if (http) later.http = http
  later.mount = await mounted(start, fs, since, state, config.xattr ? makeXattrs(info) : undefined)
  ending.mounted(later.mount)
  return {
    stopped: ending.ended,
    stop: (reason, drain = config.drain) => ending.stop(reason, drain),
    missing: [missing, ...(http?.problems ?? [])].filter((it) => it !== undefined).join(' ') || undefined,
    http: http?.at,
    reopenLogs: () => audit?.reopen(),
    health: () => reports.health(),
    waiting: () => countOnTheirWay(sender),
    ending: ending.begun,
  }
}

async function ownState({ config, owning, log }: Start): Promise<StateDirectory> {
  const state = await openStateDirectory(config)
  // What hangs may still be at work there: then the lock goes with the process.
  owning.add('giving back the state directory', () => (owning.isStuck ? undefined : state.release()))
  // What is in it is safe all the same: nothing is opened there that is not ours.
  const parent = await replaceableBy(state.path)
  if (parent !== undefined) {
    log.warn(`Others may write to ${parent}, and so take the state directory ${state.path} away: chmod go-w ${parent}.`)
  }
  return state
}

async function ownBucket({ config, owning, log }: Start): Promise<Bucket> {
  const exposure = await exposureOf('credentials', config.credentialsCsv)
  if (exposure !== undefined) log.warn(exposure)
  const bucket = await openBucket(config, log)
  owning.add('closing the connections', () => bucket.store.close())
  return bucket
}

async function ownAudit({ config, owning, log }: Start): Promise<AuditLog | undefined> {
  const audit = await openAudit(config.auditLog, log)
  if (audit) owning.add('closing the audit trail', () => audit.close())
  return audit
}

/** What other processes may ask of it. */
interface Asked {
  readonly sender: Sender
  readonly info: Info
  readonly overview: NewOverview
  readonly report: DeliveryReport
  readonly reports: OwnReports
  readonly ending: Ending
  readonly events: Events
}

async function ownControl({ config, owning, log }: Start, state: StateDirectory, asked: Asked): Promise<void> {
  const { sender, info, report, overview, reports, ending, events } = asked
  const rowOf = (id: string) => sender.allRows().find((it) => it.id === id)
  const handlers: ControlHandlers = {
    status: () => Promise.resolve(reports.status()),
    queue: () => Promise.resolve(reports.queue()),
    info: (path, signal) => info.describe(path, signal),
    deliveries: (query, signal) => report.rows(query, signal),
    fresh: overview,
    retry: (id, signal) => sender.retry(id, signal).then(() => rowOf(id)),
    cancel: (id, signal) => sender.cancel(id, signal).then(() => rowOf(id)),
    release: (id, signal) => sender.releaseHeld(id, signal).then(() => rowOf(id)),
    unmount: (drain = config.drain) => ending.unmount(drain),
    events: (beginning, lines, signal) => events.follow(beginning, lines, signal),
  }
  const control = await startControlServer(state.path, handlers, log)
  owning.add('closing the control socket', () => control.close())
}

/** What is loaded for it is loaded only where it is asked for. */
async function ownHttp(
  { config, owning, log }: Start,
  parts: Pick<HttpParts, 'sender' | 'report' | 'reports' | 'metrics' | 'arrivals' | 'events'>,
): Promise<HttpServer | undefined> {
  const { http } = config
  if (!http) return undefined
  const { ownHttp: own } = await import('./http.js')
  return own({ ...parts, config: { ...config, http }, owning, log })
}

async function mounted(
  { config, log, ending }: Start,
  fs: Filesystem,
  since: EpochMs,
  state: StateDirectory,
  xattrs: Xattrs | undefined,
) {
  ending.throwIfAborted()
  const { mountpoint, opTimeout, bucket: source, allowOther, readOnly, uid, gid, umask } = config
  const owner = { uid, gid, umask, since }
  const mount = await mountFuse({ mountpoint, fs, opTimeout, source, allowOther, readOnly, owner, xattrs, log })
  log.info({ mountpoint, bucket: source, state: state.path }, 'mounted')
  if (mount.whyStock !== undefined) log.warn(slowBinding(mount.whyStock))
  if (mount.whyStock !== undefined && xattrs)
    log.warn('--xattr needs the compiled binding: there are no extended attributes.')
  return mount
}

/** A bucket that does not answer may take as long as its patience lasts. */
function unlessEnding<T>(work: Promise<T>, { ending }: Start): Promise<T> {
  const ended = new AbortController()
  const over = new Promise<never>((_, reject) => {
    const end = (): void => reject(new Error('It is to end.'))
    if (ending.aborted) end()
    else ending.addEventListener('abort', end, { signal: ended.signal })
  })
  return Promise.race([work, over]).finally(() => ended.abort())
}
