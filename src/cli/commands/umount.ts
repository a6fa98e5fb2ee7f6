/** `as2fs umount`. */
import { setTimeout as delay } from 'node:timers/promises'
import { UsageError } from '../../errors.js'
import { mountAt } from '../../fuse/mountinfo.js'
import { unmount } from '../../fuse/unmount.js'
import { NoAnswerError } from '../../control/socket.js'
import { liveLock } from '../../state/lock.js'
import type { UnmountReport } from '../../control/reports.js'
import type { Milliseconds } from '../../units.js'
import type { Typed } from '../command.js'
import { clientOf, hasLostState, mountNamed } from '../daemon-of.js'
import { showDrain } from '../drain-progress.js'
import type { FoundMount } from '../find-mount.js'
import { counted, printable } from '../format.js'
import type { Io } from '../io.js'
import { duration, ParseError } from '../parse.js'
import { queueTable } from '../queue-table.js'

/** Its part after the answer: sockets, journal, lock. */
const endWithin: Milliseconds = 15_000
const lookEvery: Milliseconds = 50

export async function run(typed: Typed, io: Io): Promise<number> {
  const drain = drainOf(typed)
  const mount = await mountNamed(typed.positionals[0] ?? '', io)
  // Who calls from within the mount would find this very process to be what uses it.
  process.chdir('/')
  if (mount.daemon === 'dead') return cleared(mount, io)
  const look = async () => (await clientOf(mount).queue()).rows
  const report = await showDrain(asked(mount, drain), look, io)
  await ended(mount)
  io.out(`Unmounted ${printable(mount.mountpoint)}.\n`)
  if (report && report.remaining.length > 0) {
    const count = counted(report.remaining.length, 'file')
    io.out(`Kept in the queue until the next mount: ${count}.\n${queueTable(report.remaining, Date.now())}`)
  }
  return 0
}

function drainOf(typed: Typed): Milliseconds | undefined {
  const text = typed.options.get('drain')?.at(-1)
  if (text === undefined) return undefined
  try {
    return duration()(text, '/')
  } catch (error) {
    throw error instanceof ParseError ? new UsageError(`--drain: ${error.message}`) : error
  }
}

async function cleared({ mountpoint }: FoundMount, io: Io): Promise<number> {
  const reason = await unmount(mountpoint, { lazy: true })
  if (reason !== undefined) throw new UsageError(`The dead mount at ${mountpoint} could not be cleared: ${reason}.`)
  io.out(
    `Cleared the dead mount at ${printable(mountpoint)}: what its daemon had in the queue is sent at the next mount.\n`,
  )
  return 0
}

/** @returns undefined if the daemon ended without an answer, and the mount is gone */
async function asked(mount: FoundMount, drain: Milliseconds | undefined): Promise<UnmountReport | undefined> {
  const client = clientOf(mount)
  try {
    // A drain may take long: first see whether anybody is there at all.
    await client.status()
    return await client.unmount(drain)
  } catch (error) {
    if (!(error instanceof NoAnswerError) || typeof mount.daemon === 'string') throw error
    const { pid } = mount.daemon
    if (!(await mountAt(mount.mountpoint))) return undefined
    if (await hasLostState(mount.daemon)) return taken(mount, pid)
    throw new UsageError(
      `The daemon (process ${pid}) can't be asked: are you the one who mounted? If it is stuck: kill -9 ${pid}, ` +
        `then as2fs umount ${mount.mountpoint} again.`,
    )
  }
}

/** Its state directory is gone, or another's: it has no socket that could be asked, and ends with its mount. */
async function taken({ mountpoint }: FoundMount, pid: number): Promise<undefined> {
  const reason = await unmount(mountpoint, { lazy: false })
  if (reason === undefined) return undefined
  throw new UsageError(
    `The daemon (process ${pid}) has lost its state directory, and ${mountpoint} could not be unmounted without it: ${reason}.`,
  )
}

/** Until the mount is gone and the lock free, so that a mount may follow at once. */
async function ended({ mountpoint, daemon }: FoundMount): Promise<void> {
  if (typeof daemon === 'string') return
  const deadline = performance.now() + endWithin
  while (performance.now() < deadline) {
    const [mounted, lock] = await Promise.all([
      mountAt(mountpoint),
      liveLock(daemon.stateDirectory).catch(() => undefined),
    ])
    if (!mounted && lock?.pid !== daemon.pid) return
    await delay(lookEvery)
  }
  throw new UsageError(
    `${mountpoint} is unmounted, but its daemon (process ${daemon.pid}) has not ended yet: see its log.`,
  )
}
