/** Takes a mount away, and tells a dead one: both by programs, as a call on it may hang. */
import { execFile } from 'node:child_process'
import { delimiter, isAbsolute, normalize } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from '../errors.js'
import { lookByProcess, saysDead } from './look-by-process.js'
import { mountAt, ourType } from './mountinfo.js'

/** Whether a mount of ours is there whose daemon has died: every call on it says ENOTCONN. One that hangs is not dead. */
export async function isDeadMount(path: string): Promise<boolean> {
  const mount = await mountAt(path)
  if (mount?.type !== ourType) return false
  // Of the file system: what the kernel was told of the folder it believes for a second after the daemon's death.
  return saysDead(await lookByProcess('stat', ['-f', '--', path]))
}

/** @returns why it could not be unmounted; undefined if it was */
export async function unmount(path: string, options: { readonly lazy: boolean }): Promise<string | undefined> {
  const lazy = options.lazy ? ['-z'] : []
  const commands: [string, string[]][] = [
    ['fusermount3', ['-u', ...lazy, '--', path]],
    ['fusermount', ['-u', ...lazy, '--', path]],
    // Past the helper of umount(8), which would ask this daemon.
    ['umount', ['-i', ...(options.lazy ? ['-l'] : []), '--', path]],
  ]
  let reason = 'there is neither fusermount3 nor umount'
  for (const [command, args] of commands) {
    const failure = await tried(command, args, path)
    if (failure === undefined) return undefined
    if (failure !== 'missing') reason = failure
  }
  return reason
}

/** @param path below which no program is looked for: starting it would wait for the mount, and this thread for that */
async function tried(command: string, args: readonly string[], path: string): Promise<string | undefined> {
  try {
    const env = { ...process.env, LC_ALL: 'C', PATH: pathWithout(process.env.PATH ?? '', path) }
    await promisify(execFile)(command, [...args], { env })
    return undefined
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'missing'
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    return stderr || String(error)
  }
}

function pathWithout(folders: string, path: string): string {
  const others = folders.split(delimiter).filter((it) => isAbsolute(it) && !`${normalize(it)}/`.startsWith(`${path}/`))
  return [...others, '/usr/bin', '/bin'].join(delimiter)
}
