/** `as2fs status --check`: one line and an exit code, as a Nagios plugin has them. Pure. */
import { printable } from './format.js'
import { isStatus } from './status-text.js'

export interface Check {
  readonly exitCode: number
  readonly line: string
}

/** A mount as it was found: what its daemon says, or why it says nothing. */
interface FoundState {
  readonly mountpoint: string
  readonly state: string
  readonly problems: readonly string[]
}

/** OK, WARNING, CRITICAL and UNKNOWN, by their exit codes. */
const unknown = 3
const words = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const

/** The worst of all mounts; who can't be asked is worse than who says that he is not well. */
export function checkOf(found: readonly FoundState[]): Check {
  if (found.length === 0) return unknownBecause('Nothing is mounted.')
  const exitCode = Math.max(...found.map(codeOf))
  const told = found.filter((it) => codeOf(it) === exitCode)
  return check(exitCode, told.map(sentenceOf).join('; '))
}

/** @param why a sentence */
export function unknownBecause(why: string): Check {
  return check(unknown, why)
}

function check(exitCode: number, text: string): Check {
  return { exitCode, line: `STATUS ${words[exitCode] ?? 'UNKNOWN'}: ${printable(text)}\n` }
}

function codeOf(found: FoundState): number {
  if (!isStatus(found)) return unknown
  return found.state === 'ok' ? 0 : found.state === 'stopping' ? 1 : 2
}

function sentenceOf({ mountpoint, state, problems }: FoundState): string {
  return `${mountpoint} is ${[state, ...problems.slice(0, 1)].join(': ')}${more(problems.length - 1)}`
}

function more(count: number): string {
  return count > 0 ? ` (and ${count} more)` : ''
}
