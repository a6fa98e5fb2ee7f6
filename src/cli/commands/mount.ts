/** `as2fs mount`. */
import { join } from 'node:path'
import { preflight } from '../../fuse/preflight.js'
import { exposureOf } from '../../exposure.js'
import { makeStateDirectory } from '../../state/state-directory.js'
import { isGiven, type Typed } from '../command.js'
import { childMarker, startInBackground } from '../daemonise.js'
import { printable } from '../format.js'
import type { Io } from '../io.js'
import { levelNow } from '../level-now.js'
import { mountConfig } from '../mount-config.js'
import { flagsOf } from '../mount-words.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  const [bucket, mountpoint] = typed.positionals
  const flags = flagsOf(typed)
  const config = await mountConfig({ bucket, mountpoint, flags }, io.env, io.cwd)
  const isChild = io.env[childMarker] !== undefined && process.connected
  if (isChild || isGiven(typed, 'foreground')) {
    // Here and not at the top: who starts another process for it needs nothing of a daemon.
    const { runForParent, runInForeground } = await import('../run-mount.js')
    const level = levelNow(flags, io.env, io.cwd)
    return isChild ? runForParent(config, level) : runInForeground(config, level, io)
  }
  const exposure = await exposureOf('credentials', config.credentialsCsv)
  if (exposure !== undefined) io.err(`as2fs: ${printable(exposure)}\n`)
  // The daemon looks too; what it needs for the rest takes half a second to load.
  await preflight(config)
  const directory = await makeStateDirectory(config)
  return startInBackground(
    {
      args: argumentsOf(typed),
      mountpoint: config.mountpoint,
      logFile: config.logFile ?? join(directory, 'as2fs.log'),
    },
    io,
  )
}

/** The same command line for the child; the order of options does not matter. */
function argumentsOf(typed: Typed): string[] {
  const options = [...typed.options].flatMap(([name, texts]) =>
    texts.flatMap((text) => (name === 'o' ? ['-o', text] : [`--${name}=${text}`])),
  )
  return ['mount', ...options, '--', ...typed.positionals]
}
