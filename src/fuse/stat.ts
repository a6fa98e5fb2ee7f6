/** Attributes as the kernel takes them. */
import { constants } from 'node:fs'
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

export interface Stat {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: Bytes
  readonly nlink: number
  readonly blksize: Bytes
  readonly blocks: number
  readonly atime: EpochMs
  readonly mtime: EpochMs
  readonly ctime: EpochMs
  /** It may change by another name: the kernel asks each time. */
  readonly isVolatile: boolean
}

const blockSize: Bytes = 512
/** What programs read and write at a time. */
const ioSize: Bytes = 128 * 1024

export function encodeStat(it: Attributes, owner: Ownership): Stat {
  const mtime = timeOf(it.mtime, it.identity, owner.since)
  const type = it.kind === 'folder' ? constants.S_IFDIR : constants.S_IFREG
  return {
    mode: type | (it.isModeSet === true ? it.mode : it.mode & ~owner.umask),
    uid: owner.uid,
    gid: owner.gid,
    size: it.size,
    // Of a folder too: two and more would say how many folders are in it, and programs skip looking for others.
    nlink: it.links ?? 1,
    blksize: ioSize,
    blocks: Math.ceil(it.size / blockSize),
    atime: mtime,
    mtime,
    ctime: mtime,
    isVolatile: it.links !== undefined,
  }
}

/** What has no time has the mount's. What waits in `send/` always has its own, and that may be 1970-01-01. */
export function timeOf(mtime: EpochMs, identity: string | undefined, mounted: EpochMs): EpochMs {
  return mtime === 0 && identity === undefined ? mounted : mtime
}

/** In the order in which `native/` reads them; blocks it counts by itself. */
export function numbersOf(it: Stat, into = new Float64Array(10)): Float64Array {
  into[0] = it.mode
  into[1] = it.uid
  into[2] = it.gid
  into[3] = it.size
  into[4] = it.nlink
  into[5] = it.blksize
  into[6] = it.atime
  into[7] = it.mtime
  into[8] = it.ctime
  into[9] = it.isVolatile ? 1 : 0
  return into
}
