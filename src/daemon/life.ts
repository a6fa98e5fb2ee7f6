/** The life of a daemon: it takes what it needs one by one, mounts, and gives all back in the opposite order. */
import type { MountConfig } from '../config.js'
import type { DiskCache } from '../data/disk-cache.js'
import { FsError } from '../errors.js'
import type { Info } from './info.js'
import { describeMountUsers } from '../fuse/mount-users.js'
import { mountFuse, type MountedFuse } from '../fuse/mount.js'
import { preflight } from '../fuse/preflight.js'
import { replaceableBy } from '../own-files.js'
import { csvExposure } from '../s3/csv-exposure.js'
import { probeWhileUnwell } from '../s3/health.js'
import type { Sender } from '../send/sender.js'
import { startControlServer } from '../control/server.js'
import type { UnmountReport } from '../control/reports.js'
import { PutAside } from '../state/put-aside.js'
import { openStateDirectory, type StateDirectory } from '../state/state-directory.js'
import type { AuditLog } from '../telemetry/audit-log.js'
import { systemClock } from '../telemetry/clock.js'
import type { Logger } from '../telemetry/log.js'
import type { EpochMs, Milliseconds } from '../units.js'
import { makeFilesystem, makeReading, makeSender, openAudit, openDiskCache, type Reading } from './compose.js'
import { firstLook } from './first-look.js'
import { openBucket, type Bucket } from './open-bucket.js'
import { Owning } from './owned.js'
import { logRemains, queueReport, slowBinding, statusReport, type Parts } from './status.js'

/** For what comes after a drain has ended by its own limit. */
const drainMargin: Milliseconds = 10_000

/** A busy machine starts fusermount late. */
const unmountPatience: Milliseconds = 30_000

export interface Ending {
  readonly exitCode: number
  /** Something hangs, so that only the process's own end, without farewell, ends it. */
  readonly isStuck: boolean
}

export interface Daemon {
  /** Resolves when all is over: the mount is gone, the queue closed, the lock given back. */
  readonly stopped: Promise<Ending>
  /**
   * No new files, unmount (in spite of who holds it), upload what waits for up to `drain`, end. Never throws.
   * @param reason for the log
   */
  stop(reason: string, drain?: Milliseconds): Promise<void>
  /** Why it began without its bucket, in one sentence. */
  readonly missing: string | undefined
  /** After a rotation. */
  reopenLogs(): void
}

/**
 * Mounts, and returns when the mount answers.
 * @throws UsageError one sentence, with nothing left mounted or locked
 */
export async function startDaemon(config: MountConfig, { log }: { readonly log: Logger }): Promise<Daemon> {
  const owning = new Owning(log)
  try {
    await preflight(config)
    const state = await openStateDirectory(config)
    await warnOfParents(state.path, log)
    // What hangs may still be at work there: then the lock goes with the process.
    owning.add('giving back the state directory', () => (owning.isStuck ? undefined : state.release()))
    const exposure = await csvExposure(config.credentialsCsv)
    if (exposure !== undefined) log.warn(exposure)
    const bucket = await openBucket(config, log)
    owning.add('closing the connections', () => bucket.store.close())
    const daemon = new RunningDaemon(config, state, bucket, await openDiskCache(config, log), owning, log)
    await daemon.start()
    return daemon
  } catch (error) {
    await owning.giveBackAll()
    throw error
  }
}

/** What is in it is safe all the same: nothing is opened there that is not ours. */
async function warnOfParents(directory: string, log: Logger): Promise<void> {
  const parent = await replaceableBy(directory)
  if (parent === undefined) return
  log.warn(`Others may write to ${parent}, and so take the state directory ${directory} away: chmod go-w ${parent}.`)
}

class RunningDaemon implements Daemon {
  readonly stopped: Promise<Ending>
  readonly #config: MountConfig
  readonly #state: StateDirectory
  readonly #owning: Owning
  readonly #log: Logger
  readonly #since: EpochMs = systemClock.now()
  readonly #bucket: Bucket
  readonly #reading: Reading
  #audit: AuditLog | undefined
  #sender: Sender | undefined
  #putAside: PutAside | undefined
  #mount: MountedFuse | undefined
  #missing: string | undefined
  #isStopping = false
  /** The mount was there, and is no more. */
  #isGone = false
  #end: (outcome: Ending) => void = () => undefined

  constructor(
    config: MountConfig,
    state: StateDirectory,
    bucket: Bucket,
    disk: DiskCache | undefined,
    owning: Owning,
    log: Logger,
  ) {
    this.#config = config
    this.#state = state
    this.#owning = owning
    this.#log = log
    this.stopped = new Promise((resolve) => (this.#end = resolve))
    this.#bucket = bucket
    this.#reading = makeReading(config, bucket, disk, () => this.#mount?.folderChanged(), log)
  }

  async start(): Promise<void> {
    const { store, health } = this.#bucket
    this.#missing = await firstLook(this.#bucket, this.#state, this.#config, this.#log)
    this.#owning.add('ending the probe', probeWhileUnwell(health, store, this.#config.prefix))
    const audit = await openAudit(this.#config.auditLog, this.#log)
    this.#audit = audit
    if (audit) this.#owning.add('closing the audit trail', () => audit.close())
    const sender = await makeSender(
      this.#config,
      this.#state.path,
      this.#bucket,
      this.#reading.listing,
      audit,
      this.#log,
    )
    this.#sender = sender
    this.#putAside = await PutAside.of(this.#state.path)
    this.#owning.add('closing the queue', () => sender.close())
    const told = { status: () => statusReport(this.#parts()), queue: () => queueReport(this.#sender) }
    const { fs, info, seen } = await makeFilesystem(
      ...([this.#config, this.#state.path, this.#bucket.clock, this.#reading, sender, told, this.#log] as const),
    )
    this.#owning.add('writing down who was seen', () => seen.close())
    await this.#startControl(sender, info)
    await this.#begin(fs)
  }

  async stop(reason: string, drain: Milliseconds = this.#config.drain): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#log.info({ reason }, 'stopping')
    await this.#owning.attempt('unmounting', () => this.#takeAway(), unmountPatience)
    await this.#finish(drain)
  }

  get missing(): string | undefined {
    return this.#missing
  }

  reopenLogs(): void {
    this.#audit?.reopen()
  }

  async #begin(fs: Parameters<typeof mountFuse>[0]['fs']): Promise<void> {
    const { mountpoint, opTimeout, bucket: source, allowOther, readOnly, uid, gid, umask } = this.#config
    const mount = await mountFuse({
      ...{ mountpoint, fs, opTimeout, source, allowOther, readOnly, log: this.#log },
      owner: { uid, gid, umask, since: this.#since },
    })
    this.#mount = mount
    // Once it is gone, what stands there is somebody else's.
    this.#owning.add('taking the mount away', () => (this.#isGone ? undefined : mount.detach()))
    this.#watchMount(mount)
    this.#log.info({ mountpoint, bucket: source, state: this.#state.path }, 'mounted')
    if (mount.whyStock !== undefined) this.#log.warn(slowBinding(mount.whyStock))
  }

  async #startControl(sender: Sender, info: Info): Promise<void> {
    const handlers = {
      status: () => Promise.resolve(statusReport(this.#parts())),
      queue: () => Promise.resolve(queueReport(sender)),
      info: (path: string, signal: AbortSignal) => info.describe(path, signal),
      retry: (id: string) => sender.retry(id),
      cancel: (id: string) => sender.cancel(id),
      release: (id: string) => sender.releaseHeld(id),
      unmount: (drain: Milliseconds | undefined) => this.#unmount(drain ?? this.#config.drain),
    }
    const control = await startControlServer(this.#state.path, handlers, this.#log)
    this.#owning.add('closing the control socket', () => control.close())
  }

  /** Whoever holds it. */
  async #takeAway(): Promise<void> {
    const users = await this.#mount?.unmount()
    if (users) {
      this.#log.warn(`${this.#config.mountpoint} is in use by ${describeMountUsers(users)}: taken away all the same.`)
      await this.#mount?.detach()
    }
    await this.#sender?.mountEnded(users === undefined)
  }

  /** `as2fs umount`: a busy mount stays; the process ends after the answer. */
  async #unmount(drain: Milliseconds): Promise<UnmountReport> {
    if (this.#isStopping) throw new FsError('EBUSY', 'It is being unmounted already.')
    this.#isStopping = true
    try {
      const users = await this.#mount?.unmount()
      if (users) {
        throw new FsError('EBUSY', `${this.#config.mountpoint} is in use by ${describeMountUsers(users)}.`)
      }
    } catch (error) {
      this.#isStopping = false
      throw error
    }
    await this.#owning.attempt('the last closes', () => this.#sender?.mountEnded(true))
    await this.#drain(drain)
    const remaining = queueReport(this.#sender).rows.filter((row) => row.state !== 'submitted')
    setImmediate(() => void this.#finish(undefined))
    return { remaining }
  }

  /** Somebody else may take the mount away: then the queue is drained, and this is over. */
  #watchMount(mount: MountedFuse): void {
    void mount.gone.then(async () => {
      this.#isGone = true
      if (this.#isStopping) return
      this.#isStopping = true
      this.#log.info({ reason: 'unmounted from outside' }, 'stopping')
      await this.#owning.attempt('the last closes', () => this.#sender?.mountEnded(false))
      await this.#finish(this.#config.drain)
    })
  }

  /** @param drain undefined: that is done */
  async #finish(drain: Milliseconds | undefined): Promise<void> {
    if (drain !== undefined) await this.#drain(drain)
    await this.#owning.giveBackAll()
    this.#log.info('stopped')
    this.#end({ exitCode: 0, isStuck: this.#owning.isStuck })
  }

  #drain(limit: Milliseconds): Promise<void> {
    const drained = async (): Promise<void> => {
      const left = await this.#sender?.drain(limit)
      if (left) logRemains(queueReport(this.#sender).rows, left, this.#log)
    }
    return this.#owning.attempt('uploading what waits', drained, limit + drainMargin)
  }

  #parts(): Parts {
    return {
      ...{ config: this.#config, stateDirectory: this.#state.path, since: this.#since },
      ...{ bucket: this.#bucket, reading: this.#reading, isStopping: this.#isStopping },
      ...{ audit: this.#audit, putAside: this.#putAside, sender: this.#sender, mount: this.#mount },
    }
  }
}
