/** How a daemon ends: told to stop, unmounted by a command, or its mount taken away by somebody else. Once, whichever comes first. */
import type { MountConfig } from '../config.js'
import type { UnmountReport } from '../control/reports.js'
import { FsError } from '../errors.js'
import { describeMountUsers } from '../fuse/mount-users.js'
import type { MountedFuse } from '../fuse/mount.js'
import type { Sender } from '../send/sender.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import type { Owning } from './owning.js'
import { logRemains, queueReport } from './status.js'

/** For what comes after a drain has ended by its own limit. */
const drainMargin: Milliseconds = 10_000

/** A busy machine starts fusermount late. */
const unmountPatience: Milliseconds = 30_000

/** How it ended. */
export interface Outcome {
  readonly exitCode: number
  /** Something hangs, so that only the process's own end, without farewell, ends it. */
  readonly isStuck: boolean
}

export interface EndingOptions {
  readonly config: Pick<MountConfig, 'mountpoint' | 'drain'>
  readonly sender: Sender
  /** All that is to be given back at the end. */
  readonly owning: Owning
  readonly log: Logger
}

export class Ending {
  /** Resolves when it begins, and nothing can stop it any more, with how long it goes on uploading at most. */
  readonly begun: Promise<Milliseconds>
  /** Resolves when all is over. */
  readonly ended: Promise<Outcome>
  readonly #options: EndingOptions
  #mount: MountedFuse | undefined
  #isStopping = false
  #begin: (drain: Milliseconds) => void = () => undefined
  #end: (outcome: Outcome) => void = () => undefined

  constructor(options: EndingOptions) {
    this.#options = options
    this.begun = new Promise((resolve) => (this.#begin = resolve))
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** It is mounted: from now on that has to be taken away, and somebody else may do so. */
  mounted(mount: MountedFuse): void {
    const { config, owning, sender, log } = this.#options
    let isGone = false
    this.#mount = mount
    // Once it is gone, what stands there is somebody else's.
    owning.add('taking the mount away', () => (isGone ? undefined : mount.detach()))
    // At once: after a second without its release a file counts as open.
    void mount.over.then(() => owning.attempt('the last closes', () => sender.callsEnded()))
    void mount.gone.then(async () => {
      isGone = true
      if (this.#isStopping) return
      this.#isStopping = true
      this.#begin(config.drain)
      log.info({ reason: 'unmounted from outside' }, 'stopping')
      await this.#lastCloses(false)
      await this.#finish(config.drain)
    })
  }

  /** Whoever holds the mount. Never throws. */
  async stop(reason: string, drain: Milliseconds): Promise<void> {
    if (this.#isStopping) return
    this.#isStopping = true
    this.#begin(drain)
    const { owning, log } = this.#options
    log.info({ reason }, 'stopping')
    await owning.attempt('unmounting', () => this.#takeAway(), unmountPatience)
    await this.#finish(drain)
  }

  /**
   * `as2fs umount`: the process ends after the answer.
   * @throws FsError EBUSY for a busy mount, which stays
   */
  async unmount(drain: Milliseconds): Promise<UnmountReport> {
    if (this.#isStopping) throw new FsError('EBUSY', 'It is being unmounted already.')
    const { config, sender } = this.#options
    this.#isStopping = true
    try {
      const users = await this.#mount?.unmount()
      if (users)
        throw new FsError(
          'EBUSY',
          `${config.mountpoint} is in use by ${describeMountUsers(users)}: end that, or leave the folder.`,
        )
    } catch (error) {
      this.#isStopping = false
      throw error
    }
    this.#begin(drain)
    await this.#lastCloses(true)
    await this.#drain(drain)
    const remaining = queueReport(sender).rows.filter((row) => row.state !== 'submitted')
    setImmediate(() => void this.#giveBack())
    return { remaining }
  }

  async #takeAway(): Promise<void> {
    const { config, sender, log } = this.#options
    const users = await this.#mount?.unmount()
    if (users) {
      log.warn(`${config.mountpoint} is in use by ${describeMountUsers(users)}: taken away all the same.`)
      await this.#mount?.detach()
    }
    await sender.mountEnded(users === undefined)
  }

  /** @param isProof see `Sender.mountEnded` */
  #lastCloses(isProof: boolean): Promise<void> {
    const { owning, sender } = this.#options
    return owning.attempt('the last closes', () => sender.mountEnded(isProof))
  }

  #drain(limit: Milliseconds): Promise<void> {
    const { owning, sender, log } = this.#options
    const drained = async (): Promise<void> => {
      const left = await sender.drain(limit)
      logRemains(queueReport(sender).rows, left, log)
    }
    return owning.attempt('uploading what waits', drained, limit + drainMargin)
  }

  async #finish(drain: Milliseconds): Promise<void> {
    await this.#drain(drain)
    await this.#giveBack()
  }

  async #giveBack(): Promise<void> {
    const { owning, log } = this.#options
    await owning.giveBackAll()
    log.info('stopped')
    this.#end({ exitCode: 0, isStuck: owning.isStuck })
  }
}
