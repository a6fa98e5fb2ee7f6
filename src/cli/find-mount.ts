/** Which daemon has a mountpoint: by the locks in the user's state directories, else by asking the mount itself. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { lookByProcess, saysDead } from '../fuse/look-by-process.js'
import { mounts, ourType, type MountInfo } from '../fuse/mountinfo.js'
import { liveLock } from '../state/lock.js'
import type { LockRecord } from '../state/lock-record.js'
import type { StatusReport } from '../control/reports.js'
import { stateRoot } from '../state/places.js'

/** A mountpoint of ours, and what is known of its daemon. */
export interface FoundMount {
  readonly mountpoint: string
  /** Whether the kernel has it; a daemon may be starting or draining without. */
  readonly isMounted: boolean
  /** `dead`: the mount is there, and its daemon is not. `silent`: it is not known which. */
  readonly daemon: { readonly pid: number; readonly stateDirectory: string } | 'dead' | 'silent'
}

/** All mounts of ours that this user can see. */
export async function findMounts(): Promise<FoundMount[]> {
  const [ours, locks] = await Promise.all([ourMounts(), liveLocks()])
  const mountpoints = new Set([...ours.map((it) => it.mountpoint), ...locks.map((it) => it.record.mountpoint)])
  const all = await Promise.all([...mountpoints].sort().map((it) => found(it, ours, locks)))
  // Where it was mounted before it was moved.
  const isMoved = (it: FoundMount): boolean =>
    !it.isMounted && all.some((other) => other.isMounted && isSame(it, other))
  return all.filter((it) => !isMoved(it))
}

function isSame({ daemon: one }: FoundMount, { daemon: other }: FoundMount): boolean {
  return typeof one === 'object' && typeof other === 'object' && one.pid === other.pid
}

/** @returns undefined if nothing of ours is there */
export async function findMount(mountpoint: string): Promise<FoundMount | undefined> {
  const [ours, locks] = await Promise.all([ourMounts(), liveLocks()])
  const isKnown = [...ours, ...locks.map((it) => it.record)].some((it) => it.mountpoint === mountpoint)
  return isKnown ? found(mountpoint, ours, locks) : undefined
}

/** The mount of ours that a path is in. Only text is compared, so that a dead mount does no harm. */
export async function mountOf(path: string): Promise<FoundMount | undefined> {
  const inside = (await ourMounts()).filter((it) => path === it.mountpoint || path.startsWith(`${it.mountpoint}/`))
  const [deepest] = inside.sort((a, b) => b.mountpoint.length - a.mountpoint.length)
  return deepest && findMount(deepest.mountpoint)
}

/**
 * A file of `.as2fs/`, through the mount.
 * @returns `dead` if the mount's daemon is, undefined if it can't be read in time
 */
export async function readControlFile(mountpoint: string, name: string): Promise<unknown> {
  const look = await lookByProcess('cat', ['--', join(mountpoint, '.as2fs', name)])
  if (look.code !== 0) return saysDead(look) ? 'dead' : undefined
  try {
    return JSON.parse(look.stdout) as unknown
  } catch {
    return undefined
  }
}

interface Held {
  readonly record: LockRecord
  readonly directory: string
}

async function found(mountpoint: string, ours: readonly MountInfo[], locks: readonly Held[]): Promise<FoundMount> {
  const isMounted = ours.some((it) => it.mountpoint === mountpoint)
  const held = locks.find((it) => it.record.mountpoint === mountpoint)
  if (held) return { mountpoint, isMounted, daemon: { pid: held.record.pid, stateDirectory: held.directory } }
  const status = await readControlFile(mountpoint, 'status.json')
  if (status === 'dead') return { mountpoint, isMounted, daemon: 'dead' }
  if (!isStatus(status)) return { mountpoint, isMounted, daemon: 'silent' }
  return { mountpoint, isMounted, daemon: { pid: status.pid, stateDirectory: status.stateDirectory } }
}

function isStatus(value: unknown): value is Pick<StatusReport, 'pid' | 'stateDirectory'> {
  if (typeof value !== 'object' || value === null) return false
  return (
    'pid' in value &&
    typeof value.pid === 'number' &&
    'stateDirectory' in value &&
    typeof value.stateDirectory === 'string'
  )
}

async function ourMounts(): Promise<MountInfo[]> {
  return (await mounts()).filter((it) => it.type === ourType)
}

async function liveLocks(): Promise<Held[]> {
  const root = stateRoot()
  const names = await readdir(root).catch(() => [])
  const held = await Promise.all(
    names.map(async (name) => {
      const directory = join(root, name)
      const record = await liveLock(directory).catch(() => undefined)
      return record && { record, directory }
    }),
  )
  return held.filter((it) => it !== undefined)
}
