/** Which file a journal is: so that a copy of it, restored from a backup or moved to another disk, is known to be one. */
import type { BigIntStats } from 'node:fs'
import type { EpochMs } from '../units.js'

type Nanoseconds = bigint

/** Numbers of the file system, in decimal. */
export interface FileIdentity {
  readonly inode: string
  /** Nanoseconds since 1970: no program can set it, and an inode's number may be given again. */
  readonly born: string
}

export function identityOf({ ino, birthtimeNs }: BigIntStats): FileIdentity {
  return { inode: String(ino), born: String(birthtimeNs) }
}

/** A journal is written to and never set back; whatever changed it this long after its last line, or its last write, is no append. */
const overwritten: Nanoseconds = 60_000_000_000n

/**
 * Whether a journal is the one it says it is. Not one that a copy was written over, either: that sets the time of the last
 * write back, which no append does, or leaves it as it is, long after the last line.
 * @param found the file in which that stands; a file system that knows no birth tells 0
 * @param lastLineAt undefined: it does not say
 */
export function isSameFile({ inode, born }: FileIdentity, found: BigIntStats, lastLineAt?: EpochMs): boolean {
  const now = identityOf(found)
  if (inode !== now.inode) return false
  const knowsBirth = born !== '0' && now.born !== '0'
  if (knowsBirth && born !== now.born) return false
  const lastWrite = lastLineAt === undefined ? found.mtimeNs : BigInt(Math.trunc(lastLineAt)) * 1_000_000n
  return found.ctimeNs - found.mtimeNs <= overwritten && found.mtimeNs - lastWrite <= overwritten
}
