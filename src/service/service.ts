/** A mount as a service of systemd's: it says when it is ready, how it is, that it answers, and that it ends. */
import { BackgroundJob } from '../background-job.js'
import type { HealthReport } from '../control/reports.js'
import type { Look } from '../fuse/look-by-process.js'
import { inTime } from '../patience.js'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import type { NotifySocket } from './notify-socket.js'

/** The daemon, as far as it is told of. */
export interface Served {
  health(): HealthReport
  /** Files that are sent by themselves, and are not yet. */
  waiting(): number
  /** Resolves when its end begins, with how long it goes on uploading at most. */
  readonly ending: Promise<Milliseconds>
}

export interface ServiceOptions {
  readonly socket: Pick<NotifySocket, 'tell' | 'idle'>
  readonly mountpoint: string
  /** In one line, for people. */
  readonly describe: (health: HealthReport, waiting: number) => string
  /** How long it may say nothing; undefined: for ever. */
  readonly watchdog: Milliseconds | undefined
  /** A real call on the mount, by another process: this one would wait for itself. */
  readonly look: (within: Milliseconds) => Promise<Look>
  readonly log: Logger
}

const lookEvery: Milliseconds = 10_000
const lookWithin: Milliseconds = 15_000
const lookAgainAfter: Milliseconds = 500
/** For what comes before and after a drain: a mount that is busy, a disk that hangs. */
const besideDrain: Milliseconds = 45_000
const lastWordsWithin: Milliseconds = 1_000

export class Service {
  readonly #options: ServiceOptions
  readonly #job = new BackgroundJob(() => this.#round())
  #served: Served | undefined
  #isReady = false
  #isAnswering = true
  #isEnding = false
  #shown = ''

  constructor(options: ServiceOptions) {
    this.#options = options
  }

  /** The mount is there: it is ready as soon as it answers. */
  mounted(served: Served): void {
    this.#served = served
    void served.ending.then((drain) => this.ending(drain))
    this.#job.now()
  }

  /** It is to end, mounted or not: told once. @param drain how long it goes on uploading at most */
  ending(drain: Milliseconds): void {
    if (this.#isEnding) return
    this.#isEnding = true
    const waiting = this.#served?.waiting() ?? 0
    const files = waiting === 1 ? '1 file waits' : `${waiting} files wait`
    const uploads = waiting > 0 ? `: ${files}, and are uploaded for up to ${Math.ceil(drain / 1_000)} s` : ''
    void this.#job.stop()
    this.#options.socket.tell(
      'STOPPING=1',
      `STATUS=${this.#served ? `Unmounting${uploads}` : 'Stopping: it was not mounted yet'}.`,
      `EXTEND_TIMEOUT_USEC=${Math.round((drain + besideDrain) * 1_000)}`,
    )
  }

  /** The process ends. */
  async close(): Promise<void> {
    await this.#job.stop()
    await inTime(this.#options.socket.idle(), lastWordsWithin)
  }

  async #round(): Promise<void> {
    const { socket, watchdog } = this.#options
    const every = Math.min(lookEvery, (watchdog ?? Infinity) / 4)
    const answers = await this.#answers(Math.min(lookWithin, (watchdog ?? Infinity) / 4))
    if (this.#job.isStopped) return
    if (answers) {
      const status = this.#status()
      const lines = [
        ...(this.#isReady ? [] : ['READY=1']),
        ...(watchdog === undefined ? [] : ['WATCHDOG=1']),
        ...status,
      ]
      if (lines.length > 0) socket.tell(...lines)
      this.#isReady = true
    }
    this.#job.in(answers ? every : lookAgainAfter)
  }

  /** @returns nothing where that was told already */
  #status(): string[] {
    if (!this.#served) return []
    const line = this.#options.describe(this.#served.health(), this.#served.waiting())
    if (line === this.#shown) return []
    this.#shown = line
    return [`STATUS=${line}`]
  }

  async #answers(within: Milliseconds): Promise<boolean> {
    const { look, log, mountpoint } = this.#options
    const { code, wasStarted } = await look(within).catch(() => ({ code: undefined, wasStarted: false }))
    // A machine that can start nothing says nothing of the mount.
    const isAnswering = code === 0 || !wasStarted
    if (isAnswering !== this.#isAnswering) {
      if (isAnswering) log.warn({ mountpoint }, 'The mount answers again.')
      else log.error({ mountpoint, code }, 'The mount does not answer: systemd is told so by silence.')
    }
    this.#isAnswering = isAnswering
    return isAnswering
  }
}
