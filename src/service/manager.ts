/** The service manager that started this process, if one did that wants to hear from it. @see sd_notify(3), sd_watchdog_enabled(3) */
import type { Milliseconds } from '../units.js'

export interface Manager {
  /** Where it is told: a path, or an abstract name that begins with @. */
  readonly address: string
  /** It takes the process for hung that says nothing for so long; undefined: it does not watch. */
  readonly watchdog: Milliseconds | undefined
}

/** Takes its variables out of the environment, so that no child takes them for its own. */
export function takeManager(env: NodeJS.ProcessEnv, pid = process.pid): Manager | undefined {
  const { NOTIFY_SOCKET: address, WATCHDOG_USEC: period, WATCHDOG_PID: watched } = env
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) Reflect.deleteProperty(env, name)
  if (address === undefined || address === '') return undefined
  const isOurs = watched === undefined || watched === String(pid)
  const microseconds = isOurs ? Number(period) : NaN
  return { address, watchdog: microseconds > 0 ? microseconds / 1_000 : undefined }
}
