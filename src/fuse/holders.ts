/** Who keeps a mount busy. */
import type { Milliseconds } from '../units.js'
import type { Holder } from './callers/process-questions.js'
import { ProcessReaders } from './callers/process-readers.js'

/** For all processes together; one that keeps us waiting is left out, and all are asked again. */
const patience: Milliseconds = 2_000
const mostTries = 3

/** Looks through /proc for processes with something open below a path. */
export async function findHolders(mountpoint: string): Promise<readonly Holder[]> {
  const readers = new ProcessReaders({ count: 1, patience })
  try {
    // Counted: on a machine that is busy a reader is late without being stuck at anything.
    for (let tries = 0; tries < mostTries; tries += 1) {
      const holders = await readers.ask<'holders'>({ kind: 'holders', mountpoint, except: readers.stuckOn })
      if (holders) return holders
    }
    return []
  } finally {
    await readers.close()
  }
}

/** Completes 'it is in use by …'. */
export function describeHolders(holders: readonly Holder[]): string {
  if (holders.length === 0) return 'a process that could not be found'
  const some = holders.slice(0, 5).map(({ command, pid, path }) => `${command} (process ${pid}: ${path})`)
  return some.join(', ') + (holders.length > 5 ? ` and ${holders.length - 5} more` : '')
}
