/** Runs a daemon in this process to its end: signals stop it or have its logs opened anew, and nothing thrown takes the mount down unseen. */
import { writeFileSync } from 'node:fs'
import type { MountConfig } from '../config.js'
import type { Daemon } from '../daemon/start.js'
import { collectOften } from '../garbage.js'
import { explainMissing } from '../fuse/missing-library.js'
import { unmount } from '../fuse/mountinfo.js'
import { endAtOnce, wouldHang } from './end-process.js'
import type { LevelNow } from './level-now.js'
import type { Logger, OpenLog } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const
/** As a shell has it for SIGINT. */
const interrupted = 130
/** npx and others hand a signal on that the terminal has sent to us already. */
const sameWish: Milliseconds = 2_000

export interface DaemonRun extends OpenLog {
  readonly config: MountConfig
  /** Absent where nobody could have changed it. */
  readonly levelNow?: LevelNow
}

/**
 * @param ready is called when it is mounted
 * @returns the exit code
 * @throws UsageError one sentence if it can't start
 */
export async function runDaemon(
  { config, levelNow, log, ...file }: DaemonRun,
  ready: (daemon: Daemon) => void,
): Promise<number> {
  collectOften()
  nameProcess()
  // Here and not at the top: the other commands need neither the binding nor the SDK.
  const { startDaemon } = await import('../daemon/start.js').catch(explainMissing)
  let stop: ((reason: string) => void) | undefined
  let asked: { readonly reason: string; readonly at: number } | undefined
  const ask = (reason: string): void => {
    if (asked === undefined) {
      asked = { reason, at: performance.now() }
      stop?.(reason)
    } else if (performance.now() - asked.at > sameWish) {
      log.warn('Asked again: ending at once. What was not uploaded stays in the spool.')
      void unmount(config.mountpoint, { lazy: true }).finally(() => void interrupt())
    }
  }
  let reopenAll = (): void => file.reopen()
  const release = installHandlers(ask, () => reopenAll(), log)
  const interrupt = async (): Promise<void> => {
    if (!(await wouldHang())) process.exit(interrupted)
    release()
    await endAtOnce()
  }
  try {
    const daemon = await startDaemon(config, { log })
    reopenAll = () => {
      file.reopen()
      daemon.reopenLogs()
      void setLevel({ log, ...file }, levelNow).finally(() => log.info('The logs were opened anew.'))
    }
    stop = (reason) => void daemon.stop(reason).catch((err: unknown) => log.error({ err }, 'stopping failed'))
    if (asked === undefined) ready(daemon)
    else stop(asked.reason)
    const { exitCode, isStuck } = await daemon.stopped
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

/** @returns takes them away again */
function installHandlers(ask: (reason: string) => void, reopen: () => void, log: Logger): () => void {
  let isBroken = false
  const onSignal = (signal: NodeJS.Signals): void => ask(signal)
  // A process that ended here would leave a dead mount, and everything that looks at it would fail.
  const onRejection = (err: unknown): void => log.error({ err }, 'A promise was rejected and nobody saw it.')
  const onException = (err: unknown): void => {
    log.error({ err }, 'An exception was thrown and nobody caught it: stopping in order.')
    if (!isBroken) ask('internal error')
    isBroken = true
  }
  for (const signal of stopSignals) process.on(signal, onSignal)
  process.on('SIGHUP', reopen)
  process.on('unhandledRejection', onRejection)
  process.on('uncaughtException', onException)
  return () => {
    for (const signal of stopSignals) process.off(signal, onSignal)
    process.off('SIGHUP', reopen)
    process.off('unhandledRejection', onRejection)
    process.off('uncaughtException', onException)
  }
}
