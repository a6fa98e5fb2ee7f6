/** A mount that follows while the daemon before it still uploads what waits: it waits for the end of that, for so long at most. */
import { setTimeout as delay } from 'node:timers/promises'
import type { MountConfig } from '../config.js'
import { ControlClient } from '../control/client.js'
import { UsageError } from '../errors.js'
import { mountAt } from '../fuse/mountinfo.js'
import { liveLock } from '../state/lock.js'
import { named, type LockRecord } from '../state/lock-record.js'
import { stateDirectoryPath } from '../state/places.js'
import type { Milliseconds } from '../units.js'
import type { Io } from './io.js'

/** Less than what is waited for a start: by who starts it in the background, and by systemd. */
const patience: Milliseconds = 150_000
/** One that neither answers nor is mounted begins just now, or has all but ended. */
const patienceWithSilence: Milliseconds = 15_000
const answerWithin: Milliseconds = 2_000
const lookEvery: Milliseconds = 100

/**
 * Returns at once if nobody has the state directory, or one who is going to stay: who that is, is told by whoever wants the lock.
 * @param ending whoever waits is to end
 * @throws UsageError if it has not ended in time
 */
export async function predecessorEnded(config: MountConfig, io: Pick<Io, 'err'>, ending?: AbortSignal): Promise<void> {
  const directory = stateDirectoryPath(config)
  const began = performance.now()
  let isTold = false
  let isLeaving = false
  while (ending?.aborted !== true) {
    const holder = await liveLock(directory).catch(() => undefined)
    if (!holder) return
    const doing = await doingOf(holder, directory)
    isLeaving ||= doing === 'leaving'
    if (doing === 'staying' || (!isLeaving && performance.now() - began > patienceWithSilence)) return
    const who = `The daemon before (${await named(holder)})`
    if (performance.now() - began > patience) {
      throw new UsageError(`${who} still uploads what waits, and has not ended: mount again when it has.`)
    }
    if (isLeaving && !isTold) {
      io.err(`as2fs: ${who} still uploads what waits: waiting for its end, for ${patience / 1_000} s at most.\n`)
      isTold = true
    }
    await delay(lookEvery)
  }
}

async function doingOf(holder: LockRecord, directory: string): Promise<'leaving' | 'staying' | 'unknown'> {
  try {
    const { state } = await new ControlClient(directory, answerWithin).status()
    return state === 'stopping' ? 'leaving' : 'staying'
  } catch {
    // A mount whose daemon hangs is one that stays.
    return (await mountAt(holder.mountpoint)) ? 'staying' : 'unknown'
  }
}
