/** Files that somebody names for us to read: of a pipe or a device the reading may never end. */
import type { Stats } from 'node:fs'

/** @returns what it is instead, to follow upon 'it is'; undefined: it is a file, or it is empty by nature */
export function notAFile(path: string, found: Stats): string | undefined {
  if (found.isFile() || path === '/dev/null') return undefined
  if (found.isDirectory()) return 'a folder'
  if (found.isFIFO()) return 'a pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}
