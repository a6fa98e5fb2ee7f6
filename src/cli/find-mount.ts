/** Which daemon has a mountpoint: by the locks in the user's state directories, else by asking the mount itself. */
import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ourType, parseMountInfo, type MountInfo } from '../fuse/mountinfo.js'
import { liveLock, type LockRecord } from '../state/lock.js'
import type { StatusReport } from '../state/reports.js'
import { stateRoot } from '../state/state-directory.js'
import type { Milliseconds } from '../units.js'

/** A mountpoint of ours, and what is known of its daemon. */
export interface FoundMount {
  readonly mountpoint: string
  /** Whether the kernel has it; a daemon may be starting or draining without. */
  readonly isMounted: boolean
  /** `dead`: the mount is there, and its daemon is not. `silent`: it is not known which. */
  readonly daemon: { readonly pid: number; readonly stateDirectory: string } | 'dead' | 'silent'
}

/** The mount's own deadline for a call is longer; a command should not wait for that. */
const lookWithin: Milliseconds = 5_000

/** All mounts of ours that this user can see. */
export async function findMounts(): Promise<FoundMount[]> {
  const [mounts, locks] = await Promise.all([ourMounts(), liveLocks()])
  const mountpoints = new Set([...mounts.map((it) => it.mountpoint), ...locks.map((it) => it.record.mountpoint)])
  return Promise.all([...mountpoints].sort().map((it) => found(it, mounts, locks)))
}

/** @returns undefined if nothing of ours is there */
export async function findMount(mountpoint: string): Promise<FoundMount | undefined> {
  const [mounts, locks] = await Promise.all([ourMounts(), liveLocks()])
  const isKnown = [...mounts, ...locks.map((it) => it.record)].some((it) => it.mountpoint === mountpoint)
  return isKnown ? found(mountpoint, mounts, locks) : undefined
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
  const { code, stdout, stderr } = await readByOther(join(mountpoint, '.as2fs', name))
  if (code !== 0) return stderr.includes('Transport endpoint is not connected') ? 'dead' : undefined
  try {
    return JSON.parse(stdout) as unknown
  } catch {
    return undefined
  }
}

/** In a process of its own: a read that hangs would keep this one from ending, whatever it does. */
function readByOther(path: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn('cat', ['--', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => {
    const end = (code: number | null): void => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      end(null)
    }, lookWithin)
    child.on('error', () => end(null))
    child.on('close', end)
  })
}

interface Held {
  readonly record: LockRecord
  readonly directory: string
}

async function found(mountpoint: string, mounts: readonly MountInfo[], locks: readonly Held[]): Promise<FoundMount> {
  const isMounted = mounts.some((it) => it.mountpoint === mountpoint)
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
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')).filter((it) => it.type === ourType)
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
