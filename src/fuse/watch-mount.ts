/** Waits for the end of a mount: whoever takes it away, JavaScript is not told. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { isDeadMount, mountAt, unmount } from './mountinfo.js'

const watchEvery: Milliseconds = 1_000
const watchAtTheEnd: Milliseconds = 10

/**
 * @param ending is aborted when the end is near
 * @param look replaceable for tests
 * @returns when nothing is mounted there
 */
export async function watchMount(
  mountpoint: string,
  ending: AbortSignal,
  log: Logger,
  look: (path: string) => Promise<unknown> = mountAt,
): Promise<void> {
  while (await isThere(() => look(mountpoint), log)) {
    if (ending.aborted) await delay(watchAtTheEnd)
    else await delay(watchEvery, undefined, { signal: ending }).catch(() => undefined)
  }
}

/** While it can't be told (no descriptors are left, say) the mount is not given up for that. */
async function isThere(look: () => Promise<unknown>, log: Logger): Promise<boolean> {
  try {
    return (await look()) !== undefined
  } catch (error) {
    log.debug({ err: error }, 'what is mounted could not be read')
    return true
  }
}

/**
 * The kernel ends a connection when its mount goes, and when it is told to (`/sys/fs/fuse/connections/N/abort`, `umount -f`): then
 * a mount stays of which every call fails.
 */
export async function takeAwayDead(mountpoint: string, log: Logger): Promise<void> {
  if (!(await isDeadMount(mountpoint).catch(() => false))) return
  log.error({ mountpoint }, 'the kernel was told to end the connection to this mount: it is taken away')
  const reason = await unmount(mountpoint, { lazy: true })
  if (reason !== undefined) log.error({ mountpoint, reason }, 'the mount could not be taken away')
}
