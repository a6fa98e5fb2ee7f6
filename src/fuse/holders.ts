/** Who keeps a mount busy. */
import { readdir, readFile, readlink } from 'node:fs/promises'

export interface Holder {
  readonly pid: number
  readonly command: string
  /** What it holds, e.g. its working directory. */
  readonly path: string
}

/**
 * Looks through /proc for processes with something open below a path. Links are read, never followed: a stat would be
 * a call on our own mount.
 */
export async function findHolders(mountpoint: string): Promise<Holder[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(pids.filter((pid) => pid !== process.pid).map((pid) => holder(pid, mountpoint)))
  return found.filter((it) => it !== undefined)
}

/** Completes 'it is in use by …'. */
export function describeHolders(holders: readonly Holder[]): string {
  if (holders.length === 0) return 'a process that could not be found'
  const some = holders.slice(0, 5).map(({ command, pid, path }) => `${command} (process ${pid}: ${path})`)
  return some.join(', ') + (holders.length > 5 ? ` and ${holders.length - 5} more` : '')
}

async function holder(pid: number, mountpoint: string): Promise<Holder | undefined> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const link of ['cwd', 'root', 'exe', ...fds.map((fd) => `fd/${fd}`)]) {
    const path = await readlink(`/proc/${pid}/${link}`).catch(() => '')
    if (path !== mountpoint && !path.startsWith(`${mountpoint}/`)) continue
    const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'unknown')
    return { pid, command: command.trim(), path }
  }
  return undefined
}
