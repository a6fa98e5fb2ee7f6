/** What a check is: a name, what must be well before it makes sense, and how it is found out. */
import type { Milliseconds } from '../units.js'

/** `warning`: a mount would work all the same. `skipped`: it was not looked at, and the text says why. */
export type Mark = 'ok' | 'warning' | 'failure' | 'skipped'

export interface Finding {
  readonly mark: Mark
  /** One sentence; of all but `ok` it says what to do, or why. */
  readonly text: string
}

/** Checks of one group are shown together. */
export type Group = 'machine' | 'state' | 'network' | 'bucket' | 'mounts'

export interface Check {
  /** Unique; for people, and for programs. */
  readonly name: string
  readonly group: Group
  /** Names of those that must be well, or merely warn, before this one. */
  readonly needs?: readonly string[]
  /** After which its signal is aborted; the default is that of whoever runs it. */
  readonly limit?: Milliseconds
  /**
   * Changes nothing that stays.
   * @throws UsageError, FsError: a failure, in one sentence
   */
  readonly run: (signal: AbortSignal) => Promise<Finding | readonly Finding[]>
}

/** What was found, by check. */
export interface Result extends Finding {
  readonly name: string
  readonly group: Group
}

export const ok = (text: string): Finding => ({ mark: 'ok', text })
export const warning = (text: string): Finding => ({ mark: 'warning', text })
export const failure = (text: string): Finding => ({ mark: 'failure', text })
export const skipped = (why: string): Finding => ({ mark: 'skipped', text: why })

/** The same work for all who ask for it, begun by the first. */
export function shared<T>(work: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let begun: Promise<T> | undefined
  return (signal) => (begun ??= work(signal))
}
