/** `as2fs mount` where this process becomes the daemon: its log, and who is told that it runs. */
import { join } from 'node:path'
import type { MountConfig } from '../config.js'
import type { HealthReport } from '../control/reports.js'
import { reasonOf, UsageError } from '../errors.js'
import { lookByProcess } from '../fuse/look-by-process.js'
import { takeManager } from '../service/manager.js'
import { NotifySocket, type Send } from '../service/notify-socket.js'
import { Service } from '../service/service.js'
import { makeStateDirectory } from '../state/state-directory.js'
import { openLog, type Logger, type LogStyle, type OpenLog } from '../telemetry/log.js'
import { tellParent } from './daemonise.js'
import type { Io } from './io.js'
import type { LevelNow } from './level-now.js'
import { runDaemon } from './run-daemon.js'
import { serviceStatus } from './service-status.js'
import type { Milliseconds } from '../units.js'
import type { Wishes } from './wishes.js'

/** By signals. */
interface Asked {
  readonly levelNow: LevelNow
  readonly wishes: Wishes
}

export async function runInForeground(config: MountConfig, { levelNow, wishes }: Asked, io: Io): Promise<number> {
  const log = await logFor(config, config.logFile, io.isJournal ? 'journal' : io.isTerminal ? 'pretty' : 'json')
  const service = await serviceFor(config, log.log)
  wishes.onEnd(() => service?.ending(config.drain))
  try {
    return await runDaemon({ config, levelNow, wishes, ...log }, (daemon) => service?.mounted(daemon))
  } finally {
    await service?.close()
  }
}

/** @returns undefined if nobody wants to be told */
async function serviceFor({ mountpoint }: MountConfig, log: Logger): Promise<Service | undefined> {
  const manager = takeManager(process.env)
  if (!manager) return undefined
  const { kernel } = await import('../fuse/kernel.js')
  const send: Send | undefined = kernel && ((address, message) => kernel.notify(address, message))
  const { watchdog } = manager
  const socket = new NotifySocket({ address: manager.address, send, log })
  const look = (within: Milliseconds) => lookByProcess('stat', ['--', mountpoint], within)
  const describe = (health: HealthReport, waiting: number) => serviceStatus(mountpoint, health, waiting)
  return new Service({ socket, mountpoint, watchdog, look, describe, log })
}

/** The child of `startInBackground`: its parent waits for one word. */
export async function runForParent(config: MountConfig, { levelNow, wishes }: Asked): Promise<number> {
  process.chdir('/')
  process.umask(0o077)
  try {
    const file = config.logFile ?? join(await makeStateDirectory(config), 'as2fs.log')
    const log = await logFor(config, file, 'json')
    const tell = ({ missing }: { readonly missing: string | undefined }) => void tellParent({ kind: 'ready', missing })
    return await runDaemon({ config, levelNow, wishes, ...log }, tell)
  } catch (error) {
    if (!(error instanceof UsageError) || !process.connected) throw error
    await tellParent({ kind: 'failed', sentence: error.message })
    return 1
  }
}

async function logFor({ logLevel: level }: MountConfig, file: string | undefined, style: LogStyle): Promise<OpenLog> {
  try {
    return await openLog({ level, file, style })
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`The log can't be written: ${error.message}`)
    const code = reasonOf(error)
    throw new UsageError(`The log file ${file ?? ''} can't be written (${code}): give another with --log-file.`)
  }
}
