/** Removes, or replaces, what somebody may have open: for that one it stays, under another path, until its last close. */
import type { CancelSignal } from '../cancellation.js'
import type { Operations } from './operations.js'

/** The other path, if somebody has it open. */
export interface Aside {
  readonly path: string | undefined
  /** The binding uses that path from now on. @see Kernel.hidden */
  use(): boolean | undefined
}

/** @throws FsError with nothing removed, and nothing known by the other path */
export async function unlinkOpen(ops: Operations, path: string, aside: Aside, signal: CancelSignal): Promise<void> {
  const as = await displaced(ops, path, aside, signal)
  let isOpen: boolean | undefined
  try {
    await ops.unlink(path, signal)
    if (as !== undefined) isOpen = aside.use()
  } finally {
    // Closed while it was removed, it has nobody left who would say so.
    if (as !== undefined && isOpen !== true) await ops.unlink(as, signal)
  }
}

/** The other path is used from the beginning, and if it is refused, too: the last close may come before it is known. */
export async function renameOntoOpen(
  ops: Operations,
  from: string,
  to: string,
  aside: Aside,
  signal: CancelSignal,
): Promise<void> {
  const as = await displaced(ops, to, aside, signal)
  const isOpen = as !== undefined && aside.use()
  try {
    await ops.rename(from, to, signal)
  } finally {
    if (as !== undefined && isOpen !== true) await ops.unlink(as, signal)
  }
}

async function displaced(
  ops: Operations,
  path: string,
  aside: Aside,
  signal: CancelSignal,
): Promise<string | undefined> {
  const isSo = aside.path !== undefined && (await ops.displace(path, aside.path, signal))
  return isSo ? aside.path : undefined
}
