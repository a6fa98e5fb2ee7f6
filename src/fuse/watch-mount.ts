/** Waits for the end of a mount: whoever takes it away, JavaScript is not told. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../telemetry/log.js'
import type { Milliseconds } from '../units.js'
import { isDeadMount, unmount } from './unmount.js'

const watchEvery: Milliseconds = 1_000
const watchAtTheEnd: Milliseconds = 10

/**
 * @param mountpoint where it was mounted
 * @param ending is aborted when the end is near
 * @param place where it is now; undefined: nowhere
 * @returns when it is gone
 */
export async function watchMount(
  mountpoint: string,
  ending: AbortSignal,
  log: Logger,
  place: () => Promise<string | undefined>,
): Promise<void> {
  let last = mountpoint
  for (;;) {
    const now: string | undefined = await placeNow(place, log, last)
    if (now === undefined) return
    if (now !== last) log.warn({ from: last, to: now }, 'the mount was moved')
    last = now
    if (ending.aborted) await delay(watchAtTheEnd)
    else await delay(watchEvery, undefined, { signal: ending }).catch(() => undefined)
  }
}

/** While it can't be told (no descriptors are left, say) the mount is not given up for that. */
async function placeNow<T>(place: () => Promise<T | undefined>, log: Logger, last: T): Promise<T | undefined> {
  try {
    return await place()
  } catch (error) {
    log.debug({ err: error }, 'what is mounted could not be read')
    return last
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
