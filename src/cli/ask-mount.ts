/** How a mount is: its daemon is asked, else the mount itself. */
import { ControlClient } from '../control/client.js'
import { readControlFile, type FoundMount } from './find-mount.js'
import { isStatus, type ToldStatus } from './status-text.js'

/** A mount that can't say how it is. */
interface Unwell {
  readonly mountpoint: string
  readonly state: 'dead' | 'silent'
  readonly problems: readonly string[]
}

export type AskedMount = ToldStatus | Unwell

/** Never throws. */
export async function askMount(mount: FoundMount): Promise<AskedMount> {
  const { mountpoint, daemon } = mount
  if (daemon === 'dead') {
    return { mountpoint, state: 'dead', problems: [`Its daemon has died: as2fs umount ${mountpoint} clears it.`] }
  }
  const asked =
    daemon === 'silent' ? undefined : await new ControlClient(daemon.stateDirectory).status().catch(() => undefined)
  const isSilent = daemon === 'silent' || !mount.isMounted
  const report = asked ?? (isSilent ? undefined : await readControlFile(mountpoint, 'status.json'))
  // Its own word is where it was mounted; it may have been moved since.
  if (isStatus(report)) return { ...report, mountpoint }
  return { mountpoint, state: 'silent', problems: ["It does not answer, or is another user's."] }
}

/** By a daemon that answers, though it may be degraded. */
export function isTold(found: AskedMount): found is ToldStatus {
  return 'pid' in found
}
