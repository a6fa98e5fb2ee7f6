/** What the kernel says is mounted where. */
import { readFile } from 'node:fs/promises'

export interface MountInfo {
  /** The same wherever it is moved to; another's once it is gone. */
  readonly id: string
  /** Of the file system: major and minor number. */
  readonly device: string
  readonly mountpoint: string
  /** What of the file system is mounted there: a path in it. */
  readonly root: string
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
      const [id = '', , device = '', root = '', mountpoint = ''] = before.split(' ')
      return { id, device, mountpoint: unescaped(mountpoint), root: unescaped(root), type, source: unescaped(source) }
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

/** Octal escapes of space, tab, newline and backslash; the bytes in between are UTF-8 already. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
}
