/** `as2fs mount` where this process becomes the daemon: its log, and who is told that it runs. */
import { join } from 'node:path'
import type { MountConfig } from '../config.js'
import { reasonOf, UsageError } from '../errors.js'
import { makeStateDirectory } from '../state/state-directory.js'
import { openLog, type OpenLog } from '../telemetry/log.js'
import { tellParent } from './daemonise.js'
import type { Io } from './io.js'
import { runDaemon } from './run-daemon.js'

export async function runInForeground(config: MountConfig, io: Io): Promise<number> {
  const log = logFor(config, config.logFile, io.isTerminal)
  return runDaemon(config, log, () => undefined)
}

/** The child of `startInBackground`: its parent waits for one word. */
export async function runForParent(config: MountConfig): Promise<number> {
  process.chdir('/')
  process.umask(0o077)
  try {
    const file = config.logFile ?? join(await makeStateDirectory(config), 'as2fs.log')
    return await runDaemon(
      config,
      logFor(config, file, false),
      (missing) => void tellParent({ kind: 'ready', missing }),
    )
  } catch (error) {
    if (!(error instanceof UsageError) || !process.connected) throw error
    await tellParent({ kind: 'failed', sentence: error.message })
    return 1
  }
}

function logFor({ logLevel: level }: MountConfig, file: string | undefined, pretty: boolean): OpenLog {
  try {
    return openLog({ level, file, pretty })
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`The log can't be written: ${error.message}`)
    const code = reasonOf(error)
    throw new UsageError(`The log file ${file ?? ''} can't be written (${code}): give another with --log-file.`)
  }
}
