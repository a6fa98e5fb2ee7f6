/** Who uses a mount, and so keeps it busy. */
import type { Milliseconds } from '../units.js'
import type { MountUser } from './callers/process-questions.js'
import { ProcessReaders } from './callers/process-readers.js'

/** For all processes together; one that keeps us waiting is left out, and all are asked again. */
const patience: Milliseconds = 2_000
const mostTries = 3

/** Looks through /proc for processes with something open below a path. */
export async function findMountUsers(mountpoint: string): Promise<readonly MountUser[]> {
  const readers = new ProcessReaders({ count: 1, patience })
  try {
    // Counted: on a machine that is busy a reader is late without being stuck at anything.
    for (let tries = 0; tries < mostTries; tries += 1) {
      const users = await readers.ask<'users'>({ kind: 'users', mountpoint, except: readers.stuckOn })
      if (users) return users
    }
    return []
  } finally {
    await readers.close()
  }
}

/** Completes 'it is in use by …'. */
export function describeMountUsers(users: readonly MountUser[]): string {
  if (users.length === 0) return 'a process that could not be found'
  const some = users.slice(0, 5).map(({ command, pid, path }) => `${command} (process ${pid}: ${path})`)
  return some.join(', ') + (users.length > 5 ? ` and ${users.length - 5} more` : '')
}
