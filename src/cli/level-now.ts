/** The log level, read once more while the daemon runs: only the configuration file can have changed by then. */
import type { LogLevel } from '../telemetry/log.js'
import { mountOptions, type OptionName } from './options.js'
import { fromEnvironment, valueOf, type Source } from './settings.js'

/** @throws UsageError one sentence, where the file can't be read or has no such level */
export type LevelNow = () => Promise<{
  readonly level: LogLevel
  /** Who says so: `--log-level`, `AS2FS_LOG_LEVEL`, `log-level in /etc/as2fs/acme.yaml`, `the default`. */
  readonly by: string
}>

/** @param flags as they were given; `cwd` is where relative paths began */
export function levelNow(
  flags: ReadonlyMap<OptionName, readonly string[]>,
  env: Readonly<NodeJS.ProcessEnv>,
  cwd: string,
): LevelNow {
  const fixed: readonly Source[] = [
    { texts: flags, label: (name) => `--${name}`, base: cwd },
    fromEnvironment(env, cwd),
  ]
  return async () => {
    const file = fixed.map((it) => valueOf('config', it)).find((it) => it !== undefined)
    const files = file === undefined ? [] : [(await import('./settings-file.js')).fromFile(file).source]
    const source = [...fixed, ...files].find((it) => it.texts.has('log-level'))
    const level = source && valueOf('log-level', source)
    if (source === undefined || level === undefined) {
      return { level: mountOptions['log-level'].fallback, by: 'the default' }
    }
    return { level, by: source.label('log-level') }
  }
}
