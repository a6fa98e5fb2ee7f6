/** From what the user typed to the daemon behind it, or a sentence why there is none. */
import { UsageError } from '../errors.js'
import { ControlClient } from '../control/client.js'
import { NoAnswerError } from '../control/socket.js'
import { liveLock } from '../state/lock.js'
import { findMount, type FoundMount } from './find-mount.js'
import { realMountpoint } from './mount-config.js'
import type { Io } from './io.js'

/** @throws UsageError if nothing of ours is there */
export async function mountNamed(text: string, io: Io): Promise<FoundMount> {
  const mountpoint = await realMountpoint(text, io.cwd)
  const found = await findMount(mountpoint)
  if (!found) throw new UsageError(`${mountpoint} is not a mount of as2fs: see as2fs status.`)
  return found
}

/** @throws UsageError for a mount that is dead or can't be asked */
export function clientOf({ mountpoint, daemon }: FoundMount): ControlClient {
  if (daemon === 'dead') {
    throw new UsageError(
      `The daemon of ${mountpoint} has died: as2fs umount ${mountpoint} clears it, then mount again.`,
    )
  }
  if (daemon === 'silent') {
    throw new UsageError(
      `${mountpoint} does not answer, or belongs to another user: try again as the one who mounted it.`,
    )
  }
  return new ControlClient(daemon.stateDirectory)
}

/** Asks the daemon. @throws UsageError its sentence, or one that says that it did not answer */
export async function ask<T>(mount: FoundMount, question: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = clientOf(mount)
  try {
    return await question(client)
  } catch (error) {
    if (!(error instanceof NoAnswerError) || typeof mount.daemon === 'string') throw error
    const { pid } = mount.daemon
    const isLost = mount.isMounted && (await hasLostState(mount.daemon))
    // It may have ended since it was found, or just now.
    const now = await findMount(mount.mountpoint)
    if (mount.isMounted && !now?.isMounted) throw new UsageError(`${mount.mountpoint} is not mounted any more.`)
    if (now?.daemon === 'dead') clientOf(now)
    if (isLost) {
      throw new UsageError(
        `The daemon of ${mount.mountpoint} (process ${pid}) has lost its state directory: as2fs umount ${mount.mountpoint}, then mount again.`,
      )
    }
    throw new UsageError(
      `The daemon of ${mount.mountpoint} (process ${pid}) does not answer: is it another user's, or stuck?`,
    )
  }
}

/** Whether its state directory is gone, or another daemon's: its own socket is there no more. */
export async function hasLostState(daemon: {
  readonly pid: number
  readonly stateDirectory: string
}): Promise<boolean> {
  try {
    return (await liveLock(daemon.stateDirectory))?.pid !== daemon.pid
  } catch {
    // Another user's.
    return false
  }
}
