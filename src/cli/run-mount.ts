/** `as2fs mount` where this process becomes the daemon: its log, and who is told that it runs. */
import { join } from 'node:path'
import type { MountConfig } from '../config.js'
import { reasonOf, UsageError } from '../errors.js'
import { makeStateDirectory } from '../state/state-directory.js'
import { openLog, type LogStyle, type OpenLog } from '../telemetry/log.js'
import { tellParent } from './daemonise.js'
import type { Io } from './io.js'
import type { LevelNow } from './level-now.js'
import { runDaemon } from './run-daemon.js'

export async function runInForeground(config: MountConfig, levelNow: LevelNow, io: Io): Promise<number> {
  const log = await logFor(config, config.logFile, io.isJournal ? 'journal' : io.isTerminal ? 'pretty' : 'json')
  return runDaemon({ config, levelNow, ...log }, () => undefined)
}

/** The child of `startInBackground`: its parent waits for one word. */
export async function runForParent(config: MountConfig, levelNow: LevelNow): Promise<number> {
  process.chdir('/')
  process.umask(0o077)
  try {
    const file = config.logFile ?? join(await makeStateDirectory(config), 'as2fs.log')
    const log = await logFor(config, file, 'json')
    return await runDaemon({ config, levelNow, ...log }, (missing) => void tellParent({ kind: 'ready', missing }))
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
