/** `as2fs mount`. */
import { join } from 'node:path'
import type { MountConfig } from '../../config.js'
import { SetupError, UsageError } from '../../errors.js'
import { preflight } from '../../fuse/preflight.js'
import { exposureOf } from '../../exposure.js'
import { makeStateDirectory } from '../../state/state-directory.js'
import { isGiven, type Typed } from '../command.js'
import { childMarker, startInBackground } from '../daemonise.js'
import { printable } from '../format.js'
import type { Io } from '../io.js'
import { levelNow, type LevelNow } from '../level-now.js'
import { mountConfig } from '../mount-config.js'
import { flagsOf } from '../mount-words.js'
import { predecessorEnded } from '../predecessor.js'
import { Wishes } from '../wishes.js'

/** EX_CONFIG of sysexits.h: whoever starts services anew knows that it would be of no use. */
const wrongSetup = 78

export async function run(typed: Typed, io: Io): Promise<number> {
  // What is made here is its owner's alone, and not out of his own reach.
  process.umask(0o077)
  if (isGiven(typed, 'foreground')) return inForeground(typed, io)
  if (io.env[childMarker] !== undefined && process.connected) return inBackground(typed, io)
  const config = await configured(typed, io)
  const exposure = await exposureOf('credentials', config.credentialsCsv)
  if (exposure !== undefined) io.err(`as2fs: ${printable(exposure)}\n`)
  await predecessorEnded(config, io)
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

/** What was started for that, by this program. */
async function inBackground(typed: Typed, io: Io): Promise<number> {
  const wishes = new Wishes()
  const config = await configured(typed, io)
  // Here and not at the top: who starts another process for it needs nothing of a daemon.
  return (await import('../run-mount.js')).runForParent(config, { levelNow: levelOf(typed, io), wishes })
}

async function inForeground(typed: Typed, io: Io): Promise<number> {
  const wishes = new Wishes()
  try {
    const config = await configured(typed, io).catch((error: unknown) => {
      throw error instanceof UsageError ? new SetupError(error.message) : error
    })
    await predecessorEnded(config, io, wishes.ending)
    const { runInForeground } = await import('../run-mount.js')
    return await runInForeground(config, { levelNow: levelOf(typed, io), wishes }, io)
  } catch (error) {
    throw error instanceof SetupError ? new UsageError(error.message, wrongSetup) : error
  }
}

function configured(typed: Typed, io: Io): Promise<MountConfig> {
  const [bucket, mountpoint] = typed.positionals
  return mountConfig({ bucket, mountpoint, flags: flagsOf(typed) }, io.env, io.cwd)
}

function levelOf(typed: Typed, io: Io): LevelNow {
  return levelNow(flagsOf(typed), io.env, io.cwd)
}

/** The same command line for the child; the order of options does not matter. */
function argumentsOf(typed: Typed): string[] {
  const options = [...typed.options].flatMap(([name, texts]) =>
    texts.flatMap((text) => (name === 'o' ? ['-o', text] : [`--${name}=${text}`])),
  )
  return ['mount', ...options, '--', ...typed.positionals]
}
