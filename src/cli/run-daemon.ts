/** Runs a daemon in this process to its end: signals stop it or have its logs opened anew, and nothing thrown takes the mount down unseen. */
import { writeFileSync } from 'node:fs'
import type { MountConfig } from '../config.js'
import type { Daemon } from '../daemon/start.js'
import { collectOften } from '../garbage.js'
import { explainMissing } from '../fuse/missing-library.js'
import { unmount } from '../fuse/unmount.js'
import { endAtOnce, wouldHang } from './end-process.js'
import type { LevelNow } from './level-now.js'
import type { Logger, OpenLog } from '../telemetry/log.js'
import { hearOthers } from '../telemetry/others-words.js'
import { interrupted, type Wishes } from './wishes.js'

export interface DaemonRun extends OpenLog {
  readonly config: MountConfig
  /** Absent where nobody could have changed it. */
  readonly levelNow?: LevelNow
  /** Released when it has ended. */
  readonly wishes: Wishes
}

/**
 * @param ready is called when it is mounted
 * @returns the exit code
 * @throws UsageError one sentence if it can't start
 */
export async function runDaemon(
  { config, levelNow, wishes, log, ...file }: DaemonRun,
  ready: (daemon: Daemon) => void,
): Promise<number> {
  nameProcess()
  const handlers = [hearOthers(log), holdOn(wishes, log), () => wishes.release()]
  const release = (): void => handlers.forEach((takeAway) => takeAway())
  const interrupt = async (): Promise<void> => {
    if (!(await wouldHang())) process.exit(interrupted)
    release()
    await endAtOnce()
  }
  wishes.onEndNow(() => {
    log.warn('Asked again: ending at once. What was not uploaded stays in the spool.')
    void unmount(config.mountpoint, { lazy: true }).finally(() => void interrupt())
  })
  wishes.onReopen(() => file.reopen())
  try {
    // Here and not at the top: the other commands need neither the binding nor the SDK.
    const { startDaemon } = await import('../daemon/start.js').catch(explainMissing)
    const daemon = await startDaemon(config, { log, ending: wishes.ending })
    if (daemon) {
      wishes.onReopen(() => {
        file.reopen()
        daemon.reopenLogs()
        void setLevel({ log, ...file }, levelNow).finally(() => log.info('The logs were opened anew.'))
      })
      // Not before: what is loaded and read for a start would be looked through again and again.
      collectOften()
      if (!wishes.ending.aborted) ready(daemon)
      wishes.onEnd((reason) => void daemon.stop(reason).catch((err: unknown) => log.error({ err }, 'stopping failed')))
    }
    const { exitCode, isStuck } = daemon ? await daemon.stopped : { exitCode: 0, isStuck: false }
    // All that could be given back is.
    if (isStuck || (await wouldHang())) {
      release()
      await endAtOnce()
    }
    return exitCode
  } finally {
    release()
  }
}

/** What ps, top and pgrep show; Node's own is MainThread. Its arguments stay as they are. */
function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', 'as2fs')
  } catch {
    // Some /proc may not be written.
  }
}

/** The level may have changed with the configuration file. Never throws. */
async function setLevel({ log, ...file }: OpenLog, levelNow: LevelNow | undefined): Promise<void> {
  if (levelNow === undefined) return
  try {
    const { level, by } = await levelNow()
    file.setLevel(level)
    log.info(`The log level is ${level} (${by}).`)
  } catch (error) {
    log.warn(`The log level stays as it is: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Nothing that is thrown ends the process unseen. @returns takes that away again */
function holdOn(wishes: Wishes, log: Logger): () => void {
  let isBroken = false
  // A process that ended here would leave a dead mount, and everything that looks at it would fail.
  const onRejection = (err: unknown): void => log.error({ err }, 'A promise was rejected and nobody saw it.')
  const onException = (err: unknown): void => {
    log.error({ err }, 'An exception was thrown and nobody caught it: stopping in order.')
    if (!isBroken) wishes.end('internal error')
    isBroken = true
  }
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  return () => {
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onException)
  }
}
