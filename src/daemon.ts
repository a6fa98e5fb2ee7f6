/** The daemon: makes the rooms, joins them, and takes them down in order. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { MountConfig } from './config.js'
import { BlockDisk } from './data/block-disk.js'
import { createObjects } from './data/cached-objects.js'
import { DiskCache } from './data/disk-cache.js'
import type { Objects } from './data/objects.js'
import { FsError, UsageError } from './errors.js'
import { As2Filesystem } from './fs/as2-filesystem.js'
import { ListedBucketView } from './fs/bucket-view.js'
import { ControlFile } from './fs/control-files.js'
import { DirectoryOfPartners } from './fs/directory-of-partners.js'
import type { FilesystemFigures } from './fs/filesystem.js'
import { Info } from './fs/info.js'
import { ReadOnlyTree } from './fs/read-only-tree.js'
import { SendFolder } from './fs/send-folder.js'
import { keepFreedMemory } from './fuse/freed-memory.js'
import { describeHolders } from './fuse/holders.js'
import { mountFuse, type MountedFuse } from './fuse/mount.js'
import { preflight } from './fuse/preflight.js'
import { collectOften, collectRarely } from './heap.js'
import { createListing } from './listing/cached-listing.js'
import type { Listing } from './listing/listing.js'
import { attributionByKey } from './mdn/attribution.js'
import { BucketClock } from './s3/bucket-clock.js'
import { checkBucket } from './s3/check-bucket.js'
import { csvCredentials, defaultCredentials } from './s3/credentials.js'
import { HealthWatch, probeWhileUnwell } from './s3/health.js'
import { createSdkStore } from './s3/sdk-store.js'
import type { Store } from './s3/store.js'
import { createSender } from './send/create-sender.js'
import type { Sender, SendRow } from './send/sender.js'
import { startControlServer, type ControlServer } from './state/control-server.js'
import { PartnerSet } from './state/partners.js'
import type { QueueReport, StatusReport, UnmountReport } from './state/reports.js'
import { openStateDirectory, type StateDirectory } from './state/state-directory.js'
import { AuditLog } from './telemetry/audit-log.js'
import { systemClock } from './telemetry/clock.js'
import type { Logger } from './telemetry/log.js'
import type { EpochMs, Milliseconds, Prefix } from './units.js'
import { version } from './version.js'

/** How long a listing may take: a hundred pages at a bad time. Each caller's own wait ends with its call. */
const listingDeadline: Milliseconds = 120_000

/** Files that the log names one by one when they stay behind. */
const mostNamed = 20

export interface Daemon {
  /** Resolves when all is over: the mount is gone, the queue closed, the lock given back. */
  readonly stopped: Promise<{ readonly exitCode: number }>
  /**
   * No new files, unmount (in spite of who holds it), upload what waits for up to `drain`, end.
   * @param reason for the log
   */
  stop(reason: string, drain?: Milliseconds): Promise<void>
}

/**
 * Mounts, and returns when the mount answers.
 * @throws UsageError one sentence, with nothing left mounted or locked
 */
export async function startDaemon(config: MountConfig, { log }: { readonly log: Logger }): Promise<Daemon> {
  const undo: (() => Promise<void> | void)[] = []
  try {
    await preflight(config)
    const state = await openStateDirectory(config)
    undo.push(() => state.release())
    const daemon = new RunningDaemon(config, state, await openDiskCache(config, log), log)
    undo.push(() => daemon.abandon())
    await daemon.start()
    return daemon
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

async function openDiskCache(config: MountConfig, log: Logger): Promise<DiskCache | undefined> {
  if (config.diskCache === undefined) return undefined
  return DiskCache.open({ directory: config.diskCache, limit: config.diskCacheSize, log })
}

class RunningDaemon implements Daemon {
  readonly stopped: Promise<{ readonly exitCode: number }>
  readonly #config: MountConfig
  readonly #state: StateDirectory
  readonly #log: Logger
  readonly #health = new HealthWatch(systemClock)
  readonly #bucketClock = new BucketClock(systemClock)
  readonly #since: EpochMs = systemClock.now()
  readonly #store: Store
  readonly #listing: Listing
  readonly #objects: Objects
  #audit: AuditLog | undefined
  #sender: Sender | undefined
  #mount: MountedFuse | undefined
  #endProbe: () => void = () => undefined
  #control: ControlServer | undefined
  #isStopping = false
  #end: (outcome: { exitCode: number }) => void = () => undefined

  constructor(config: MountConfig, state: StateDirectory, disk: DiskCache | undefined, log: Logger) {
    this.#config = config
    this.#state = state
    this.#log = log
    this.stopped = new Promise((resolve) => (this.#end = resolve))
    const { bucket, endpoint, region, pathStyle, profile, credentialsCsv } = config
    const credentials = credentialsCsv === undefined ? defaultCredentials(profile) : csvCredentials(credentialsCsv)
    const where = { bucket, endpoint, region, pathStyle, credentials, patience: config.opTimeout }
    this.#store = this.#health.watch(createSdkStore({ ...where, bucketClock: this.#bucketClock }))
    this.#listing = createListing({
      store: this.#store,
      ttl: config.listTtl,
      reconcile: config.reconcile,
      staleTtl: config.staleTtl,
      deadline: listingDeadline,
      unordered: ['send/', 'duplicate/'].map((folder) => `${config.prefix}${folder}` as Prefix),
      patience: config.opTimeout / 8,
      onChange: () => this.#mount?.folderChanged(),
      clock: systemClock,
      log,
    })
    this.#objects = createObjects({
      store: this.#store,
      budget: config.cacheSize,
      disk: disk && new BlockDisk(disk, `${config.endpoint ?? 'aws'}/${config.bucket}`),
      deadline: config.opTimeout,
      onGone: (key) => this.#listing.forget(key),
      onReplaced: (key) => this.#listing.recheck(key),
      onLargeReads: (underWay) => {
        if (underWay) collectRarely()
        else collectOften()
        keepFreedMemory(underWay)
      },
    })
  }

  async start(): Promise<void> {
    const { prefix: root, stations, mountpoint } = this.#config
    await checkBucket(this.#store, this.#config, root, this.#log)
    this.#endProbe = probeWhileUnwell(this.#health, this.#store, root)
    const made = await PartnerSet.load(this.#state.path, this.#log)
    this.#audit = await openAudit(this.#config.auditLog, this.#log)
    const sender = await this.#createSender()
    this.#sender = sender
    const [listing, objects] = [this.#listing, this.#objects]
    const partners = new DirectoryOfPartners({
      ...{ listing, root, configured: stations, made, clock: systemClock },
      keep: Math.min(this.#config.reconcile, this.#config.staleTtl),
    })
    const controlFiles = new Map([
      ['status.json', new ControlFile(() => this.#status(), systemClock)],
      ['queue.json', new ControlFile(() => this.#queue(), systemClock)],
    ])
    const tree = new ReadOnlyTree({
      ...{ listing, objects, partners, attribution: attributionByKey, controlFiles, root },
      ttl: this.#config.listTtl,
    })
    const fs = new As2Filesystem({
      tree,
      send: new SendFolder({ sender, listing, objects, root }),
      partners,
      readOnly: this.#config.readOnly,
      figures: () => figures(this.#state.path),
    })
    await this.#startControl(sender, new Info({ fs, tree, sender, objects, root }))
    this.#mount = await mountFuse({
      ...{ mountpoint, fs, opTimeout: this.#config.opTimeout, log: this.#log },
      ...{ source: this.#config.bucket, allowOther: this.#config.allowOther, readOnly: this.#config.readOnly },
      owner: { uid: this.#config.uid, gid: this.#config.gid, umask: this.#config.umask, since: this.#since },
    })
    this.#watchMount(this.#mount)
    this.#log.info({ mountpoint, bucket: this.#config.bucket, state: this.#state.path }, 'mounted')
    if (this.#mount.binding === 'stock') {
      this.#log.warn('The binding was not compiled here (see scripts/build-binding): the mount slows down under load.')
    }
  }

  async stop(reason: string, drain: Milliseconds = this.#config.drain): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#log.info({ reason }, 'stopping')
    const holders = await this.#mount?.unmount()
    if (holders) {
      this.#log.warn(`${this.#config.mountpoint} is in use by ${describeHolders(holders)}: taken away all the same.`)
      await this.#mount?.detach()
    }
    await this.#sender?.mountEnded(holders === undefined)
    await this.#finish(drain, 0)
  }

  /** Undoes a start that failed. */
  async abandon(): Promise<void> {
    this.#isStopping = true
    await this.#mount?.detach()
    await this.#control?.close()
    await this.#sender?.close()
    await this.#audit?.close()
    this.#endProbe()
    this.#store.close()
  }

  #createSender(): Promise<Sender> {
    const {
      prefix: root,
      readOnly,
      settle,
      uploads,
      multipartThreshold,
      hold,
      empty,
      commit,
      onDuplicate,
    } = this.#config
    return createSender({
      ...{ root, readOnly, settle, uploads, multipartThreshold, hold, empty, commit, onDuplicate },
      directory: join(this.#state.path, 'spool'),
      store: this.#store,
      bucket: new ListedBucketView({
        ...{ listing: this.#listing, root },
        clock: systemClock,
        bucketClock: this.#bucketClock,
      }),
      clock: systemClock,
      log: this.#log,
      audit: this.#audit,
    })
  }

  async #startControl(sender: Sender, info: Info): Promise<void> {
    const handlers = {
      status: () => Promise.resolve(this.#status()),
      queue: () => Promise.resolve(this.#queue()),
      info: (path: string, signal: AbortSignal) => info.describe(path, signal),
      retry: (id: string) => sender.retry(id),
      cancel: (id: string) => sender.cancel(id),
      release: (id: string) => sender.releaseHeld(id),
      unmount: (drain: Milliseconds | undefined) => this.#unmount(drain ?? this.#config.drain),
    }
    this.#control = await startControlServer(this.#state.path, handlers, this.#log)
  }

  /** `as2fs umount`: a busy mount stays; the process ends after the answer. */
  async #unmount(drain: Milliseconds): Promise<UnmountReport> {
    if (this.#isStopping) throw new FsError('EBUSY', 'It is being unmounted already.')
    this.#isStopping = true
    const holders = await this.#mount?.unmount()
    if (holders) {
      this.#isStopping = false
      throw new FsError('EBUSY', `${this.#config.mountpoint} is in use by ${describeHolders(holders)}.`)
    }
    await this.#sender?.mountEnded(true)
    await this.#drain(drain)
    const remaining = this.#queue().rows.filter((row) => row.state !== 'submitted')
    setImmediate(() => void this.#finish(undefined, 0))
    return { remaining }
  }

  /** Somebody else may take the mount away: then the queue is drained, and this is over. */
  #watchMount(mount: MountedFuse): void {
    void mount.gone.then(async () => {
      if (this.#isStopping) return
      this.#isStopping = true
      this.#log.info({ reason: 'unmounted from outside' }, 'stopping')
      await this.#sender?.mountEnded(false)
      await this.#finish(this.#config.drain, 0)
    })
  }

  /** @param drain undefined: that is done */
  async #finish(drain: Milliseconds | undefined, exitCode: number): Promise<void> {
    if (drain !== undefined) await this.#drain(drain)
    await this.#control?.close()
    await this.#sender?.close()
    await this.#audit?.close()
    this.#endProbe()
    this.#store.close()
    await this.#state.release()
    this.#log.info('stopped')
    this.#end({ exitCode })
  }

  async #drain(limit: Milliseconds): Promise<void> {
    const left = await this.#sender?.drain(limit)
    if (!left) return
    const waiting = this.#queue().rows.filter(isOnItsWay)
    if (waiting.length > 0) {
      const files = waiting.map((it) => `${it.station}/${it.partner}/${it.path}`)
      const named = files.length > mostNamed ? [...files.slice(0, mostNamed), '…'] : files
      const count = files.length === 1 ? '1 file stays' : `${files.length} files stay`
      this.#log.warn({ waiting: files.length }, `${count} in the queue until the next mount: ${named.join(', ')}`)
    }
    const { held, failed } = left
    if (held + failed > 0) this.#log.info({ held, failed }, 'Held and failed files stay where they are.')
  }

  #status(): StatusReport {
    const { bucket, endpoint, prefix, mountpoint } = this.#config
    const problems = this.#problems()
    return {
      ...{ version, pid: process.pid, bucket, endpoint, prefix, mountpoint, stateDirectory: this.#state.path },
      since: this.#since,
      state: this.#isStopping ? 'stopping' : problems.length > 0 ? 'degraded' : 'ok',
      problems,
      binding: this.#mount?.binding ?? 'stock',
      calls: this.#mount?.counts(),
      listings: this.#listing.status(),
      send: this.#sender?.counts() ?? { open: 0, held: 0, queued: 0, uploading: 0, submitted: 0, failed: 0 },
      cache: this.#objects.usage(),
    }
  }

  #problems(): string[] {
    const { problem } = this.#health.health
    const failed = this.#sender?.counts().failed ?? 0
    return [
      ...new Set([
        ...(problem === undefined ? [] : [problem]),
        ...this.#health.refusedListings,
        ...(this.#audit?.problem === undefined ? [] : [this.#audit.problem]),
        ...(this.#sender?.problems() ?? []),
        ...(failed > 0 ? [`${failed === 1 ? '1 file' : `${failed} files`} could not be sent: see as2fs queue.`] : []),
        ...(this.#mount?.binding === 'stock'
          ? ['The binding was not compiled here: the mount slows down under load.']
          : []),
      ]),
    ]
  }

  #queue(): QueueReport {
    return { generatedAt: systemClock.now(), rows: this.#sender?.allRows() ?? [] }
  }
}

/** @throws UsageError one sentence: whoever wants an audit trail wants to know at once that there is none */
async function openAudit(path: string | undefined, log: Logger): Promise<AuditLog | undefined> {
  if (path === undefined) return undefined
  try {
    return await AuditLog.open(path, log)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new UsageError(`The audit trail ${path} can't be written (${code}): give another with --audit-log.`)
  }
}

/** Sent without anybody's doing. */
function isOnItsWay({ state, reason }: SendRow): boolean {
  return state === 'queued' || state === 'uploading' || reason === 'packing'
}

/** `df`: room is what the state directory has; what the bucket holds has no bound. */
async function figures(directory: string): Promise<FilesystemFigures> {
  const { bsize, blocks, bavail } = await statfs(directory)
  // The binding's fields have 32 bits.
  const scale = Math.max(1, Math.ceil(blocks / 0xffffffff))
  return {
    blockSize: bsize * scale,
    totalBlocks: Math.floor(blocks / scale),
    freeBlocks: Math.floor(bavail / scale),
    files: 0,
  }
}
