/** `as2fs status`. */
import { UsageError } from '../../errors.js'
import { askMount, isTold, type AskedMount } from '../ask-mount.js'
import { isGiven, type Typed } from '../command.js'
import { mountNamed } from '../daemon-of.js'
import { findMounts } from '../find-mount.js'
import { json, printable } from '../format.js'
import type { Io } from '../io.js'
import { checkOf, unknownBecause, type Check } from '../status-check.js'
import { problemLines, statusText } from '../status-text.js'

export async function run(typed: Typed, io: Io): Promise<number> {
  return isGiven(typed, 'check') ? runCheck(typed, io) : show(typed, io)
}

async function runCheck(typed: Typed, io: Io): Promise<number> {
  const { exitCode, line } = await found(typed, io).then(checkOf, unknown)
  io.out(line)
  return exitCode
}

/** That what somebody asks for is not mounted is what is to be told. */
function unknown(error: unknown): Check {
  if (!(error instanceof UsageError)) throw error
  return unknownBecause(error.message)
}

async function found(typed: Typed, io: Io): Promise<readonly AskedMount[]> {
  const [mountpoint] = typed.positionals
  const mounts = mountpoint === undefined ? await findMounts() : [await mountNamed(mountpoint, io)]
  return Promise.all(mounts.map(askMount))
}

async function show(typed: Typed, io: Io): Promise<number> {
  const all = await found(typed, io)
  if (isGiven(typed, 'json')) io.out(json(typed.positionals.length === 0 ? all : all[0]))
  else if (all.length === 0) io.out('Nothing is mounted.\n')
  else io.out(all.map((it) => shown(it, Date.now())).join('\n'))
  return all.length > 0 && all.every(isTold) ? 0 : 1
}

function shown(found: AskedMount, now: number): string {
  if (isTold(found)) return statusText(found, now)
  return `${printable(found.mountpoint)}  ${found.state}\n${problemLines(found.problems)}`
}
