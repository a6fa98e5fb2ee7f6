/** `as2fs status`. */
import { isGiven, type Typed } from '../command.js'
import { mountNamed } from '../daemon-of.js'
import { findMounts, readControlFile, type FoundMount } from '../find-mount.js'
import { json, printable } from '../format.js'
import type { Io } from '../io.js'
import { isStatus, problemLines, statusText, type ToldStatus } from '../status-text.js'
import { ControlClient } from '../../control/client.js'

/** A mount that can't say how it is. */
interface Unwell {
  readonly mountpoint: string
  readonly state: 'dead' | 'silent'
  readonly problems: readonly string[]
}

type Found = ToldStatus | Unwell

export async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint] = typed.positionals
  const mounts = mountpoint === undefined ? await findMounts() : [await mountNamed(mountpoint, io)]
  const found = await Promise.all(mounts.map(statusOf))
  if (isGiven(typed, 'json')) io.out(json(mountpoint === undefined ? found : found[0]))
  else if (found.length === 0) io.out('Nothing is mounted.\n')
  else io.out(found.map((it) => shown(it, Date.now())).join('\n'))
  return found.length > 0 && found.every(isWell) ? 0 : 1
}

async function statusOf(mount: FoundMount): Promise<Found> {
  const { mountpoint, daemon } = mount
  if (daemon === 'dead') {
    return { mountpoint, state: 'dead', problems: [`Its daemon has died: as2fs umount ${mountpoint} clears it.`] }
  }
  const asked =
    daemon === 'silent' ? undefined : await new ControlClient(daemon.stateDirectory).status().catch(() => undefined)
  const isSilent = daemon === 'silent' || !mount.isMounted
  const report = asked ?? (isSilent ? undefined : await readControlFile(mountpoint, 'status.json'))
  if (isStatus(report)) return report
  return { mountpoint, state: 'silent', problems: ["It does not answer, or is another user's."] }
}

function isWell(found: Found): found is ToldStatus {
  return 'pid' in found
}

function shown(found: Found, now: number): string {
  if (isWell(found)) return statusText(found, now)
  return `${printable(found.mountpoint)}  ${found.state}\n${problemLines(found.problems)}`
}
