/** What the kernel says is mounted where. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { delimiter, isAbsolute, normalize } from 'node:path'
import { promisify } from 'node:util'
import { codeOf } from '../errors.js'
import { lookByProcess, saysDead } from './look-by-process.js'

export interface MountInfo {
  /** The same wherever it is moved to; another's once it is gone. */
  readonly id: string
  /** Of the file system: major and minor number. */
  readonly device: string
  readonly mountpoint: string
  readonly type: string
  /** As given with `fsname`. */
  readonly source: string
}

/** Of libfuse's `subtype=as2fs`. */
export const ourType = 'fuse.as2fs'

/** Parses /proc/self/mountinfo. @see proc(5) */
export function parseMountInfo(text: string): MountInfo[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ')
      const [type = '', source = ''] = after.split(' ')
      const [id = '', , device = '', , mountpoint = ''] = before.split(' ')
      return { id, device, mountpoint: unescaped(mountpoint), type, source: unescaped(source) }
    })
}

/** All that this process can see. */
export async function mounts(): Promise<MountInfo[]> {
  return parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'))
}

/** What is mounted on a path, the topmost if there are several; undefined if nothing is. */
export async function mountAt(path: string): Promise<MountInfo | undefined> {
  return (await mounts()).findLast((it) => it.mountpoint === path)
}

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

/** Octal escapes of space, tab, newline and backslash; the bytes in between are UTF-8 already. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
