/** Attributes as the binding takes them. */
import { constants } from 'node:fs'
import type Fuse from 'fuse-native'
import type { Attributes } from '../fs/filesystem.js'
import type { Bytes, EpochMs } from '../units.js'

/** Whose files they are, and what is taken from their modes. */
export interface Ownership {
  readonly uid: number
  readonly gid: number
  readonly umask: number
  /** When it was mounted: the time of folders that have none. */
  readonly since: EpochMs
}

const blockSize: Bytes = 512
/** What programs read and write at a time. */
const ioSize: Bytes = 128 * 1024

export function encodeStat(it: Attributes, owner: Ownership): Fuse.Stat {
  const mtime = it.mtime === 0 ? owner.since : it.mtime
  const type = it.kind === 'folder' ? constants.S_IFDIR : constants.S_IFREG
  return {
    mode: type | (it.mode & ~owner.umask),
    uid: owner.uid,
    gid: owner.gid,
    size: it.size,
    // Of a folder too: two and more would say how many folders are in it, and programs skip looking for others.
    nlink: 1,
    blksize: ioSize,
    blocks: Math.ceil(it.size / blockSize),
    atime: mtime,
    mtime,
    ctime: mtime,
  }
}
