/** `as2fs status`. */
import { isGiven, jsonOption, type Command, type Typed } from '../command.js'
import { mountNamed } from '../daemon-of.js'
import { findMounts, readControlFile, type FoundMount } from '../find-mount.js'
import { printable } from '../format.js'
import type { Io } from '../io.js'
import { isStatus, problemLines, statusText, type ToldStatus } from '../status-text.js'
import { ControlClient } from '../../control/client.js'

export const statusCommand: Command = {
  name: 'status',
  usage: '[<mountpoint>] [--json]',
  summary: 'how a mount is, or all of yours',
  description: [
    'Says how a mount is: its daemon, what it can reach, what waits to be sent. Without a mountpoint: all mounts that ' +
      'can be found. Exit code 1 if one does not answer or there is none; a degraded mount is no failure.',
  ],
  positionals: { min: 0, max: 1 },
  options: [jsonOption],
  examples: [
    ['as2fs status', 'all mounts'],
    ['as2fs status /mnt/as2 --json | jq .problems', 'what is wrong, for a program'],
  ],
  run,
}

/** A mount that can't say how it is. */
interface Unwell {
  readonly mountpoint: string
  readonly state: 'dead' | 'silent'
  readonly problems: readonly string[]
}

type Found = ToldStatus | Unwell

async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint] = typed.positionals
  const mounts = mountpoint === undefined ? await findMounts() : [await mountNamed(mountpoint, io)]
  const found = await Promise.all(mounts.map(statusOf))
  if (isGiven(typed, 'json')) io.out(`${JSON.stringify(mountpoint === undefined ? found : found[0], undefined, 2)}\n`)
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
