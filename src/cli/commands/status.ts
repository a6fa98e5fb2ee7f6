/** `as2fs status`. */
import { askMount, isTold, type AskedMount } from '../ask-mount.js'
import { isGiven, type Typed } from '../command.js'
import { mountNamed } from '../daemon-of.js'
import { findMounts } from '../find-mount.js'
import { json, printable } from '../format.js'
import type { Io } from '../io.js'
import { problemLines, statusText } from '../status-text.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  const [mountpoint] = typed.positionals
  const mounts = mountpoint === undefined ? await findMounts() : [await mountNamed(mountpoint, io)]
  const found = await Promise.all(mounts.map(askMount))
  if (isGiven(typed, 'json')) io.out(json(mountpoint === undefined ? found : found[0]))
  else if (found.length === 0) io.out('Nothing is mounted.\n')
  else io.out(found.map((it) => shown(it, Date.now())).join('\n'))
  return found.length > 0 && found.every(isTold) ? 0 : 1
}

function shown(found: AskedMount, now: number): string {
  if (isTold(found)) return statusText(found, now)
  return `${printable(found.mountpoint)}  ${found.state}\n${problemLines(found.problems)}`
}
